/**
 * Orders that are on their way: kept in the tab's session storage, so that after a reload the same order is asked for
 * under the same key, and paid once. Kept without the token; whose they are tells its subject.
 */

const KEPT = "darkroom.pending";

// The service keeps a key for 24 hours. One that is nearly as old could stand for a new order by the time it arrives.
const FRESH = 23 * 60 * 60 * 1000; // milliseconds

/** A new order: `fields` as the service takes them. */
export function remember(subject, fields) {
  const order = { key: newKey(), subject, fields, at: Date.now() };
  write([...read(), order]);
  return order;
}

/** The generation that an order has become. */
export function accepted(order, id) {
  order.id = id;
  write(read().map((kept) => (kept.key === order.key ? order : kept)));
}

/** An order that needs not be asked for again. */
export function forget(order) {
  write(read().filter((kept) => kept.key !== order.key));
}

/** The orders of a caller that are on their way, oldest first. */
export function pendingOf(subject) {
  return read().filter((order) => order.subject === subject && Date.now() - order.at < FRESH);
}

/** A key for an order: `crypto.randomUUID` is there on secure origins only, and a darkroom at home may have a plain one. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const read = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
const write = (orders) => sessionStorage.setItem(KEPT, JSON.stringify(orders));
