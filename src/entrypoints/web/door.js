/** The door: nobody comes in without an access token that the service accepts. */

import { ConnectionLost, Problem, modelsFor } from "./api.js";
import { byId } from "./dom.js";
import { readToken, takeFromAddress } from "./token.js";
import { knows, speak } from "./words.js";

const field = byId("token");

let opened = null;

/**
 * Waits until somebody has given a token that is accepted; gives it, with the models that it opens. `reason` names
 * the text that says why one is asked for. Whoever asks while somebody asks already waits for the same one.
 */
export function enter(reason) {
  opened ??= new Promise((open) => show(open, reason)).finally(() => {
    opened = null;
  });
  return opened;
}

function show(open, reason) {
  tell(reason);
  stand({ inside: false });
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());

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
      tell(fault.status === 401 ? "tokenRefused" : fault.slug && knows(fault.slug) ? fault.slug : "unreachable");
    }
  };

  byId("door-form").onsubmit = (event) => {
    event.preventDefault();
    knock(readToken(field.value));
  };
  window.onhashchange = () => location.hash.startsWith("#token=") && knock(takeFromAddress());
  const brought = takeFromAddress();
  if (brought) knock(brought);
  else field.focus();
}

function stand({ inside }) {
  byId("door").hidden = inside;
  for (const id of ["room", "leave", "skip"]) byId(id).hidden = !inside;
}

function tell(reason) {
  const error = byId("token-error");
  field.setAttribute("aria-invalid", Boolean(reason));
  if (reason) speak(error, reason);
  else error.textContent = "";
  if (reason) field.focus();
}
