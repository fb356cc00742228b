/** The sizes that a model draws: a list to choose from, or two sides within their limits. */

import { byId, el } from "./dom.js";
import { pixelsOf, shapesOf } from "./limits.js";
import { label, speak } from "./words.js";

const size = byId("size");
const [width, height] = [byId("width"), byId("height")];

/** Offers the sizes of a model, and keeps the present one if the model draws it. `changed` is called on changes. */
export function offerSizes(model, changed) {
  byId("size-field").hidden = !model.sizes;
  byId("sides").hidden = Boolean(model.sizes);
  if (model.sizes) {
    size.replaceChildren(...model.sizes.map(([w, h]) => el("option", { value: `${w}x${h}` }, `${w} × ${h}`)));
    return;
  }
  const [across, down] = [pixelsOf(model.width), pixelsOf(model.height)];
  Object.assign(width, across);
  Object.assign(height, down);
  speak(byId("sides-hint"), "sidesHint", { width: across, height: down });
  const shapes = shapesOf(model);
  const shapeButton = ([shape, w, h]) => {
    const take = () => (writeSize(w, h), changed());
    return label(el("button", { type: "button", class: "plain", onclick: take }, shape), "shapeOf", { shape });
  };
  byId("shapes").replaceChildren(...shapes.map(shapeButton));
  if ([width, height].every((side) => side.value && side.checkValidity())) return;
  const [, w, h] = shapes.find(([shape]) => shape === "3:2") ?? shapes[0] ?? [null, across.max, down.max];
  writeSize(w, h);
}

/** Returns the chosen width and height. */
export function readSize(model) {
  return (model.sizes ? size.value.split("x") : [width.value, height.value]).map(Number);
}

/** Chooses a width and height. */
export function writeSize(w, h) {
  size.value = `${w}x${h}`;
  width.value = w;
  height.value = h;
}
