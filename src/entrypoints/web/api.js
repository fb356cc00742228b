/** The service, called with an access token, which is a variable of this module. */

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

  /** The id of the generation that it happened to, where there is one. */
  get generation() {
    return this.instance?.match(/\/api\/generations\/([^/]+)$/)?.[1];
  }
}

/** No answer came, or none of the service's own: it is not known what arrived. */
export class ConnectionLost extends Error {}

/** Calls with this token from now on. `another` gives the next one when it is `stale()` or no longer accepted. */
export function callWith(given, { stale, another }) {
  token = given;
  isStale = stale;
  askForAnother = another;
}

/**
 * The models that a token opens; null if it shows nothing but the usage of all callers. Throws Problem where it opens
 * nothing.
 */
export async function modelsFor(given) {
  try {
    return (await json(call("models", {}, given))).models;
  } catch (fault) {
    if (fault.status !== 403) throw fault;
    await call("usage?by=day&since=9999-01-01", {}, given); // of no day: to see whether it may be asked for
    return null;
  }
}

export const usage = () => json(send("usage"));

/** What all callers have ordered since a day, as lines of one `by`: caller, version or day. */
export const usageBy = async (by, since) => (await json(send(`usage?by=${by}&since=${since}`))).items;

/** The same as CSV. */
export const usageAsCsv = async (by, since) => (await send(`usage?by=${by}&since=${since}&format=csv`)).blob();

export const generation = (id) => json(send(`generations/${id}`));
export const remove = (id) => send(`generations/${id}`, { method: "DELETE" });
export const removeImage = (id, index) => send(`generations/${id}/images/${index}`, { method: "DELETE" });

/** A page of what was ordered before `cursor`: all of it, or what has this `state`, `version` and `text`. */
export function generationsBefore(cursor, wanted) {
  const given = Object.entries({ ...wanted, cursor }).filter(([, value]) => value);
  return json(send(`generations?${new URLSearchParams([["limit", 24], ...given])}`));
}

/** Hands in an order under its key, without waiting for the images. Gives the generation that it has become. */
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

/** The stream of what happens to a generation, until `signal` aborts it; null where the service has none. */
export async function events(id, lastEventId, signal) {
  const headers = { Accept: "text/event-stream", ...(lastEventId && { "Last-Event-ID": lastEventId }) };
  try {
    const answer = await send(`generations/${id}/events`, { headers, signal });
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
      if (token === used) token = await askForAnother(); // else another call has renewed it meanwhile
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
