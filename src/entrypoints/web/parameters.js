/** The parameters of an image, for people. */

import { defaultOf } from "./desk.js";
import { el } from "./dom.js";
import { say, spoken } from "./words.js";

/** Reads a number of an order. If it was not sent, the default then is not recorded: the model's present one is shown. */
const numberOf = (name) => (order, _, model) =>
  `${order[name] ?? say("parameterDefault", { value: defaultOf(model, name) })}`;

// In display order. The size is one parameter, though an order has two fields for it.
const READ = {
  version: ({ version }) => version,
  prompt: ({ prompt }) => prompt ?? say("promptForgotten"),
  negative_prompt: ({ negative_prompt: unwanted }) => unwanted || say("none"),
  size: (order) => say("sizeOf", order),
  seed: (_, seed) => (seed === null ? say("none") : `${seed}`),
  num_inference_steps: numberOf("num_inference_steps"),
  guidance_scale: numberOf("guidance_scale"),
};

/** Returns each parameter of a shot as `[name, value]`; the name is a key of the words. */
export function parametersOf({ generation, image }) {
  return Object.entries(READ).map(([name, read]) => [name, read(generation.order, image.seed, generation.model)]);
}

/** Returns the rows of a description list for `[name, value]` pairs. */
export const rowsOf = (known) => known.map(([name, value]) => el("div", {}, spoken("dt", name), el("dd", {}, value)));

/** Returns the names of the parameters in which two shots differ. */
export function differences(one, other) {
  const others = parametersOf(other);
  return parametersOf(one)
    .filter(([, value], index) => value !== others[index][1])
    .map(([name]) => name);
}
