/** Problems in words: what happened, whether it was charged, and what can be done. */

import { el } from "./dom.js";
import { knows, spoken } from "./words.js";

/** Shows a problem: a `Problem`, or that of a generation. `actions` are buttons for what can be done about it. */
export function told(problem, ...actions) {
  const slug = problem.type.split("/").at(-1);
  const kind = knows(slug) ? slug : "unforeseen";
  const { detail, retryAfter, request_id: id } = problem;
  return el(
    "div",
    { class: `problem ${problem.charged}` },
    spoken("strong", kind),
    spoken("p", `${kind}_text`),
    spoken("p", `charged_${problem.charged}`, {}, { class: "charged" }),
    retryAfter && spoken("p", "retryAfter", { seconds: retryAfter }),
    detail && el("p", { class: "small quiet", lang: "en" }, detail),
    id && spoken("p", "requestId", { id }, { class: "small quiet" }),
    actions.length > 0 && el("p", { class: "actions" }, ...actions),
  );
}
