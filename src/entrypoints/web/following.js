/** What becomes of an order, from the moment that it leaves to its end, whatever happens to the connection. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { eventsIn } from "./event_stream.js";
import { pause } from "./pausing.js";
import { accepted } from "./pending.js";

const LOOK_AGAIN = 1500; // milliseconds between two looks at a generation that has no stream of events
const STREAMS = 3; // a browser makes six connections to a service at most (HTTP/1.1), in all its tabs together
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000]; // milliseconds between two tries to reach the service

const followed = new Map(); // orders with a stream of events, and what closes it
let looking = 0; // orders that are looked at without one

/**
 * The generation that a pending order has become, once it has ended. Until then `report` is told how it stands:
 * `{ state, position, step, steps, seconds_left }` as far as they are known, or `{ lost: true }` while the service does not answer.
 *
 * Asking again under the same key costs nothing, so a lost connection is never a reason to give up.
 *
 * Throws Problem where the order was not accepted.
 */
export async function outcomeOf(order, report) {
  if (!order.id) {
    report({ state: "placing" });
    const generation = await persistently(() => handedIn(order), report);
    accepted(order, generation.id);
    if (generation.finished_at) return generation;
    report(generation);
  }
  const seen = { lastEventId: null };
  for (;;) {
    const generation = await persistently(() => lookedAt(order, seen, report), report);
    if (generation.finished_at) return generation;
    report(generation);
    looking += 1;
    await pause(LOOK_AGAIN * Math.min(looking, 4), "withdrawn");
    looking -= 1;
  }
}

async function handedIn(order) {
  try {
    return await api.order(order.key, order.fields);
  } catch (fault) {
    // A problem of a generation is shown by the generation itself, with the images that came all the same.
    if (fault instanceof Problem && fault.generation) return api.generation(fault.generation);
    throw fault;
  }
}

async function lookedAt(order, seen, report) {
  return (makeRoomFor(order) && (await streamed(order, seen, report))) || api.generation(order.id);
}

/** Makes room for the stream of an order. The oldest one that has a stream is looked at from time to time instead. */
function makeRoomFor(order) {
  if (followed.size < STREAMS) return true;
  const [oldest, stop] = [...followed].reduce((one, other) => (one[0].at <= other[0].at ? one : other));
  if (oldest.at >= order.at) return false;
  followed.delete(oldest);
  stop.abort();
  return true;
}

/** What a stream of events gives as the end; undefined if it ends before, or has to make room. */
async function streamed(order, seen, report) {
  const stop = new AbortController();
  followed.set(order, stop);
  try {
    const stream = await api.events(order.id, seen.lastEventId, stop.signal);
    if (!stream) return;
    for await (const event of eventsIn(stream)) {
      seen.lastEventId = event.id ?? seen.lastEventId;
      if (event.type === "progress") report(event.data);
      if (event.type === "done") return event.data;
    }
  } catch (fault) {
    if (!stop.signal.aborted) throw fault instanceof Problem ? fault : new ConnectionLost(fault.message);
  } finally {
    if (followed.get(order) === stop) followed.delete(order);
  }
}

async function persistently(ask, report) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (fault) {
      if (!(fault instanceof ConnectionLost)) throw fault;
      report({ lost: true });
      await pause(PAUSES[Math.min(tries, PAUSES.length - 1)]);
    }
  }
}
