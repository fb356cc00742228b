/** Deleting a generation, after asking. Tells the page by the event `removed`, whose detail is the generation. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { announce, byId, el } from "./dom.js";
import { told } from "./problems.js";
import { button, say, spoken } from "./words.js";

const dialog = byId("removal");

/** Asks, and removes the images and the prompt of a generation; `then` is called once they are gone. */
export function removalOf(generation, then = () => {}) {
  const problem = el("div", { role: "alert" });
  const remove = async () => {
    try {
      await api.remove(generation.id);
    } catch (fault) {
      if (fault instanceof ConnectionLost) return problem.replaceChildren(spoken("p", "unreachable", {}, { class: "error" }));
      if (!(fault instanceof Problem)) throw fault;
      // What somebody else removed meanwhile is removed.
      if (!["gone", "not-found"].includes(fault.slug)) return problem.replaceChildren(told(fault));
    }
    dialog.close();
    then();
    announce(say("removed"));
    document.dispatchEvent(new CustomEvent("removed", { detail: generation }));
  };
  dialog.replaceChildren(
    spoken("h2", "removalTitle", {}, { id: "removal-title" }),
    spoken("p", "removalText", { count: generation.images.length }),
    problem,
    el(
      "p",
      { class: "actions" },
      button("cancel", () => dialog.close(), { autofocus: true }),
      button("remove", remove, { class: "main danger" }),
    ),
  );
  dialog.showModal();
}
