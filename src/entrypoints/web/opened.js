/** An opened generation of the contact sheet: its outcome, its parameters, and its actions. */

import { showCommand } from "./command.js";
import { copiesOf } from "./copying.js";
import { drawNow, offers, rewrite, vary } from "./desk.js";
import { byId, closeDialogs, el } from "./dom.js";
import { parametersOf, rowsOf } from "./parameters.js";
import { told } from "./problems.js";
import { removalOf } from "./removal.js";
import { bare, captionOf, download, picture, shotsOf } from "./shots.js";
import { look } from "./viewer.js";
import { button, label, say, spoken } from "./words.js";

const dialog = byId("opened");

/** Returns the text about a generation's state, with the number of images if some are missing. */
export function stateOf({ images, deleted, order, state }) {
  const count = images.length;
  if (deleted.length && count === 0) return ["imagesDeleted", { count: deleted.length }];
  return count > 0 && count < order.samples ? ["partly", { count, samples: order.samples }] : [state, {}];
}

/** Opens a generation. */
export function open(generation) {
  const { order, problem, state } = generation;
  const shots = shotsOf(generation);
  dialog.replaceChildren(
    el(
      "header",
      {},
      spoken("h2", ...stateOf(generation), { id: "opened-title" }),
      button("close", () => dialog.close(), { class: "plain" }),
    ),
    ...[
      problem && told(problem),
      state === "cancelled" && spoken("p", "cancelledText"),
      shots.length > 0 && el("ul", { class: "contents" }, ...shots.map(content)),
      el("p", { class: "caption" }, order.prompt ?? say("promptForgotten")),
      el("dl", { class: "facts" }, ...facts(generation)),
      order.prompt !== null && !offers(order.version) && spoken("p", "modelGone", { version: order.version }),
      el("p", { class: "actions" }, ...acts(generation, shots)),
    ].filter(Boolean),
  );
  dialog.showModal();
}

/** Returns one image with its actions. */
function content(shot, index, all) {
  const large = el("button", { type: "button", class: "picture", onclick: () => look(all, index) });
  large.append(picture(shot, { small: true }));
  return el(
    "li",
    {},
    label(large, "lookAt", { what: captionOf(shot) }),
    shot.image.seed !== null && el("p", { class: "seed" }, spoken("span", "seed"), ` ${shot.image.seed}`),
    el(
      "p",
      { class: "actions" },
      button("download", () => download(shot), { class: "plain" }),
      ...copiesOf(shot),
      all.length > 1 && button("removeOne", () => removalOf(shot.generation, shot), { class: "plain danger" }),
    ),
  );
}

function facts(generation) {
  const { created_at: at, cost, finished_at: until, generator, images, model, order } = generation;
  const seeds = order.seed ?? images.map((image) => image.seed).filter((seed) => seed !== null);
  const seed = seeds.join(", ") || null;
  const known = parametersOf({ generation, image: { seed } }).filter(([name]) => name !== "prompt");
  known.push(["samples", `${order.samples}`], ["drawnBy", `${model} (${generator})`], ["created", say("time", { at })]);
  if (until) known.push(["finishedAt", say("time", { at: until })]);
  if (cost) known.push(["cost", say("money", { price: cost })]);
  return rowsOf(known);
}

function acts(generation, shots) {
  const order = anew(generation);
  const act = (name, doIt, look = "") => button(name, () => (closeDialogs(), doIt()), { class: look });
  const again = shots.length ? "drawAnother" : "drawAgain";
  const change = () => (shots.length ? vary(shots[0]) : rewrite(order));
  return [
    ...(order && offers(order.version) ? [act(again, () => drawNow(order), "main"), act("change", change)] : []),
    order && button("curl", () => showCommand(order), { class: "plain" }),
    generation.finished_at && button("remove", () => removalOf(generation), { class: "plain danger" }),
  ];
}

/** Returns the order for repeating: with its seeds if it has no images, else with new ones; null if it is forgotten. */
export function anew({ order, images }) {
  const { samples, seed } = order;
  const same = bare(order);
  return same && { ...same, ...(seed && images.length === 0 ? { seed } : { samples }) };
}
