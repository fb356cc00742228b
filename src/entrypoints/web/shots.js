/**
 * Shots: one image each, `{ generation, image, index }`, with what it was ordered by.
 */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { el } from "./dom.js";
import { load } from "./loading.js";
import { say } from "./words.js";

/** Returns a shot for every image of a generation. */
export function shotsOf(generation) {
  return generation.images.map((image, index) => ({ generation, image, index }));
}

/** Returns the order that draws only this image again; null if its prompt is forgotten. */
export function orderOf({ generation, image }) {
  const same = bare(generation.order);
  return same && { ...same, ...(image.seed !== null && { seed: [image.seed] }) };
}

/** Returns the given fields of an order, without samples and seeds; null if its prompt is forgotten. */
export function bare({ samples, seed, ...order }) {
  if (order.prompt === null) return null;
  return Object.fromEntries(Object.entries(order).filter(([, value]) => value !== null));
}

/** Returns the image element, which fills its place; `small` shows the preview. Loading is retried until it succeeds. */
export function picture(shot, { small = false, ...attributes } = {}) {
  const { width, height } = shot.generation.order;
  const shown = el("img", { width, height, decoding: "async", alt: captionOf(shot), ...attributes });
  const linkOf = ({ image, preview }, tries) => (small && tries < 3 && preview) || image;
  load(shown, linkOf(shot.image, 0), async (tries) => {
    const image = await freshly(shot);
    return image && linkOf(image, tries);
  });
  return shown;
}

/** Returns the alternative text of a picture. */
export function captionOf({ generation, index }) {
  const prompt = generation.order.prompt ?? say("promptForgotten");
  return say("pictureOf", { index, count: generation.images.length, prompt });
}

/** Saves the image under a name made of its prompt and seed. A link without a file name is opened in a new tab. */
export async function download(shot) {
  const { image, download: named } = (await freshly(shot)) ?? shot.image;
  const name = new URL(named).pathname.split("/").at(-1); // used only if the link does not name the file
  el("a", { href: named, download: name, rel: "noopener", target: named === image && "_blank" }).click();
}

/** Returns the image with new links; null if the service cannot be reached, undefined if the image was deleted. */
export async function freshly(shot) {
  try {
    const { images } = await api.generation(shot.generation.id);
    const image = images.find(({ id }) => id === shot.image.id);
    return image && Object.assign(shot.image, image);
  } catch (fault) {
    if (fault instanceof Problem) return ["gone", "not-found"].includes(fault.slug) ? undefined : null;
    if (fault instanceof ConnectionLost) return null;
    throw fault;
  }
}
