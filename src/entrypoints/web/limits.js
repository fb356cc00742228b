/** The limits of a model, for the form. */

export const SEED_MAX = 2 ** 32 - 1;

const SHAPES = { "1:1": 1, "3:2": 3 / 2, "2:3": 2 / 3, "16:9": 16 / 9 };
const LONG_SIDE = 768; // pixels; the default of a first order, which need not be the largest

/** Returns the range of a parameter; null if the model does not honour it. */
export function numbersOf(model, name) {
  const own = model[name];
  return own && { min: own.min, max: own.max, value: own.default };
}

/** Returns the range of a side in pixels: the first and the last multiple of the step within the limits. */
export function pixelsOf({ min, max, step }) {
  return { min: Math.ceil(min / step) * step, max: Math.floor(max / step) * step, step };
}

/** Returns the sizes in common shapes that the model draws, as `[shape, width, height]`. */
export function shapesOf(model) {
  const [width, height] = [pixelsOf(model.width), pixelsOf(model.height)];
  const long = Math.min(Math.max(LONG_SIDE, width.min, height.min), width.max, height.max);
  return Object.entries(SHAPES)
    .map(([shape, ratio]) => [shape, near(width, Math.min(long, long * ratio)), near(height, Math.min(long, long / ratio))])
    .filter(([shape, w, h]) => Math.abs(w / h / SHAPES[shape] - 1) < 0.05);
}

const near = ({ min, max, step }, pixels) => Math.min(Math.max(Math.round(pixels / step) * step, min), max);
