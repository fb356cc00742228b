/** A tray on the stage: one order, from its start until its pictures are shown. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { actsOn } from "./acts.js";
import { sideBySide } from "./comparing.js";
import { announce, byId, catchFocus, el } from "./dom.js";
import { outcomeOf } from "./following.js";
import { forget } from "./pending.js";
import { told } from "./problems.js";
import { captionOf, picture, shotsOf } from "./shots.js";
import { look } from "./viewer.js";
import { button, label, say, speak, spoken } from "./words.js";

/**
 * Puts a pending order in a new tray, and returns its element. `origin` is the shot that it varies, if any. It calls
 * `handedIn` once the service has the order, `ended` with the generation that has ended, `refused` with the problem if
 * the order was not accepted, and `again` if the person wants to repeat it: with true under the same key.
 */
export function tray(order, { origin, handedIn, ended, refused, again }) {
  const element = el("article", { class: "tray", "aria-busy": "true", "aria-label": order.fields.prompt });
  const progress = progressOf(order);
  element.append(progress.element);
  const report = (news) => {
    if (news.unfinished) return progress.show(news.unfinished);
    progress.report(news);
    if (news.state && news.state !== "placing") handedIn();
  };
  const show = (...content) => {
    element.replaceChildren(...content);
    catchFocus(byId("stage"));
  };
  const run = async () => {
    try {
      const generation = await outcomeOf(order, report);
      forget(order);
      element.dataset.generation = generation.id;
      show(...outcome(generation, origin, button("drawAgain", () => again(false))));
      ended(generation);
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault;
      // If it is not known whether the order was accepted, only the same key ensures that it is paid for once.
      const sameKey = fault.charged === "unknown";
      if (!sameKey) forget(order);
      show(el("div", { role: "alert" }, told(fault, button("tryAgain", () => again(sameKey)))));
      refused(fault);
    } finally {
      progress.stop();
      element.removeAttribute("aria-busy");
    }
  };
  run();
  return element;
}

function outcome(generation, origin, drawAgain) {
  const shots = shotsOf(generation);
  const { order, problem, state } = generation;
  if (shots.length) announce(say("finished", { count: shots.length }));
  return [
    shots.length > 0 && el("div", { class: `pictures of-${Math.min(shots.length, 4)}` }, ...shots.map(print)),
    origin && shots.length > 0 && button("sideBySide", () => sideBySide(origin, shots[0])),
    problem && el("div", { role: "alert" }, told(problem, drawAgain)),
    state === "cancelled" && spoken("p", "cancelledText", {}, { role: "status" }),
    el("p", { class: "caption" }, order.prompt ?? ""),
  ].filter(Boolean);
}

/** Returns one picture in the tray. */
function print(shot, index, all) {
  const open = el("button", { type: "button", class: "picture", onclick: () => look(all, index) }, picture(shot));
  const figure = el(
    "figure",
    { "data-image": shot.image.id },
    label(open, "lookAt", { what: captionOf(shot) }),
    el(
      "figcaption",
      {},
      shot.image.seed !== null && el("span", { class: "seed" }, spoken("span", "seed"), ` ${shot.image.seed}`),
      el("span", { class: "actions" }, ...actsOn(shot)),
    ),
  );
  return shaped(figure, shot.generation.order);
}

/** Passes the size of an order to the style sheet. */
function shaped(element, { width, height }) {
  element.style.setProperty("--shape", width / height);
  element.style.setProperty("--width", width);
  return element;
}

/** Returns what is shown while it is drawn; `report` and `show` take what `outcomeOf` reports. */
function progressOf(order) {
  const canvas = el("canvas", { role: "img", hidden: true });
  const sheet = shaped(el("div", { class: "developing" }, canvas), order.fields);
  const said = el("p", { class: "said" });
  const bar = label(el("progress"), "submitted");
  const time = el("p", { class: "small quiet", "aria-hidden": "true" });
  const cancel = button("cancel", () => withdraw(order), { hidden: true, class: "plain" });
  const began = order.at;
  let left = null;
  const tick = () => {
    const seconds = Math.max(0, Math.round((Date.now() - began) / 1000));
    speak(time, left === null ? "elapsed" : "secondsLeft", { seconds: left ?? seconds });
  };
  const clock = setInterval(tick, 1000);
  tick();

  let before = null;
  const report = ({ lost, state, position, step, steps, seconds_left: secondsLeft }) => {
    const drawing = state === "submitted" && step != null && steps;
    const name = lost ? "connectionLost" : drawing ? "step" : position ? "receivedAt" : state;
    speak(said, name, { position, step, steps });
    if (drawing) Object.assign(bar, { max: steps, value: step });
    else bar.removeAttribute("value");
    left = secondsLeft == null ? null : Math.round(secondsLeft);
    cancel.hidden = lost || state !== "received";
    // Announce each state to screen readers, but not each step.
    if (name !== before) announce(said.textContent);
    before = name;
  };
  // A canvas, since the page's policy admits no picture that comes as a data URI.
  const show = async ({ index, image }) => {
    const [, type, coded] = image.match(/^data:([^;]*);base64,(.*)$/);
    const bytes = Uint8Array.from(atob(coded), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type })).catch(() => null);
    if (!bitmap) return; // the browser cannot read it: the one before stays
    Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    label(canvas, "unfinished", { index, count: order.fields.seed?.length ?? order.fields.samples ?? 1 });
    canvas.hidden = false;
  };
  const below = el("div", { class: "below" }, said, bar, time, cancel);
  const element = el("div", { class: "progress" }, sheet, below, el("p", { class: "caption" }, order.fields.prompt));
  return { element, report, show, stop: () => clearInterval(clock) };
}

/** Cancels an order that has not begun. One that has begun continues, as its progress shows. */
async function withdraw(order) {
  try {
    await api.remove(order.id);
    dispatchEvent(new Event("withdrawn"));
  } catch (fault) {
    if (!(fault instanceof Problem || fault instanceof ConnectionLost)) throw fault;
  }
}

document.addEventListener("thinned", ({ detail: { image } }) => {
  byId("trays").querySelector(`[data-image="${image.id}"]`)?.remove();
});
