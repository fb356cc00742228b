/** Access tokens as people bring them. */

/** The token in the fragment of the address, which is removed from the address bar and the tab's history. */
export function takeFromAddress() {
  const token = readToken(location.href);
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** The token in what somebody pasted: by itself, after "Bearer", or in the link that the service prints. */
export function readToken(text) {
  const [, inLink] = text.match(/#token=([^&\s]+)/) ?? [];
  const token = inLink ?? text.trim().replace(/^bearer +/i, "");
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? token : null;
}

/** Whose token it is: the subject of the JSON Web Token (RFC 7519, 4.1.2). */
export function subjectOf(token) {
  const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(claims), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)).sub;
}
