/** What is written on the desk, kept for the tab: a reload loses none of it. Another caller does not see it. */

const KEPT = "darkroom.draft";

/** Keeps what a caller has written: the text of each field by its name. */
export const keepDraft = (subject, fields) => sessionStorage.setItem(KEPT, JSON.stringify({ subject, fields }));

/** What the caller had written; empty if nothing is kept. */
export function draftOf(subject) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  return kept.subject === subject ? kept.fields : {};
}
