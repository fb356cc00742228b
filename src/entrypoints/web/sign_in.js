/**
 * Sign-in at the operator's OpenID provider: an authorization code with PKCE (RFC 6749, 4.1; RFC 7636), as a public
 * client. Tokens are variables of this module. The tab's storage holds the state and the verifier during the visit to
 * the provider, and whether a person was signed in, so that a reload asks the provider and not the person.
 */

import { ConnectionLost } from "./api.js";
import { readToken } from "./token.js";

const VISIT = "darkroom.visit";
const BEFORE = "darkroom.signed-in"; // "yes", or "left" after signing out
const MARGIN = 30; // seconds before its expiry at which a token is renewed; a quarter of its lifetime if that is less
const RENEWED_IN_VAIN = 10_000; // milliseconds for which a new token that is refused is not renewed again

const provider = JSON.parse(document.querySelector('meta[name="sign-in"]')?.content ?? "null");

let refreshToken = null;
let staleAt = Infinity;
let renewedAt = -Infinity;
let renewing = null;

/** The provider refused, or its answer cannot be used. `reason` names our text, `detail` is the provider's. */
export class SigningInFailed extends Error {
  constructor(reason, detail = null) {
    super(detail ?? reason);
    Object.assign(this, { reason, detail });
  }
}

/** Returns the host of the provider; null if there is no sign-in. */
export const providerHost = provider && new URL(provider.issuer).host;

/** Returns whether a person was signed in here before the page was loaded. */
export const wasSignedIn = () => Boolean(provider) && sessionStorage.getItem(BEFORE) === "yes";

/** Returns whether the token is about to expire. */
export const isStale = () => Date.now() > staleAt;

/** Redirects to the provider, which redirects back; with `silent`, it does not ask the person anything. */
export async function signIn({ silent = false } = {}) {
  // Browsers offer cryptography only to https pages, and those of the same machine.
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

/** Exchanges the provider's code for a token; null if it has sent no code. Throws SigningInFailed. */
export async function takeAnswer() {
  const answer = new URLSearchParams(location.search);
  const visit = JSON.parse(sessionStorage.getItem(VISIT) ?? "null");
  if (!provider || !(answer.has("code") || answer.has("error"))) return null;
  history.replaceState(null, "", location.pathname + (visit?.hash ?? ""));
  sessionStorage.removeItem(VISIT);
  if (!visit) return null; // an old address was opened again
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
 * Returns a new token for one that has expired: by a refresh token, or through the provider if there is none. Null if
 * no person is signed in, or the last new token was refused too. Throws ConnectionLost if the provider cannot be reached.
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

/** Signs out. The provider asks for the password at the next sign-in here. */
export function signOut() {
  if (wasSignedIn()) sessionStorage.setItem(BEFORE, "left");
}

/** Forgets that a person was signed in, if the service refuses the provider's token or was given another one. */
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

/** Returns the parameters for the audience: `resource` of RFC 8707, which must be a URI, and Auth0's `audience`. */
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
