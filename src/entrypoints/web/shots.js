/**
 * Shots: one image each, `{ generation, image, index }`, with what it was ordered by.
 */

import * as api from "./api.js";
import { el } from "./dom.js";
import { say } from "./words.js";

/** Every image of a generation. */
export function shotsOf(generation) {
  return generation.images.map((image, index) => ({ generation, image, index }));
}

/** The order that draws this image, and no other, once more; null where its prompt is forgotten. */
export function orderOf({ generation, image }) {
  const { samples, seed, ...same } = generation.order;
  if (same.prompt === null) return null;
  const given = Object.entries(same).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(given), ...(image.seed !== null && { seed: [image.seed] }) };
}

/** The image itself, as large as its place. Its link is read anew, once, where it has expired. */
export function picture(shot, attributes = {}) {
  const { width, height } = shot.generation.order;
  const shown = el("img", { width, height, decoding: "async", alt: captionOf(shot), ...attributes });
  shown.addEventListener("load", () => shown.classList.add("there"));
  shown.addEventListener("error", () => refresh(shot).then((link) => link && (shown.src = link)), { once: true });
  shown.src = shot.image.image;
  if (shown.complete) shown.classList.add("there");
  return shown;
}

/** What a picture is to who cannot see it. */
export function captionOf({ generation, index }) {
  const prompt = generation.order.prompt ?? say("promptForgotten");
  return say("pictureOf", { index, count: generation.images.length, prompt });
}

/** Downloads the image, by a link that is signed now. Where a browser will not save from elsewhere, it opens it. */
export async function download(shot) {
  const href = (await refresh(shot)) ?? shot.image.image;
  const name = new URL(href).pathname.split("/").at(-1);
  el("a", { href, download: name, target: "_blank", rel: "noopener" }).click();
}

/** Links live for a while: one that is read anew is good again. */
async function refresh(shot) {
  try {
    const { images } = await api.generation(shot.generation.id);
    Object.assign(shot.image, images[shot.index]);
    return shot.image.image;
  } catch {
    return null; // the picture stays away; what it was is still told in words
  }
}
