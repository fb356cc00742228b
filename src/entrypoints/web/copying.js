/** What can be copied from an image: its link and its seed. */

import { announce, el } from "./dom.js";
import { freshly } from "./shots.js";
import { button, say } from "./words.js";

/** Buttons that copy the link of an image and its seed. What was copied is said by the button itself. */
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

/** Copies a text; whether that was possible. `beside` is the button that was pressed. */
export async function copy(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages of plain origins are not given the clipboard: what is selected can be copied all the same.
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
