/**
 * Signing in at the operator's OpenID provider: an authorization code with PKCE (RFC 6749, 4.1; RFC 7636), as a public
 * client. Tokens are variables of this module. The tab's storage holds the state and the verifier while the provider is
 * visited, and whether a person was signed in, so that a reload asks the provider and not the person.
 */

import { ConnectionLost } from "./api.js";
import { readToken } from "./token.js";

const VISIT = "darkroom.visit";
const BEFORE = "darkroom.signed-in"; // "yes", or "left" after signing out
const MARGIN = 30; // seconds before its end at which a token is renewed, or a quarter of its life if that is less
const RENEWED_IN_VAIN = 10_000; // milliseconds in which a new token that is refused too is not renewed again

const provider = JSON.parse(document.querySelector('meta[name="sign-in"]')?.content ?? "null");

let refreshToken = null;
let staleAt = Infinity;
let renewedAt = -Infinity;
let renewing = null;

/** The provider refused, or answered what the page cannot use. `reason` names the text for it, `detail` is its own. */
export class SigningInFailed extends Error {
  constructor(reason, detail = null) {
    super(detail ?? reason);
    Object.assign(this, { reason, detail });
  }
}

/** The host of the provider that people sign in at; null if they do not. */
export const providerHost = provider && new URL(provider.issuer).host;

/** Whether a person was signed in here before the page was loaded. */
export const wasSignedIn = () => Boolean(provider) && sessionStorage.getItem(BEFORE) === "yes";

/** Whether the token is about to expire. */
export const isStale = () => Date.now() > staleAt;

/** Leaves for the provider, which sends people back; with `silent` without showing them anything. */
export async function signIn({ silent = false } = {}) {
  // Browsers lend no cryptography to pages of plain origins, other than those of the same machine.
  if (!crypto.subtle) throw new SigningInFailed("signInNeedsHttps");
  const visit = { state: random(), verifier: random(), silent, hash: location.hash };
  sessionStorage.setItem(VISIT, JSON.stringify(visit));
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(visit.verifier));
  const address = new URL(provider.authorization_endpoint);
  const prompt = silent ? "none" : sessionStorage.getItem(BEFORE) === "left" ? "login" : null;
  const asked = {
    response_type: "code",
    client_id: provider.client_id,
    redirect_uri: ownAddress(),
    scope: provider.scope,
    state: visit.state,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: "S256",
    ...(prompt && { prompt }),
    ...meantForUs(),
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
  return new Promise(() => {}); // this page ends here
}

/** The token for which the provider has sent a code; null if it has sent none. Throws SigningInFailed. */
export async function takeAnswer() {
  const answer = new URLSearchParams(location.search);
  const visit = JSON.parse(sessionStorage.getItem(VISIT) ?? "null");
  if (!provider || !(answer.has("code") || answer.has("error"))) return null;
  history.replaceState(null, "", location.pathname + (visit?.hash ?? ""));
  sessionStorage.removeItem(VISIT);
  if (!visit) return null; // an old address, opened once more
  const error = answer.get("error");
  if (error && visit.silent) return forgetSession(), fail("signInAgain");
  if (error) return fail(error === "access_denied" ? "signInDenied" : "signInRefused", answer.get("error_description") ?? error);
  const strange = answer.get("state") !== visit.state || (answer.get("iss") ?? provider.issuer) !== provider.issuer;
  if (strange) return fail("signInStrange");
  return exchange({
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: ownAddress(),
    code_verifier: visit.verifier,
  });
}

/**
 * A new token for one that has expired: by a refresh token, or by way of the provider, if the page has none. Null if
 * no person is signed in, or if the one before was refused too. Throws ConnectionLost if the provider cannot be reached.
 */
export function renewed() {
  renewing ??= renew().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renew() {
  if (!wasSignedIn() || Date.now() - renewedAt < RENEWED_IN_VAIN) return null;
  if (!refreshToken) return signIn({ silent: true });
  try {
    const token = await exchange({ grant_type: "refresh_token", refresh_token: refreshToken });
    renewedAt = Date.now();
    return token;
  } catch (fault) {
    if (!(fault instanceof SigningInFailed)) throw fault;
    if (fault.reason === "signInUnreachable") throw new ConnectionLost(fault.message);
    refreshToken = null;
    return signIn({ silent: true });
  }
}

/** Forgets who was signed in. The provider asks for the password at the next sign-in here. */
export function signOut() {
  if (wasSignedIn()) sessionStorage.setItem(BEFORE, "left");
}

/** Forgets that a person was signed in: the service does not accept the provider's token, or has been given another. */
export function forgetSession() {
  refreshToken = null;
  staleAt = Infinity;
  if (wasSignedIn()) sessionStorage.removeItem(BEFORE);
}

async function exchange(given) {
  const body = new URLSearchParams({ ...given, client_id: provider.client_id, ...meantForUs() });
  const began = Date.now();
  let answer;
  let told;
  try {
    answer = await fetch(provider.token_endpoint, { method: "POST", body, credentials: "omit", cache: "no-store" });
    told = await answer.json();
  } catch (fault) {
    return fail("signInUnreachable", fault.message);
  }
  if (!answer.ok) return fail("signInRefused", told.error_description ?? told.error ?? `${answer.status}`);
  if (!readToken(`${told.access_token}`)) return fail("signInOpaque");
  refreshToken = told.refresh_token ?? refreshToken;
  const life = Number(told.expires_in);
  staleAt = life > 0 ? began + 1000 * (life - Math.min(MARGIN, life / 4)) : Infinity;
  sessionStorage.setItem(BEFORE, "yes");
  return told.access_token;
}

/** For whom the token is to be meant: as RFC 8707 asks for it, which knows addresses only, and as Auth0 does. */
function meantForUs() {
  const { audience } = provider;
  return { audience, ...(URL.canParse(audience) && { resource: audience }) };
}

function fail(reason, detail) {
  throw new SigningInFailed(reason, detail);
}

const ownAddress = () => new URL("./", document.baseURI).href;
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
