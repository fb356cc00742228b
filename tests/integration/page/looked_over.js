/*
 * Checks the visible part of the page against WCAG 2.2 AA and returns what is wrong: names, labels, headings,
 * landmarks, ids, contrast (1.4.3), the size of targets (2.5.8), and whether anything is wider than the window.
 */
() => {
  const wrong = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const tell = (element, what) => wrong.push(`${what}: ${element.outerHTML.slice(0, 90)}`);

  const nameOf = (element) =>
    element.getAttribute("aria-label") ||
    (element.getAttribute("aria-labelledby") ?? "")
      .split(" ")
      .map((id) => document.getElementById(id)?.textContent)
      .join("") ||
    [...(element.labels ?? [])].map((label) => label.textContent).join("") ||
    element.textContent ||
    [...element.querySelectorAll("img")].map((image) => image.alt).join("");
  for (const control of all("button, a, input, select, textarea, dialog, section, [role=group], aside")) {
    if (!nameOf(control).trim()) tell(control, "has no name");
  }
  for (const image of all("img")) if (!image.hasAttribute("alt")) tell(image, "has no alternative text");
  for (const described of document.querySelectorAll("[aria-describedby]")) {
    for (const id of described.getAttribute("aria-describedby").split(" ")) {
      if (!document.getElementById(id)) tell(described, `is described by ${id}, which does not exist`);
    }
  }

  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`twice: ${id}`);
  if (all("h1").length !== 1) wrong.push("the page must have one h1");
  if (all("main").length !== 1) wrong.push("the page must have one main");
  if (!document.documentElement.lang || !document.title) wrong.push("no language or no title");

  // Colours as the browser computes them, independent of their notation in the style sheets.
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    return brush.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (colour) => {
    const [red, green, blue] = [...rgba(colour)].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const ground = getComputedStyle(at).backgroundColor;
      if (rgba(ground)[3] > 250) return ground;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  const speaks = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  for (const element of all("body *").filter((each) => speaks(each) || each.placeholder)) {
    if (element.closest(".unseen, .skip, :disabled, .turn")) continue;
    const { color, fontSize } = getComputedStyle(element);
    const [dark, light] = [luminance(color), luminance(groundOf(element))].sort((one, other) => one - other);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < (parseFloat(fontSize) >= 24 ? 3 : 4.5)) tell(element, `has a contrast of ${contrast.toFixed(2)}`);
  }

  for (const target of all("button, a:not(.skip), input, select, textarea, summary")) {
    const { width, height } = target.getBoundingClientRect();
    if (Math.min(width, height) < 24) tell(target, `is ${width.toFixed()} x ${height.toFixed()} pixels small`);
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) wrong.push(`the page is ${scrollWidth - clientWidth} pixels too wide`);
  for (const dialog of all("dialog")) {
    if (dialog.scrollWidth > dialog.clientWidth) tell(dialog, "scrolls sideways");
  }
  return wrong;
};
