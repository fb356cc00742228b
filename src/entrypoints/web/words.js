/**
 * The texts of the page, in the reader's language.
 *
 * An element with `data-word` shows the text of that name; one with `data-label` or `data-placeholder` has it as an
 * attribute. `data-values` holds the values for the text, as JSON. So the language can change at once, everywhere.
 */

import { el } from "./dom.js";
import { en } from "./words/en.js";
import { ko } from "./words/ko.js";

const LANGUAGES = { en, ko };
const KEPT = "darkroom.language";

let language = "en";

/** Returns the text of a name. */
export function say(name, values = {}) {
  const text = LANGUAGES[language][name];
  return typeof text === "function" ? text(values, FORMATS) : text;
}

/** Returns whether there is a text of this name. */
export const knows = (name) => name in LANGUAGES[language];

/** Makes an element show a text from now on: as its content, or as its `label` or `placeholder`. */
export function speak(element, name, values = {}, as = "word") {
  element.dataset[as] = name;
  element.dataset.values = JSON.stringify(values);
  return fill(element);
}

/** Returns a new element with a text. */
export const spoken = (tag, name, values = {}, attributes = {}) => speak(el(tag, attributes), name, values);

/** Returns a button with a text. */
export const button = (name, onclick, attributes = {}) =>
  spoken("button", name, {}, { type: "button", onclick, ...attributes });

/** Sets the accessible name of an element, which is not shown. */
export const label = (element, name, values = {}) => speak(element, name, values, "label");

/** Uses the language that was chosen here before, or that of the browser. */
export function speakAsExpected() {
  const wanted = [localStorage.getItem(KEPT), ...navigator.languages].map((code) => code?.slice(0, 2));
  use(wanted.find((code) => code in LANGUAGES) ?? "en");
}

/** Switches to the other language. */
export function speakTheOther() {
  const other = Object.keys(LANGUAGES).find((code) => code !== language);
  localStorage.setItem(KEPT, other);
  use(other);
}

function use(code) {
  language = code;
  document.documentElement.lang = code;
  document.querySelectorAll("[data-word], [data-label], [data-placeholder]").forEach(fill);
}

function fill(element) {
  const { word, label, placeholder, values = "{}" } = element.dataset;
  const about = JSON.parse(values);
  if (word) element.textContent = say(word, about);
  if (label) element.setAttribute("aria-label", say(label, about));
  if (placeholder) element.setAttribute("placeholder", say(placeholder, about));
  return element;
}

/** The formats of numbers, times and money in the current language. */
const FORMATS = {
  number: (value) => new Intl.NumberFormat(language).format(value),
  time: (value) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(value)),
  day: (value) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(value)),
  money: ({ amount, currency }) =>
    new Intl.NumberFormat(language, { style: "currency", currency, maximumFractionDigits: 6 }).format(amount),
  list: (values) => new Intl.ListFormat(language).format(values),
  word: (name, values) => say(name, values),
};
