/** Follows an order from its start to its end, whatever happens to the connection. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { eventsIn } from "./event_stream.js";
import { pause } from "./pausing.js";
import { accepted } from "./pending.js";

const LOOK_AGAIN = 1500; // milliseconds between two polls of a generation without an event stream
const STREAMS = 3; // browsers open at most six connections to a service (HTTP/1.1), for all tabs together
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000]; // milliseconds between two tries to reach the service

const followed = new Map(); // orders with an event stream, and the functions that close them
let looking = 0; // the number of orders that are polled

/**
 * Returns the generation of a pending order once it has ended. Until then `report` is called with its state,
 * `{ state, position, step, steps, seconds_left }` as far as known, with `{ unfinished: { index, image } }` for a picture
 * as far as it is drawn, or with `{ lost: true }` while the service does not answer.
 *
 * Repeating an order under the same key costs nothing, so it never gives up because of a lost connection.
 *
 * Throws Problem if the order was not accepted.
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
    // The generation itself shows its problem, together with the images that were stored.
    if (fault instanceof Problem && fault.generation) return api.generation(fault.generation);
    throw fault;
  }
}

async function lookedAt(order, seen, report) {
  return (makeRoomFor(order) && (await streamed(order, seen, report))) || api.generation(order.id);
}

/** Makes room for an order's event stream. The order with the oldest stream is polled instead. */
function makeRoomFor(order) {
  if (followed.size < STREAMS) return true;
  const [oldest, stop] = [...followed].reduce((one, other) => (one[0].at <= other[0].at ? one : other));
  if (oldest.at >= order.at) return false;
  followed.delete(oldest);
  stop.abort();
  return true;
}

/** Returns the generation of the event `done`; undefined if the stream ends before that, or has to make room. */
async function streamed(order, seen, report) {
  const stop = new AbortController();
  followed.set(order, stop);
  try {
    const stream = await api.events(order.id, seen.lastEventId, stop.signal);
    if (!stream) return;
    for await (const event of eventsIn(stream)) {
      seen.lastEventId = event.id ?? seen.lastEventId;
      if (event.type === "progress") report(event.data);
      if (event.type === "unfinished") await report({ unfinished: event.data });
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
