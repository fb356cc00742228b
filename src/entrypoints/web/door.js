/** The door: it opens the page for an access token that the service accepts. */

import { ConnectionLost, Problem, modelsFor } from "./api.js";
import { byId, closeDialogs, el } from "./dom.js";
import { SigningInFailed, forgetSession, providerHost, signIn, takeAnswer, wasSignedIn } from "./sign_in.js";
import { forgetToken, keepToken, keptToken, readToken, staysForTab, takeFromAddress } from "./token.js";
import { knows, speak, spoken } from "./words.js";

const field = byId("token");
const stay = byId("stay");

let opened = null;

/**
 * Waits for an accepted token, and returns it with the models that it allows. `reason` names the text that says why a
 * token is needed. Calls while the door waits get the same token.
 */
export function enter(reason) {
  opened ??= new Promise((open) => show(open, reason)).finally(() => {
    opened = null;
  });
  return opened;
}

async function show(open, reason) {
  closeDialogs();
  if (reason) forgetToken();
  const knock = async (token) => {
    if (!token) return tell("notAToken");
    try {
      const models = await modelsFor(token);
      field.value = "";
      stand({ inside: true });
      window.onhashchange = null;
      open({ token, models });
    } catch (fault) {
      if (!(fault instanceof Problem || fault instanceof ConnectionLost)) throw fault;
      if (fault.status === 401 || fault.status === 403) {
        forgetToken();
        forgetSession();
      }
      stand({ inside: false });
      tell(fault.status === 401 ? "tokenRefused" : fault.slug && knows(fault.slug) ? fault.slug : "unreachable");
    }
  };
  const use = (token, forTab) => {
    if (token) take(token, forTab);
    return knock(token);
  };
  const bring = async () => {
    try {
      const token = await takeAnswer();
      if (token) return await knock(token);
      if (wasSignedIn()) return await signIn({ silent: true });
      stand({ inside: false });
    } catch (fault) {
      explain(fault);
    }
  };

  byId("door-form").onsubmit = (event) => {
    event.preventDefault();
    use(readToken(field.value), stay.checked);
  };
  byId("sign-in").onclick = () => signIn().catch(explain);
  window.onhashchange = () => location.hash.startsWith("#token=") && use(takeFromAddress(), staysForTab());
  const brought = takeFromAddress();
  if (brought) return use(brought, staysForTab());
  const kept = reason ? null : keptToken();
  if (kept) return knock(kept);
  tell(reason);
  if (providerHost && !reason) await bring();
  else stand({ inside: false });
  if (!byId("door").hidden) (providerHost ? byId("sign-in") : field).focus();
}

/** Continues with a given token instead of the one of the person who was signed in. */
function take(token, forTab) {
  forgetSession();
  keepToken(token, { forTab });
}

/** Shows the door, or the room. */
function stand({ inside }) {
  byId("door").hidden = inside;
  for (const id of ["inside", "leave", "skip"]) byId(id).hidden = !inside;
}

function explain(fault) {
  if (!(fault instanceof SigningInFailed)) throw fault;
  stand({ inside: false });
  tell(fault.reason, fault.detail);
}

function tell(reason, detail = null) {
  field.setAttribute("aria-invalid", reason === "notAToken" || reason === "tokenRefused");
  byId("token-error").replaceChildren(
    ...(reason ? [spoken("span", reason)] : []),
    ...(detail ? [" ", el("span", { class: "small", lang: "en" }, detail)] : []),
  );
  if (reason && !providerHost) field.focus();
}

if (providerHost) {
  speak(byId("door-text"), "doorSignIn", { host: providerHost });
  byId("sign-in").hidden = false;
  byId("enter").classList.remove("main");
  byId("other-way").hidden = false;
  byId("other-way").append(byId("door-form"));
}
stay.checked = staysForTab();
