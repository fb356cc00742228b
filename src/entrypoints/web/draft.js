/** The draft on the desk, kept for the tab, so that a reload does not lose it. Other callers do not see it. */

const KEPT = "darkroom.draft";

/** Keeps a caller's draft: the text of each field by its name. */
export const keepDraft = (subject, fields) => sessionStorage.setItem(KEPT, JSON.stringify({ subject, fields }));

/** Returns the caller's draft; empty if none is kept. */
export function draftOf(subject) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  return kept.subject === subject ? kept.fields : {};
}
