/** Copying the link and the seed of an image. */

import { announce, el } from "./dom.js";
import { freshly } from "./shots.js";
import { button, say } from "./words.js";

/** Returns the buttons that copy the link and the seed of an image. Each button confirms the copy itself. */
export function copiesOf(shot) {
  return [
    copier("copyLink", "linkCopied", async () => ((await freshly(shot)) ?? shot.image).image),
    shot.image.seed !== null && copier("copySeed", "copied", async () => `${shot.image.seed}`),
  ];
}

function copier(name, done, textOf) {
  const press = async () => {
    const copied = await copy(await textOf(), made);
    made.textContent = say(copied ? done : "notCopied");
    announce(made.textContent);
    setTimeout(() => (made.textContent = say(name)), 4000);
  };
  const made = button(name, press, { class: "plain" });
  return made;
}

/** Copies a text, and returns whether that was possible. `beside` is the pressed button. */
export async function copy(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages with plain http have no clipboard API, but can copy a selection.
    const field = el("textarea", { class: "unseen", readonly: true });
    field.value = text;
    beside.after(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    beside.focus();
    return copied;
  }
}
