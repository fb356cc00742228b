/** Two images side by side. */

import { announce, byId, el } from "./dom.js";
import { differences, parametersOf } from "./parameters.js";
import { picture } from "./shots.js";
import { button, say, speak, spoken } from "./words.js";

const dialog = byId("comparison");
const bar = byId("comparing");

let first = null;

/** Selects an image; a second one is compared with the first. */
export function compare(shot) {
  if (first && first.image.id !== shot.image.id) {
    sideBySide(first, shot);
    choose(null);
  } else {
    choose(shot);
  }
}

/** Shows two images side by side, with the parameters in which they differ. */
export function sideBySide(one, other) {
  const names = differences(one, other);
  dialog.replaceChildren(
    el(
      "header",
      {},
      spoken("h2", "comparisonTitle", {}, { id: "comparison-title" }),
      button("close", () => dialog.close(), { class: "plain" }),
    ),
    el("div", { class: "pair" }, el("figure", {}, picture(one)), el("figure", {}, picture(other))),
    names.length ? spoken("p", "differences", { names }) : spoken("p", "noDifference"),
    table(one, other, names),
  );
  dialog.showModal();
}

function table(one, other, names) {
  const others = parametersOf(other);
  const rows = parametersOf(one).map(([name, value], index) =>
    el(
      "tr",
      { class: names.includes(name) && "differs" },
      spoken("th", name, {}, { scope: "row" }),
      el("td", {}, value),
      el("td", {}, others[index][1]),
    ),
  );
  const head = ["parameter", "first", "second"].map((name) => spoken("th", name, {}, { scope: "col" }));
  return el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}

function choose(shot) {
  first = shot;
  bar.hidden = !shot;
  if (!shot) return;
  speak(byId("comparing-text"), "chooseAnother", { seed: shot.image.seed });
  announce(say("chooseAnother", { seed: shot.image.seed }));
}

byId("comparing-stop").addEventListener("click", () => choose(null));
