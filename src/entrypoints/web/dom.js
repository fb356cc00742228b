/** Elements. Text is always set as text, so that a prompt cannot become markup. */

export const byId = (id) => document.getElementById(id);

/** Makes an element. Attributes that begin with "on" are listeners; false, null and undefined ones are left out. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute.startsWith("on")) element.addEventListener(attribute.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(attribute, value === true ? "" : value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

/** Closes all dialogs, so that the page is visible. */
export function closeDialogs() {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
}

/** Focuses an element if the focused one is gone, so that keyboard users need not start at the top again. */
export function catchFocus(element) {
  if (document.activeElement === document.body) element.focus({ preventScroll: true });
}

/** Scrolls to an element if its top is above the window or in its lower half; without animation on reduced motion. */
export function bringIntoView(element) {
  const { top } = element.getBoundingClientRect();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (top < 0 || top > innerHeight / 2) element.scrollIntoView({ behavior: still ? "instant" : "smooth" });
}

/** Announces a text to screen readers. */
export function announce(text) {
  byId("news").textContent = text;
}
