/** Looking for something on the contact sheet: by what became of it, by model, by a piece of its prompt. */

import { versions } from "./desk.js";
import { byId, el } from "./dom.js";
import { label, speak, spoken } from "./words.js";

const STATES = ["stored", "refused", "unusable", "unknown", "cancelled", "received", "submitted", "drawn"];
const SETTLED = 300; // milliseconds without another letter, after which the service is asked

/** Lays out the fields; `lookFor` is called with `{ state, version, text }` as soon as they change. */
export function offerSearch(lookFor) {
  const choice = (any, options) => el("select", {}, spoken("option", any, {}, { value: "" }), ...options);
  const state = choice("anyState", STATES.map((name) => spoken("option", name, {}, { value: name })));
  const version = choice("anyModel", versions().map((name) => el("option", {}, name)));
  const text = el("input", { type: "search", autocomplete: "off", spellcheck: "false", maxlength: 200 });
  label(state, "searchState");
  label(version, "version");
  label(text, "searchText");
  speak(text, "searchText", {}, "placeholder");
  let timer = null;
  const ask = () => {
    clearTimeout(timer);
    lookFor({ state: state.value, version: version.value, text: text.value.trim() });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SETTLED);
  };
  state.addEventListener("change", ask);
  version.addEventListener("change", ask);
  text.addEventListener("input", soon);
  const form = label(el("form", { role: "search", class: "search" }, text, version, state), "search");
  form.addEventListener("submit", (event) => (event.preventDefault(), ask()));
  byId("sheet-title").after(form);
}

/** Whether a generation is one of those that are looked for, as the service would say. */
export function meets({ state, order }, wanted) {
  const found = !wanted.text || order.prompt?.toLowerCase().includes(wanted.text.toLowerCase());
  return found && (!wanted.state || state === wanted.state) && (!wanted.version || order.version === wanted.version);
}
