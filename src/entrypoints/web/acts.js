/** The actions on an image. */

import { compare } from "./comparing.js";
import { showCommand } from "./command.js";
import { closeDialogs } from "./dom.js";
import { download, orderOf } from "./shots.js";
import { vary } from "./desk.js";
import { button } from "./words.js";

/** Returns the buttons under an image. */
export function actsOn(shot) {
  const repeatable = orderOf(shot) !== null;
  const act = (name, doIt) => button(name, () => (closeDialogs(), doIt(shot)), { class: "plain" });
  return [
    repeatable && act("vary", vary),
    act("compare", compare),
    repeatable && button("curl", () => showCommand(orderOf(shot)), { class: "plain" }),
    button("download", () => download(shot), { class: "plain" }),
  ].filter(Boolean);
}
