/** An order as a command for a shell, with `$TOKEN` for the access token: the page hands out none. */

import { copy } from "./copying.js";
import { announce, byId, el } from "./dom.js";
import { newKey } from "./pending.js";
import { button, say, spoken } from "./words.js";

const dialog = byId("command");

/** Shows the command that draws an order, to be copied. */
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
 * The command, under a key of its own, so that one that is cut off can be run again and is paid once. What is between
 * single quotes a shell leaves alone; a single quote itself has to step outside.
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
