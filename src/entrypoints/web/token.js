/** Access tokens as people bring them, and as a tab keeps them. */

const KEPT = "darkroom.token";
const STAYS = "darkroom.stays";

/** The token in the fragment of the address, which is removed from the address bar and the tab's history. */
export function takeFromAddress() {
  const token = readToken(location.href);
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** The token in a pasted text: by itself, after "Bearer", or in the link that the service prints. */
export function readToken(text) {
  const [, inLink] = text.match(/#token=([^&\s]+)/) ?? [];
  const token = inLink ?? text.trim().replace(/^bearer +/i, "");
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? token : null;
}

/** Whose token it is: its subject (RFC 7519, 4.1.2). */
export function subjectOf(token) {
  const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(claims), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)).sub;
}

/** Whether tokens are kept for the tab, as it was chosen in this browser. */
export const staysForTab = () => localStorage.getItem(STAYS) === "yes";

/** Keeps a token until the tab is closed, if that is wished, and remembers the wish. */
export function keepToken(token, { forTab }) {
  forgetToken();
  if (forTab) sessionStorage.setItem(KEPT, token);
  if (forTab) localStorage.setItem(STAYS, "yes");
  else localStorage.removeItem(STAYS);
}

/** The token that the tab has kept. */
export const keptToken = () => sessionStorage.getItem(KEPT);

/** Forgets the token that the tab has kept. */
export const forgetToken = () => sessionStorage.removeItem(KEPT);
