/** The contact sheet: everything that the caller has drawn, newest first, older ones as one scrolls. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { told } from "./problems.js";
import { removalOf } from "./removal.js";
import { captionOf, picture, shotsOf } from "./shots.js";
import { look } from "./viewer.js";
import { button, label, spoken } from "./words.js";

const frames = byId("frames");
const older = byId("older");
const shown = new Map(); // generations by id, newest first, as in `frames`

// Comes before one sees it, so that one need not wait.
const end = new IntersectionObserver(([edge]) => edge.isIntersecting && showOlder(), { rootMargin: "600px" });

let cursor = null;
let loading = false;

/** Opens the sheet: shows the newest, and the rest as one comes to their end. */
export function openSheet() {
  older.addEventListener("click", showOlder);
  return showOlder();
}

/** Puts a generation that has ended in its place: the top, unless it is there already. */
export function keep(generation) {
  const before = frames.querySelector(`[data-id="${generation.id}"]`);
  if (before) {
    before.replaceWith(frame(generation));
    shown.set(generation.id, generation);
  } else {
    frames.prepend(frame(generation));
    const rest = [...shown];
    shown.clear();
    [[generation.id, generation], ...rest].forEach(([id, kept]) => shown.set(id, kept));
  }
  byId("sheet-empty").hidden = true;
}

async function showOlder() {
  if (loading) return;
  loading = true;
  try {
    const page = await api.generationsBefore(cursor);
    cursor = page.next_cursor;
    older.hidden = !cursor;
    for (const generation of page.items.filter(({ id }) => !shown.has(id))) {
      shown.set(generation.id, generation);
      frames.append(frame(generation));
    }
    byId("sheet-empty").hidden = shown.size > 0;
    byId("sheet-problem").replaceChildren();
    end.unobserve(older);
    end.observe(older); // anew, since it tells of changes only, and the end may still be in sight
  } catch (fault) {
    older.hidden = false; // to try again by hand
    if (fault instanceof ConnectionLost) byId("sheet-problem").replaceChildren(spoken("p", "unreachable"));
    else if (fault instanceof Problem) byId("sheet-problem").replaceChildren(told(fault));
    else throw fault;
  } finally {
    loading = false;
  }
}

function frame(generation) {
  const shots = shotsOf(generation);
  const { order, state, created_at: at } = generation;
  return el(
    "li",
    { class: "frame", "data-id": generation.id },
    shots.length > 0
      ? el("div", { class: "thumbnails" }, ...shots.map(thumbnail))
      : spoken("div", state, {}, { class: "thumbnails none quiet" }),
    el(
      "div",
      { class: "below" },
      el("p", { class: "caption" }, order.prompt ?? ""),
      spoken("time", "time", { at }, { class: "small quiet", datetime: at }),
      generation.finished_at && button("remove", () => removalOf(generation), { class: "plain danger" }),
    ),
  );
}

function thumbnail(shot) {
  const open = () => {
    const all = [...shown.values()].flatMap(shotsOf);
    look(all, all.findIndex(({ image }) => image.id === shot.image.id));
  };
  const small = el("button", { type: "button", class: "picture", onclick: open }, picture(shot, { loading: "lazy" }));
  return label(small, "lookAt", { what: captionOf(shot) });
}

document.addEventListener("removed", ({ detail: generation }) => {
  const gone = frames.querySelector(`[data-id="${generation.id}"]`);
  const next = gone?.nextElementSibling ?? gone?.previousElementSibling;
  gone?.remove();
  shown.delete(generation.id);
  byId("sheet-empty").hidden = shown.size > 0;
  (next?.querySelector("button") ?? byId("sheet-title")).focus();
});
