/** What can be done with an image. */

import { compare } from "./comparing.js";
import { showCommand } from "./command.js";
import { download, orderOf } from "./shots.js";
import { vary } from "./desk.js";
import { button } from "./words.js";

/** The buttons under an image. `before` is called when the page has to come into view again. */
export function actsOn(shot, before = () => {}) {
  const repeatable = orderOf(shot) !== null;
  const act = (name, doIt) => button(name, () => (before(), doIt(shot)), { class: "plain" });
  return [
    repeatable && act("vary", vary),
    act("compare", compare),
    repeatable && button("curl", () => showCommand(orderOf(shot)), { class: "plain" }),
    button("download", () => download(shot), { class: "plain" }),
  ].filter(Boolean);
}
