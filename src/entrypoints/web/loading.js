/** Pictures that fail to load: tried again with growing pauses and fresh links, and at once on the network again. */

import { announce } from "./dom.js";
import { pause } from "./pausing.js";
import { say, speak, spoken } from "./words.js";

const PAUSES = [500, 2000, 5000, 15000, 60000]; // milliseconds between two tries to load a picture

/**
 * Loads `img` from `link`, and again until it is there. `renew` gives a fresh link, null if the service cannot be
 * reached, and undefined if the picture was deleted.
 */
export function load(img, link, renew) {
  const note = spoken("span", "pictureLate", {}, { class: "late small" });
  let tries = 0;

  const retry = async () => {
    let fresh = null;
    while (fresh === null) {
      // The first fault is most often a link that has expired: a fresh one is asked for at once.
      if (tries > 0) {
        if (!note.isConnected && img.isConnected) {
          img.after(note);
          announce(say("pictureLate"));
        }
        await pause(PAUSES[Math.min(tries - 1, PAUSES.length - 1)]);
        if (!img.isConnected) return; // the page has put another in its place
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
