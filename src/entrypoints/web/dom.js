/** Elements. Text is only ever set as text, so that no prompt can become markup. */

export const byId = (id) => document.getElementById(id);

/** Makes an element. Attributes that begin with "on" are listeners; those that are false or missing are left out. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute.startsWith("on")) element.addEventListener(attribute.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(attribute, value === true ? "" : value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

/** Lets the page come into view again. */
export function closeDialogs() {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
}

/** Gives the focus to an element where what had it is gone, so that keyboard users need not begin at the top again. */
export function catchFocus(element) {
  if (document.activeElement === document.body) element.focus({ preventScroll: true });
}

/** Scrolls to an element if its beginning is above the window, or in its lower half; at once if less motion is wanted. */
export function bringIntoView(element) {
  const { top } = element.getBoundingClientRect();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (top < 0 || top > innerHeight / 2) element.scrollIntoView({ behavior: still ? "instant" : "smooth" });
}

/** Says something to who listens to the page instead of looking at it. */
export function announce(text) {
  byId("news").textContent = text;
}
