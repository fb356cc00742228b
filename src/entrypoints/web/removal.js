/**
 * Deletes a generation or one of its images after confirmation. Dispatches the event `removed`, whose detail is the
 * generation, or `thinned`, whose detail is `{ generation, image }`: the changed generation, and the deleted image.
 */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { announce, byId, closeDialogs, el } from "./dom.js";
import { told } from "./problems.js";
import { button, say, spoken } from "./words.js";

const dialog = byId("removal");

/**
 * Asks for confirmation, and removes all images and the prompt of a generation. With a `shot`, one of several, it also
 * offers to remove only that image.
 */
export function removalOf(generation, shot = null) {
  const count = generation.images.length;
  const several = shot && count > 1;
  const problem = el("div", { role: "alert" });

  const after = (remove, news) => async () => {
    let event;
    try {
      await remove();
      event = await news();
    } catch (fault) {
      if (fault instanceof ConnectionLost) return problem.replaceChildren(spoken("p", "unreachable", {}, { class: "error" }));
      if (!(fault instanceof Problem)) throw fault;
      // Another tab has removed it meanwhile.
      if (!["gone", "not-found"].includes(fault.slug)) return problem.replaceChildren(told(fault));
      event = await news().catch(() => all());
    }
    closeDialogs();
    announce(say("removed"));
    document.dispatchEvent(event);
  };
  const all = async () => new CustomEvent("removed", { detail: generation });
  const one = async () => {
    const left = await api.generation(generation.id);
    return new CustomEvent("thinned", { detail: { generation: left, image: shot.image } });
  };
  const removeAll = after(() => api.remove(generation.id), all);
  const removeOne = after(() => api.removeImage(generation.id, shot.image.index), one);

  dialog.replaceChildren(
    spoken("h2", "removalTitle", {}, { id: "removal-title" }),
    spoken("p", several ? "removalChoice" : "removalText", { count }),
    problem,
    el(
      "p",
      { class: "actions" },
      button("cancel", () => dialog.close(), { autofocus: true }),
      several && button("removeOne", removeOne, { class: "main danger" }),
      several
        ? spoken("button", "removeAll", { count }, { type: "button", class: "danger", onclick: removeAll })
        : button("remove", removeAll, { class: "main danger" }),
    ),
  );
  dialog.showModal();
}
