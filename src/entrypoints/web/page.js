/** The page: its caller, the orders on the stage, and how the parts work together. */

import * as api from "./api.js";
import { ConnectionLost, Problem, callWith } from "./api.js";
import { openDesk, pointAt, setHandingIn, writeExample } from "./desk.js";
import { enter } from "./door.js";
import { bringIntoView, byId, catchFocus } from "./dom.js";
import { anew } from "./opened.js";
import { pendingOf, remember } from "./pending.js";
import { keep, openSheet, underWay } from "./sheet.js";
import { isStale, renewed, signOut } from "./sign_in.js";
import { forgetToken, subjectOf } from "./token.js";
import { tray } from "./tray.js";
import { openUsage, standWhereTheAddressSays } from "./usage.js";
import { speakAsExpected, speakTheOther, spoken } from "./words.js";

const trays = byId("trays");

let subject = null;

/** Puts an order on the stage. Orders that have ended leave it, since the contact sheet shows them. */
function lay(order, origin = null) {
  trays.querySelectorAll("article:not([aria-busy])").forEach((ended) => ended.remove());
  byId("empty").hidden = true;
  if (!order.id) setHandingIn(true);
  const element = tray(order, {
    origin,
    handedIn: () => setHandingIn(false),
    ended: (generation) => {
      setHandingIn(false);
      keep(generation);
      showUsage();
    },
    refused: (problem) => {
      setHandingIn(false);
      if (problem.errors && pointAt(problem.errors)) clear(element);
    },
    again: (sameKey) => (sameKey ? lay(order, origin) : draw(order.fields, origin)),
  });
  element.dataset.at = order.at;
  trays.insertBefore(element, [...trays.children].find(({ dataset }) => dataset.at <= order.at) ?? null);
  catchFocus(byId("stage"));
}

/** Puts orders in progress that were placed elsewhere on the stage, as far as the sheet shows them. */
function layOthers() {
  const ours = pendingOf(subject);
  if (ours.some(({ id }) => !id)) return; // the service has not told yet which of them is ours
  const others = underWay().filter(({ id }) => !ours.some((order) => order.id === id));
  for (const generation of others) {
    lay({ id: generation.id, fields: anew(generation), at: Date.parse(generation.created_at) });
  }
}

function draw(fields, origin) {
  lay(remember(subject, fields), origin);
  bringIntoView(byId("stage"));
}

function clear(element) {
  element.remove();
  byId("empty").hidden = trays.childElementCount > 0;
}

/** Shows what is left of the caller's limits and what was spent. Returns the versions it may order; null is all. */
async function showUsage() {
  try {
    const { limits, left, this_month: month, scopes } = await api.usage();
    openUsage({ allowed: scopes.includes("usage:read") });
    const limit = limits.images_per_day;
    byId("left").replaceChildren(
      ...(limit === null ? [] : [spoken("span", "imagesLeft", { left: left.images, limit })]),
      ...(left.spend ? [spoken("span", "moneyLeft", { left: left.spend, limit: limits.spend_per_day_per_caller })] : []),
      ...(month.cost.length ? [spoken("span", "spent", { cost: month.cost })] : []),
    );
    return limits.models;
  } catch (fault) {
    // Not essential: if something is wrong, the next order reports it.
    if (!(fault instanceof Problem || fault instanceof ConnectionLost)) throw fault;
    return null;
  }
}

/** Returns a new token for one that is no longer accepted. If it is another caller's, the page is loaded anew. */
async function comeBack() {
  const token = (await renewed()) ?? (await enter("tokenExpired")).token;
  if (subjectOf(token) === subject) return token;
  location.hash = `token=${token}`; // as if the other caller had opened a link
  return new Promise(() => {});
}

async function open() {
  speakAsExpected();
  const { token, models } = await enter();
  subject = subjectOf(token);
  addEventListener("hashchange", () => location.hash.startsWith("#token=") && location.reload());
  callWith(token, { stale: isStale, another: comeBack });
  if (!models) return openUsage({ allowed: true, alone: true });
  const allowed = await showUsage();
  const offered = models.filter(({ version }) => !allowed || allowed.includes(version));
  openDesk(offered.length ? offered : models, { caller: subject, draw });
  pendingOf(subject).forEach((order) => lay(order));
  await openSheet();
  layOthers();
}

addEventListener("hashchange", standWhereTheAddressSays);
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault(); // with a base URL, the link would lead to another page
  location.hash = link.hash;
});
byId("language").addEventListener("click", speakTheOther);
byId("leave").addEventListener("click", () => {
  signOut();
  forgetToken();
  location.reload();
});
byId("example").addEventListener("click", writeExample);
document.addEventListener("removed", ({ detail }) => {
  const element = trays.querySelector(`[data-generation="${detail.id}"]`);
  if (element) clear(element);
});

open();
