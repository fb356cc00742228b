/** Access tokens: from the address or a pasted text, and kept for the tab. */

const KEPT = "darkroom.token";
const STAYS = "darkroom.stays";

/** Returns the token in the fragment of the address, and removes it from the address bar and the tab's history. */
export function takeFromAddress() {
  const token = readToken(location.href);
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** Returns the token in a pasted text: alone, after "Bearer", or in the link that the service prints. */
export function readToken(text) {
  const [, inLink] = text.match(/#token=([^&\s]+)/) ?? [];
  const token = inLink ?? text.trim().replace(/^bearer +/i, "");
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? token : null;
}

/** Returns the subject of a token (RFC 7519, 4.1.2). */
export function subjectOf(token) {
  const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(claims), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)).sub;
}

/** Returns whether tokens are kept for the tab, as chosen in this browser. */
export const staysForTab = () => localStorage.getItem(STAYS) === "yes";

/** Keeps a token until the tab is closed if that is chosen, and remembers the choice. */
export function keepToken(token, { forTab }) {
  forgetToken();
  if (forTab) sessionStorage.setItem(KEPT, token);
  if (forTab) localStorage.setItem(STAYS, "yes");
  else localStorage.removeItem(STAYS);
}

/** Returns the token that is kept for the tab. */
export const keptToken = () => sessionStorage.getItem(KEPT);

/** Forgets the token that is kept for the tab. */
export const forgetToken = () => sessionStorage.removeItem(KEPT);
