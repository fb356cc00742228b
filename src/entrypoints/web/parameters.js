/** What an image was ordered by, as people read it. */

import { el } from "./dom.js";
import { say, spoken } from "./words.js";

// In the order in which they are shown. Size is one thing, though an order has two fields for it.
const READ = {
  version: ({ version }) => version,
  prompt: ({ prompt }) => prompt ?? say("promptForgotten"),
  negative_prompt: ({ negative_prompt: unwanted }) => unwanted || say("none"),
  size: (order) => say("sizeOf", order),
  seed: (_, seed) => (seed === null ? say("none") : `${seed}`),
  num_inference_steps: ({ num_inference_steps: steps }) => `${steps ?? say("parameterDefault")}`,
  guidance_scale: ({ guidance_scale: scale }) => `${scale ?? say("parameterDefault")}`,
};

/** Each parameter of a shot: `[name, value]`, the name one of the words. */
export function parametersOf({ generation, image }) {
  return Object.entries(READ).map(([name, read]) => [name, read(generation.order, image.seed)]);
}

/** Rows of a list of facts, from `[name, value]`. */
export const rowsOf = (known) => known.map(([name, value]) => el("div", {}, spoken("dt", name), el("dd", {}, value)));

/** The names of the parameters in which two shots differ. */
export function differences(one, other) {
  const others = parametersOf(other);
  return parametersOf(one)
    .filter(([, value], index) => value !== others[index][1])
    .map(([name]) => name);
}
