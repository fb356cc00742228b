/** A plot of one bar for each day, in SVG. */

import { el } from "./dom.js";
import { label, speak, spoken } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const GAP = 0.2; // share of a day's width
const LEAST = 0.02; // the height of the smallest bar, as a share of the plot's

/** Returns a figure of `[day, value]`, images or money of a `currency`, with their sum as the caption. */
export function plot(values, currency = null) {
  const sum = values.reduce((all, [, value]) => all + value, 0);
  const most = Math.max(...values.map(([, value]) => value));
  const drawn = svg("svg", { role: "img", viewBox: `0 0 ${values.length} 1`, preserveAspectRatio: "none" });
  drawn.append(...values.map(([day, value], index) => bar(index, value && Math.max(value / most, LEAST), { day, value, currency })));
  return el(
    "figure",
    {},
    el(
      "figcaption",
      {},
      spoken("strong", "plotSum", { sum, currency }),
      spoken("span", "plotMost", { most, currency }, { class: "small quiet" }),
    ),
    label(drawn, "plotOf", { currency }),
    el("p", { class: "ends small quiet", "aria-hidden": "true" }, ...[values[0], values.at(-1)].map(([day]) => spoken("span", "dayIs", { day }))),
  );
}

/** Returns the bar of a day; its whole column has a tooltip. */
function bar(index, height, about) {
  const column = svg("g", {});
  column.append(
    speak(svg("title", {}), "plotDay", about),
    svg("rect", { class: "column", x: index, y: 0, width: 1, height: 1 }),
    svg("rect", { class: "bar", x: index + GAP / 2, y: 1 - height, width: 1 - GAP, height }),
  );
  return column;
}

function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([attribute, value]) => element.setAttribute(attribute, value));
  return element;
}
