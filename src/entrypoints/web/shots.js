/**
 * Shots: one image each, `{ generation, image, index }`, with what it was ordered by.
 */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { el } from "./dom.js";
import { load } from "./loading.js";
import { say } from "./words.js";

/** Every image of a generation. */
export function shotsOf(generation) {
  return generation.images.map((image, index) => ({ generation, image, index }));
}

/** The order that draws this image, and no other, once more; null where its prompt is forgotten. */
export function orderOf({ generation, image }) {
  const same = bare(generation.order);
  return same && { ...same, ...(image.seed !== null && { seed: [image.seed] }) };
}

/** What was given of an order, without its number of images and its seeds; null where its prompt is forgotten. */
export function bare({ samples, seed, ...order }) {
  if (order.prompt === null) return null;
  return Object.fromEntries(Object.entries(order).filter(([, value]) => value !== null));
}

/** The image itself, as large as its place; `small` where its preview will do. It is loaded until it is there. */
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

/** What a picture is to who cannot see it. */
export function captionOf({ generation, index }) {
  const prompt = generation.order.prompt ?? say("promptForgotten");
  return say("pictureOf", { index, count: generation.images.length, prompt });
}

/** Saves the image under a name made of its prompt and seed. A link that names no file is opened beside the page. */
export async function download(shot) {
  const { image, download: named } = (await freshly(shot)) ?? shot.image;
  const name = new URL(named).pathname.split("/").at(-1); // for a link that names no file; one that does goes before
  el("a", { href: named, download: name, rel: "noopener", target: named === image && "_blank" }).click();
}

/** The image with links that are signed now; null if the service cannot be asked, undefined if it was deleted. */
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
