/** Shows images large, one at a time. */

import { actsOn } from "./acts.js";
import { copiesOf } from "./copying.js";
import { byId, el } from "./dom.js";
import { parametersOf, rowsOf } from "./parameters.js";
import { removalOf } from "./removal.js";
import { picture } from "./shots.js";
import { button, label, say, spoken } from "./words.js";

const dialog = byId("viewer");

let shots = [];
let at = 0;

/** Shows the images, starting with one of them. */
export function look(all, index) {
  shots = all;
  turnTo(index);
  dialog.showModal();
}

function turnTo(index) {
  at = (index + shots.length) % shots.length;
  const shot = shots[at];
  const { generation } = shot;
  const many = shots.length > 1;
  const turn = (name, step, sign) =>
    label(el("button", { type: "button", class: `turn ${name}`, onclick: () => turnTo(at + step) }, sign), name);
  const focused = dialog.querySelector(":focus")?.className;
  dialog.replaceChildren(
    el(
      "header",
      {},
      spoken("h2", "viewerTitle", { index: at, count: shots.length }, { id: "viewer-title", "aria-live": "polite" }),
      button("close", () => dialog.close(), { class: "plain" }),
    ),
    el("div", { class: "large" }, many && turn("previous", -1, "‹"), picture(shot), many && turn("next", 1, "›")),
    el(
      "footer",
      {},
      el("p", { class: "caption" }, generation.order.prompt ?? say("promptForgotten")),
      el("dl", {}, ...details(shot)),
      el(
        "p",
        { class: "actions" },
        ...actsOn(shot),
        ...copiesOf(shot),
        button("remove", () => removalOf(generation, shot), { class: "plain danger" }),
      ),
    ),
  );
  // The buttons are replaced; move the focus to the successor of the pressed one.
  if (focused) dialog.querySelector(`.${focused.replaceAll(" ", ".")}`)?.focus();
}

function details(shot) {
  const { created_at: at, cost, generator, model, order } = shot.generation;
  const told = parametersOf(shot).filter(([name]) => name !== "prompt");
  if (model !== order.version) told.push(["drawnBy", `${model} (${generator})`]);
  told.push(["created", say("time", { at })]);
  if (cost) told.push(["cost", say("money", { price: cost })]);
  return rowsOf(told);
}

dialog.addEventListener("keydown", ({ key }) => {
  if (key === "ArrowLeft") turnTo(at - 1);
  if (key === "ArrowRight") turnTo(at + 1);
});
