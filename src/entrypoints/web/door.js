/** The door: nobody comes in without an access token that the service accepts. */

import { ConnectionLost, Problem, modelsFor } from "./api.js";
import { byId } from "./dom.js";
import { readToken, takeFromAddress } from "./token.js";
import { speak } from "./words.js";

const door = byId("door");
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
  door.hidden = false;
  byId("room").hidden = true;
  byId("leave").hidden = true;
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());

  const knock = async (token) => {
    if (!token) return tell("notAToken");
    try {
      const models = await modelsFor(token);
      field.value = "";
      door.hidden = true;
      byId("room").hidden = false;
      byId("leave").hidden = false;
      window.onhashchange = null;
      open({ token, models });
    } catch (fault) {
      if (!(fault instanceof Problem || fault instanceof ConnectionLost)) throw fault;
      tell(fault.status === 401 ? "tokenRefused" : "unreachable");
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

function tell(reason) {
  const error = byId("token-error");
  field.toggleAttribute("aria-invalid", Boolean(reason));
  if (reason) speak(error, reason);
  else error.textContent = "";
  if (reason) field.focus();
}
