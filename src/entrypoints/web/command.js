/** An order as a shell command, with `$TOKEN` in place of the access token, which the page does not reveal. */

import { copy } from "./copying.js";
import { announce, byId, el } from "./dom.js";
import { newKey } from "./pending.js";
import { button, say, spoken } from "./words.js";

const dialog = byId("command");

/** Shows the command for an order, for copying. */
export function showCommand(order) {
  const text = el("pre", { tabindex: 0, role: "group", "aria-labelledby": "command-title" }, commandFor(order));
  const press = async ({ currentTarget }) => {
    const copied = await copy(text.textContent, currentTarget);
    if (!copied) getSelection().selectAllChildren(text);
    speakNow(copied ? "copied" : "selected");
  };
  const said = el("p", { class: "small quiet" });
  const speakNow = (name) => {
    said.textContent = say(name);
    announce(say(name));
  };
  dialog.replaceChildren(
    spoken("h2", "commandTitle", {}, { id: "command-title" }),
    spoken("p", "commandText", {}, { class: "quiet" }),
    text,
    said,
    el("p", { class: "actions" }, button("copy", press, { class: "main" }), button("close", () => dialog.close())),
  );
  dialog.showModal();
}

/**
 * Returns the command. It has a key, so that it can be run again after an interruption and is paid for once. Single
 * quotes protect everything from the shell except single quotes, which are escaped.
 */
function commandFor(order) {
  const body = JSON.stringify(order).replaceAll("'", String.raw`'\''`);
  return [
    `curl '${new URL("api/images", document.baseURI)}'`,
    `  -H "Authorization: Bearer $TOKEN"`,
    `  -H 'Content-Type: application/json'`,
    `  -H 'Idempotency-Key: ${newKey()}'`,
    `  -d '${body}'`,
  ].join(" \\\n");
}
