/** Loads pictures, with growing pauses and new links after a failure, and at once when the network is back. */

import { announce } from "./dom.js";
import { pause } from "./pausing.js";
import { say, speak, spoken } from "./words.js";

const PAUSES = [500, 2000, 5000, 15000, 60000]; // milliseconds between two tries to load a picture

/**
 * Loads `img` from `link`, and tries again until it has loaded. `renew` returns a new link, null if the service cannot
 * be reached, and undefined if the picture was deleted.
 */
export function load(img, link, renew) {
  const note = spoken("span", "pictureLate", {}, { class: "late small" });
  let tries = 0;

  const retry = async () => {
    let fresh = null;
    while (fresh === null) {
      // The first failure is usually an expired link: renew it at once.
      if (tries > 0) {
        if (!note.isConnected && img.isConnected) {
          img.after(note);
          announce(say("pictureLate"));
        }
        await pause(PAUSES[Math.min(tries - 1, PAUSES.length - 1)]);
        if (!img.isConnected) return; // it was replaced
        if (!img.checkVisibility()) continue;
      }
      tries += 1;
      fresh = await renew(tries);
    }
    if (fresh) img.src = fresh;
    else img.after(speak(note, "pictureGone"));
  };

  img.addEventListener("error", retry);
  img.addEventListener("load", () => {
    note.remove();
    tries = 0;
    img.classList.add("there");
  });
  img.src = link;
  if (img.complete && img.naturalWidth) img.classList.add("there");
}
