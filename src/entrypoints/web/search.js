/** Searching the contact sheet: by state, by model, and by a part of the prompt. */

import { versions } from "./desk.js";
import { byId, el } from "./dom.js";
import { label, speak, spoken } from "./words.js";

const STATES = ["stored", "refused", "unusable", "unknown", "cancelled", "received", "submitted", "drawn"];
const SETTLED = 300; // milliseconds without typing before the service is asked

/** Sets up the fields; `lookFor` is called with `{ state, version, text }` when they change. */
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

/** Returns whether a generation matches the search, by the same rules as the service. */
export function meets({ state, order }, wanted) {
  const found = !wanted.text || order.prompt?.toLowerCase().includes(wanted.text.toLowerCase());
  return found && (!wanted.state || state === wanted.state) && (!wanted.version || order.version === wanted.version);
}
