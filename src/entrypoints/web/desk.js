/** The desk, a form for orders with the limits of the model. */

import { announce, byId, el } from "./dom.js";
import { draftOf, keepDraft } from "./draft.js";
import { SEED_MAX, numbersOf } from "./limits.js";
import { priceOf } from "./prices.js";
import { orderOf, picture } from "./shots.js";
import { offerSizes, readSize, writeSize } from "./sizes.js";
import { button, say, speak, spoken } from "./words.js";

const FIELDS = [
  ...["version", "prompt", "negative_prompt", "width", "height", "seed"],
  ...["num_inference_steps", "guidance_scale", "samples"],
];
const TEXTS = ["prompt", "negative_prompt"];
const NUMBERS = ["num_inference_steps", "guidance_scale"];
const field = Object.fromEntries(FIELDS.map((name) => [name, byId(name)]));

let models = new Map();
let origin = null; // the shot that the order varies
let subject = null; // the caller
let handIn = null; // places an order

/** Opens the desk for a caller; `draw` is called with the fields of each order and the shot that it varies. */
export function openDesk(offered, { caller, draw }) {
  subject = caller;
  models = new Map(offered.map((model) => [model.version, model]));
  field.version.replaceChildren(...[...models.keys()].map((version) => el("option", {}, version)));
  restore(draftOf(subject));
  handIn = (fields, shot) => byId("draw").getAttribute("aria-disabled") !== "true" && draw(fields, shot);
  byId("order").onsubmit = (event) => {
    event.preventDefault();
    byId("order-problem").replaceChildren();
    if (check()) handIn(read(), origin);
  };
}

/** Returns whether any model can be ordered. */
export const offers = (version) => models.has(version);

/** Returns the default of a number at a model that can be ordered; undefined if it has none, or is not offered. */
export const defaultOf = (version, name) => (offers(version) ? numbersOf(models.get(version), name)?.value : undefined);

/** Returns the models that can be ordered. */
export const versions = () => [...models.keys()];

/** Places an order that was written before. */
export const drawNow = (order) => handIn(order);

/** Places one order at a time, so that pressing the button twice gives one order. */
export function setHandingIn(busy) {
  byId("draw").setAttribute("aria-disabled", busy);
}

/** Fills in the kept draft, as far as the models now on offer allow it. */
function restore(draft) {
  if (models.has(draft.version)) field.version.value = draft.version;
  for (const name of FIELDS) if (name !== "version" && name in draft) field[name].value = draft[name];
  takeLimits();
  if (draft.size) byId("size").value = draft.size;
  if (!byId("size").value) byId("size").selectedIndex = 0;
  byId("more").open = Boolean(draft.more);
  refresh();
}

/** Fills in an example. */
export function writeExample() {
  field.prompt.value = say("examplePrompt");
  refresh();
  field.prompt.focus();
}

/** Fills in the order of an image with its seed, so that one thing can be varied. */
export function vary(shot) {
  if (!rewrite(orderOf(shot))) return;
  origin = shot;
  showVariation();
  refresh();
  announce(say("keepsSeed", { seed: shot.image.seed }));
}

/** Fills in an order for changing. If its model is gone, reports that and returns false. */
export function rewrite(order) {
  const { version } = order;
  byId("desk").scrollIntoView({ block: "start" });
  const gone = !offers(version);
  byId("order-problem").replaceChildren(...(gone ? [spoken("p", "modelGone", { version }, { class: "error" })] : []));
  if (gone) return false;
  origin = null; // a form that is filled in halfway would differ in everything
  byId("variation").hidden = true;
  field.version.value = version;
  takeLimits();
  for (const name of FIELDS) if (name !== "version") field[name].value = order[name] ?? "";
  field.samples.value = order.samples ?? 1;
  writeSize(order.width, order.height);
  byId("more").open = true;
  refresh();
  field.prompt.focus({ preventScroll: true });
  return true;
}

/** Shows each of a problem's `errors` at its field, and returns whether all of them have one. */
export function pointAt(errors) {
  const found = errors.map(({ pointer, detail }) => {
    const name = pointer?.split("/")[1];
    if (field[name]) complain(name, spoken("span", "ruleOther"), " ", el("span", { lang: "en" }, `${name} ${detail}`));
    return field[name];
  });
  focusOn(found.find(Boolean));
  return found.every(Boolean);
}

const model = () => models.get(field.version.value);

