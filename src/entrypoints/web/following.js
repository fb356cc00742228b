/** What becomes of an order, from the moment that it leaves to its end, whatever happens to the connection. */

import * as api from "./api.js";
import { ConnectionLost, Problem } from "./api.js";
import { eventsIn } from "./event_stream.js";
import { pause } from "./pausing.js";
import { accepted } from "./pending.js";

const LOOK_AGAIN = 1500; // milliseconds between two looks at a generation that has no stream of events
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000]; // milliseconds between two tries to reach the service

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
    const generation = await persistently(() => lookedAt(order.id, seen, report), report);
    if (generation.finished_at) return generation;
    report(generation);
    await pause(LOOK_AGAIN);
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

async function lookedAt(id, seen, report) {
  const stream = await api.events(id, seen.lastEventId);
  if (stream) {
    try {
      for await (const event of eventsIn(stream)) {
        seen.lastEventId = event.id ?? seen.lastEventId;
        if (event.type === "progress") report(event.data);
        if (event.type === "done") return event.data;
      }
    } catch (fault) {
      throw new ConnectionLost(fault.message);
    }
  }
  return api.generation(id);
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
