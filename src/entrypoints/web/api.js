/** Calls the service with an access token, which is a variable of this module. */

const API = "api/";

let token = null;
let askForAnother = null;
let isStale = null;

/** The service answered with a problem (RFC 9457). */
export class Problem extends Error {
  constructor(told, retryAfter = null) {
    super(told.detail);
    Object.assign(this, told);
    this.slug = told.type.split("/").at(-1);
    this.retryAfter = retryAfter;
  }

  /** The id of the failed generation, if there is one. */
  get generation() {
    return this.instance?.match(/\/api\/generations\/([^/]+)$/)?.[1];
  }
}

/** No answer arrived, or one that is not the service's: it is not known whether the request arrived. */
export class ConnectionLost extends Error {}

/** Uses this token from now on. `another` returns a new one when it is `stale()` or no longer accepted. */
export function callWith(given, { stale, another }) {
  token = given;
  isStale = stale;
  askForAnother = another;
}

/**
 * Returns the models that a token allows; null if it only allows to see the usage of all callers. Throws Problem if it
 * allows nothing.
 */
export async function modelsFor(given) {
  try {
    return (await json(call("models", {}, given))).models;
  } catch (fault) {
    if (fault.status !== 403) throw fault;
    await call("usage?by=day&since=9999-01-01", {}, given); // a day without usage: only to see whether the token allows it
    return null;
  }
}

export const usage = () => json(send("usage"));

/** Returns what all callers have ordered since a day, a line for each caller, version or day, as `by` says. */
export const usageBy = async (by, since) => (await json(send(`usage?by=${by}&since=${since}`))).items;

/** The same as CSV. */
export const usageAsCsv = async (by, since) => (await send(`usage?by=${by}&since=${since}&format=csv`)).blob();

export const generation = (id) => json(send(`generations/${id}`));
export const remove = (id) => send(`generations/${id}`, { method: "DELETE" });
export const removeImage = (id, index) => send(`generations/${id}/images/${index}`, { method: "DELETE" });

/** Returns a page of generations older than `cursor`, which may be restricted by `state`, `version` and `text`. */
export function generationsBefore(cursor, wanted) {
  const given = Object.entries({ ...wanted, cursor }).filter(([, value]) => value);
  return json(send(`generations?${new URLSearchParams([["limit", 24], ...given])}`));
}

/** Places an order under its key without waiting for the images, and returns its generation. */
export async function order(key, fields) {
  const answer = await send("images", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key, Prefer: "respond-async" },
    body: JSON.stringify(fields),
  });
  if (answer.status === 202) return json(answer);
  const id = answer.headers.get("Link").match(/generations\/([^>]+)>/)[1];
  return generation(id);
}

/** Returns the event stream of a generation, until `signal` aborts it; null if the service has none. */
export async function events(id, lastEventId, signal) {
  const headers = { Accept: "text/event-stream", ...(lastEventId && { "Last-Event-ID": lastEventId }) };
  try {
    const answer = await send(`generations/${id}/events?unfinished=true`, { headers, signal });
    return answer.headers.get("Content-Type")?.startsWith("text/event-stream") ? answer.body : null;
  } catch (fault) {
    if (fault instanceof Problem) return null;
    throw fault;
  }
}

async function send(path, options) {
  for (;;) {
    if (isStale()) token = await askForAnother();
    const used = token;
    try {
      return await call(path, options, used);
    } catch (fault) {
      if (fault.status !== 401) throw fault;
      if (token === used) token = await askForAnother(); // otherwise another call has renewed it
    }
  }
}

async function call(path, options = {}, given) {
  let answer;
  try {
    const headers = { ...options.headers, Authorization: `Bearer ${given}` };
    answer = await fetch(API + path, { ...options, headers, cache: "no-store", credentials: "omit" });
  } catch (fault) {
    throw new ConnectionLost(fault.message);
  }
  if (answer.ok) return answer;
  if (answer.headers.get("Content-Type") !== "application/problem+json") {
    throw new ConnectionLost(`${answer.status} of a proxy`);
  }
  throw new Problem(await json(answer), Number(answer.headers.get("Retry-After")) || null);
}

async function json(answer) {
  const whole = await answer;
  try {
    return await whole.json();
  } catch (fault) {
    throw new ConnectionLost(fault.message);
  }
}