/** Applies the limits of the chosen model to the form, and hides the fields that the model does not honour. */
function takeLimits() {
  const chosen = model();
  speak(byId("version-hint"), "versionHint", {
    generator: chosen.generator,
    type: chosen.media_type.split("/")[1].toUpperCase(),
  });
  offerSizes(chosen, refresh);
  Object.assign(field.samples, { max: chosen.samples_max, value: Math.min(field.samples.value, chosen.samples_max) });
  speak(byId("samples-hint"), "upTo", { max: chosen.samples_max });
  byId("samples-field").hidden = chosen.samples_max === 1;
  for (const name of ["negative_prompt", "seed"]) byId(`${name}-field`).hidden = !chosen.honours.includes(name);
  for (const name of NUMBERS) {
    const limits = numbersOf(chosen, name);
    byId(`${name}-field`).hidden = !limits;
    if (!limits) continue;
    Object.assign(field[name], { min: limits.min, max: limits.max });
    speak(field[name], "modelsOwn", { value: limits.value }, "placeholder");
    speak(byId(`${name}-hint`), "range", limits);
  }
  byId("more").hidden = ["negative_prompt", "seed", ...NUMBERS].every((name) => byId(`${name}-field`).hidden);
  FIELDS.forEach((name) => complain(name));
  refresh();
}

const seeds = () => field.seed.value.split(/[\s,]+/).filter(Boolean);
const given = (name) => !byId(`${name}-field`)?.hidden && field[name].value.trim() !== "";

/** Returns the fields of the order. Empty ones are left out, so that the model's defaults apply. */
function read() {
  const [width, height] = readSize(model());
  const order = { version: field.version.value, prompt: field.prompt.value, width, height };
  if (given("negative_prompt")) order.negative_prompt = field.negative_prompt.value;
  for (const name of NUMBERS) if (given(name)) order[name] = Number(field[name].value);
  if (given("seed")) order.seed = seeds().map(Number);
  else if (model().samples_max > 1) order.samples = Number(field.samples.value);
  return order;
}

/** Shows at each field what is wrong with it, and returns whether all are valid. */
function check() {
  const wrong = FIELDS.filter((name) => {
    const rule = brokenRule(name);
    complain(name, rule && spoken("span", ...rule));
    return rule;
  });
  focusOn(field[wrong[0]]);
  return wrong.length === 0;
}

function focusOn(first) {
  if (first?.closest("details")) byId("more").open = true;
  first?.focus();
}

function brokenRule(name) {
  const { value, min, max, step, validity } = field[name];
  if (field[name].offsetParent === null && !field[name].closest("details")) return null;
  if (byId(`${name}-field`)?.hidden) return null;
  if (field[name].required && !value.trim() && !validity.badInput) return ["ruleMissing"];
  const limit = model().prompt_max;
  if (TEXTS.includes(name) && [...value].length > limit) return ["ruleTooLong", { max: limit }];
  if (name === "seed") {
    const most = model().samples_max;
    const good = seeds().every((seed) => /^\d+$/.test(seed) && Number(seed) <= SEED_MAX) && seeds().length <= most;
    return good ? null : ["ruleSeeds", { max: most }];
  }
  return validity.valid ? null : ["ruleRange", { limits: { min: Number(min), max: Number(max), step: Number(step) } }];
}

function complain(name, ...what) {
  field[name].setAttribute("aria-invalid", what.some(Boolean));
  byId(`${name}-error`)?.replaceChildren(...what.filter(Boolean));
}

/** Updates the hints of the form, which depend on its fields. */
function refresh() {
  for (const name of TEXTS) {
    const length = [...field[name].value].length;
    const hint = byId(`${name}-hint`);
    speak(hint, "characters", { length, max: model().prompt_max });
    hint.classList.toggle("over", length > model().prompt_max);
  }
  const named = given("seed") ? seeds().length : 0;
  field.samples.disabled = named > 0;
  if (named) field.samples.value = named;
  const price = priceOf(model().price, ...readSize(model()));
  byId("price").hidden = !price;
  if (price) speak(byId("price"), "price", { price, count: Number(field.samples.value) || 1 });
  if (origin) showChanges();
  const written = Object.fromEntries(FIELDS.map((name) => [name, field[name].value]));
  keepDraft(subject, { ...written, size: byId("size").value, more: byId("more").open });
}

function showVariation() {
  const stop = () => {
    origin = null;
    byId("variation").hidden = true;
    field.seed.value = "";
    refresh();
    field.prompt.focus();
  };
  byId("variation").replaceChildren(
    picture(origin),
    el(
      "div",
      {},
      spoken("p", "keepsSeed", { seed: origin.image.seed }),
      el("p", { id: "changes", class: "small quiet", role: "status" }),
      button("stop", stop, { class: "plain" }),
    ),
  );
  byId("variation").hidden = false;
}

function showChanges() {
  const [before, now] = [orderOf(origin), read()];
  const own = Object.fromEntries(NUMBERS.map((name) => [name, numbersOf(model(), name)?.value]));
  const same = (name) => JSON.stringify(now[name] ?? own[name]) === JSON.stringify(before[name] ?? own[name]);
  const changed = FIELDS.filter((name) => name !== "samples" && !same(name));
  const name = { 0: "nothingChanged", 1: "changed" }[changed.length] ?? "manyChanged";
  speak(byId("changes"), name, { names: changed });
}

field.version.addEventListener("change", takeLimits);
byId("order").addEventListener("input", refresh);
byId("more").addEventListener("toggle", () => subject !== null && refresh());
byId("order").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("order").requestSubmit();
});
