/** The usage of all callers, for people who may see it: what was ordered, drawn and spent, by caller, model and day. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { plot } from "./plot.js";
import { told } from "./problems.js";
import { button, label, spoken } from "./words.js";

const GROUPS = { caller: "byCaller", version: "byVersion", day: "byDay" };
const COUNTS = { images: "imagesOrdered", drawn: "imagesDrawn", stored: "imagesKept", unknown: "imagesUnknown" };
const PERIODS = [7, 30, 90, 365]; // days, including today
const FIRST = 30;
const DAY = 24 * 60 * 60 * 1000; // milliseconds

const period = byId("period");

let may = { allowed: false, alone: false };
let asked = 0;

/** Shows the link to the usage if the token is `allowed` to see it; `alone` if it may see nothing else. */
export function openUsage({ allowed, alone = false }) {
  may = { allowed, alone };
  byId("to-usage").hidden = !allowed || alone;
  byId("from-usage").hidden = alone;
  standWhereTheAddressSays();
}

/** Shows the usage if the address names it, else the room with the pictures. */
export function standWhereTheAddressSays() {
  const here = may.allowed && (may.alone || location.hash === "#usage");
  if (here === !byId("usage").hidden) return;
  byId("usage").hidden = !here;
  byId("room").hidden = here;
  scrollTo(0, 0);
  if (here) show();
  (here ? byId("usage-title") : byId("to-usage")).focus();
}

/** Fetches the usage of the chosen period, and shows it. */
async function show() {
  const mine = (asked += 1);
  const days = daysOf(Number(period.value));
  const say = (...content) => byId("usage-problem").replaceChildren(...content);
  try {
    const lines = await Promise.all(Object.keys(GROUPS).map((by) => api.usageBy(by, days[0])));
    if (mine !== asked) return;
    say();
    byId("usage-shown").replaceChildren(...report(days, ...lines));
  } catch (fault) {
    if (mine === asked) say(explained(fault, button("tryAgain", show)));
  }
}

function explained(fault, again) {
  if (fault instanceof ConnectionLost) return el("div", { class: "problem" }, spoken("p", "unreachable"), again);
  if (fault instanceof Problem) return told(fault, again);
  throw fault;
}

/** Returns the last days (UTC, as the service counts) in ISO 8601. */
function daysOf(count) {
  const now = Date.now();
  return Array.from({ length: count }, (_, n) => new Date(now - (count - 1 - n) * DAY).toISOString().slice(0, 10));
}

function report(days, callers, versions, byDay) {
  if (byDay.length === 0) return [spoken("p", "usageNothing", {}, { class: "quiet" })];
  const total = byDay.reduce(together);
  const currencies = total.cost.map(({ currency }) => currency);
  const dearest = (one, other) =>
    currencies.map((currency) => spent(other, currency) - spent(one, currency)).find(Boolean) ?? other.images - one.images;
  const lineOf = new Map(byDay.map((line) => [line.day, line]));
  const drawn = (value, currency) => plot(days.map((day) => [day, lineOf.has(day) ? value(lineOf.get(day)) : 0]), currency);
  const shown = (by, lines) => section(by, lines, total, days[0]);
  return [
    el(
      "div",
      { class: "plots" },
      drawn(({ images }) => images),
      ...currencies.map((currency) => drawn((line) => spent(line, currency), currency)),
    ),
    shown("caller", callers.sort(dearest)),
    shown("version", versions.sort(dearest)),
    shown("day", byDay.reverse()),
  ];
}

/** Returns the cost of a line in a currency. */
const spent = ({ cost }, currency) => Number(cost.find((sum) => sum.currency === currency)?.amount ?? 0);

function together(one, other) {
  const currencies = [...new Set([...one.cost, ...other.cost].map(({ currency }) => currency))].sort();
  return {
    ...Object.fromEntries(Object.keys(COUNTS).map((name) => [name, one[name] + other[name]])),
    cost: currencies.map((currency) => ({ amount: spent(one, currency) + spent(other, currency), currency })),
  };
}

/** Returns a table of the lines by `by`, with a button that saves them as a file. */
function section(by, lines, total, since) {
  const title = `usage-by-${by}`;
  const problem = el("div", { role: "alert" });
  const save = async () => {
    try {
      const link = URL.createObjectURL(await api.usageAsCsv(by, since));
      el("a", { href: link, download: `${title}-since-${since}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(link), 60_000); // by then the browser has read it
      problem.replaceChildren();
    } catch (fault) {
      problem.replaceChildren(explained(fault, button("tryAgain", save)));
    }
  };
  return el(
    "section",
    { class: `by-${by}`, "aria-labelledby": title },
    el(
      "header",
      {},
      spoken("h3", GROUPS[by], {}, { id: title }),
      label(button("csv", save, { class: "plain" }), "csvOf", { name: GROUPS[by] }),
    ),
    problem,
    table(by, lines, total),
  );
}

// Roles are explicit, since rows are a grid on phones, and then some browsers drop the table's semantics.
function table(by, lines, total) {
  const row = (first, cells) => el("tr", { role: "row" }, first, ...cells);
  const head = [...Object.values(COUNTS), "cost"].map((name) => spoken("th", name, {}, { scope: "col", role: "columnheader" }));
  const cells = (line) => [
    ...Object.keys(COUNTS).map((name) => spoken("td", "count", { count: line[name] }, { role: "cell" })),
    spoken("td", "costs", { cost: line.cost }, { role: "cell" }),
  ];
  const name = { scope: "row", role: "rowheader" };
  const named = (line) => (by === "day" ? spoken("th", "dayIs", { day: line.day }, name) : el("th", name, line[by]));
  return el(
    "table",
    { role: "table", "aria-labelledby": `usage-by-${by}` },
    el("thead", { role: "rowgroup" }, row(spoken("th", by, {}, { scope: "col", role: "columnheader" }), head)),
    el("tbody", { role: "rowgroup" }, ...lines.map((line) => row(named(line), cells(line)))),
    lines.length > 1 && el("tfoot", { role: "rowgroup" }, row(spoken("th", "total", {}, name), cells(total))),
  );
}

period.append(...PERIODS.map((count) => spoken("option", "lastDays", { count }, { value: count })));
period.value = FIRST;
period.addEventListener("change", show);
