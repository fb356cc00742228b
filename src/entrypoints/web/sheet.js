/** The contact sheet: everything that the caller has drawn, newest first; older ones load while scrolling. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { told } from "./problems.js";
import { open, stateOf } from "./opened.js";
import { removalOf } from "./removal.js";
import { meets, offerSearch } from "./search.js";
import { captionOf, picture, shotsOf } from "./shots.js";
import { look } from "./viewer.js";
import { button, label, speak, spoken } from "./words.js";

const frames = byId("frames");
const older = byId("older");
const shown = new Map(); // generations by id, newest first, as in `frames`

// Load more before the end of the list is visible.
const end = new IntersectionObserver(([edge]) => edge.isIntersecting && showOlder(), { rootMargin: "600px" });

let cursor = null;
let loading = false;
let wanted = {}; // the current search; results of earlier ones are dropped

/** Opens the sheet: shows the newest generations, and more while scrolling. */
export function openSheet() {
  older.addEventListener("click", showOlder);
  offerSearch(lookFor);
  return showOlder();
}

/** Shows only generations with this `state`, `version` and `text`, as far as they are given. */
function lookFor(those) {
  wanted = those;
  cursor = null;
  loading = false;
  shown.clear();
  frames.replaceChildren();
  return showOlder();
}

/** Puts a generation that has ended on top; if it is on the sheet already, updates it in place. */
export function keep(generation) {
  const before = frames.querySelector(`[data-id="${generation.id}"]`);
  if (!before && !meets(generation, wanted)) return;
  if (before) {
    before.replaceWith(frame(generation));
    shown.set(generation.id, generation);
  } else {
    frames.prepend(frame(generation));
    const rest = [...shown];
    shown.clear();
    [[generation.id, generation], ...rest].forEach(([id, kept]) => shown.set(id, kept));
  }
  showWhetherEmpty();
}

/** Returns the shown generations that have not ended, oldest first. */
export const underWay = () => [...shown.values()].filter((generation) => !generation.finished_at).reverse();

function showWhetherEmpty() {
  const sought = Object.values(wanted).some(Boolean);
  speak(byId("sheet-empty"), sought ? "sheetNothing" : "sheetEmpty").hidden = shown.size > 0 || Boolean(cursor);
}

async function showOlder() {
  if (loading) return;
  loading = true;
  const mine = wanted;
  try {
    const page = await api.generationsBefore(cursor, wanted);
    if (mine !== wanted) return;
    cursor = page.next_cursor;
    older.hidden = !cursor;
    for (const generation of page.items.filter(({ id }) => !shown.has(id))) {
      shown.set(generation.id, generation);
      frames.append(frame(generation));
    }
    showWhetherEmpty();
    byId("sheet-problem").replaceChildren();
    end.unobserve(older);
    end.observe(older); // observe again: observers report changes only, and the end may still be visible
  } catch (fault) {
    if (mine !== wanted) return;
    older.hidden = false; // lets people try again
    if (fault instanceof ConnectionLost) byId("sheet-problem").replaceChildren(spoken("p", "unreachable"));
    else if (fault instanceof Problem) byId("sheet-problem").replaceChildren(told(fault));
    else throw fault;
  } finally {
    if (mine === wanted) loading = false;
  }
}

function frame(generation) {
  const shots = shotsOf(generation);
  const { order, created_at: at } = generation;
  const opens = { onclick: () => open(generation) };
  return el(
    "li",
    { class: "frame", "data-id": generation.id },
    shots.length > 0
      ? el("div", { class: "thumbnails" }, ...shots.map(thumbnail))
      : spoken("button", ...stateOf(generation), { type: "button", class: "thumbnails none quiet", ...opens }),
    el(
      "div",
      { class: "below" },
      el("p", { class: "caption" }, order.prompt ?? ""),
      spoken("time", "time", { at }, { class: "small quiet", datetime: at }),
      shots.length > 0 && shots.length < order.samples && spoken("span", ...stateOf(generation), { class: "small partly" }),
      label(button("details", opens.onclick, { class: "plain" }), "detailsOf", { what: order.prompt ?? "" }),
      generation.finished_at && button("remove", () => removalOf(generation), { class: "plain danger" }),
    ),
  );
}

function thumbnail(shot) {
  const open = () => {
    const all = [...shown.values()].flatMap(shotsOf);
    look(all, all.findIndex(({ image }) => image.id === shot.image.id));
  };
  const small = el("button", { type: "button", class: "picture", onclick: open }, picture(shot, { loading: "lazy", small: true }));
  return label(small, "lookAt", { what: captionOf(shot) });
}

document.addEventListener("removed", ({ detail: generation }) => {
  const gone = frames.querySelector(`[data-id="${generation.id}"]`);
  const next = gone?.nextElementSibling ?? gone?.previousElementSibling;
  gone?.remove();
  shown.delete(generation.id);
  showWhetherEmpty();
  (next?.querySelector("button") ?? byId("sheet-title")).focus();
});

document.addEventListener("thinned", ({ detail: { generation } }) => {
  if (!shown.has(generation.id)) return;
  keep(generation);
  frames.querySelector(`[data-id="${generation.id}"] button`).focus();
});
