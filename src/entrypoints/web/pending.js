/**
 * Orders in progress, kept in the tab's session storage, so that after a reload the same order is repeated under the
 * same key, and paid for once. They are kept with the token's subject, not with the token.
 */

const KEPT = "darkroom.pending";

// The service keeps a key for 24 hours. An older key could count as a new order when it arrives.
const FRESH = 23 * 60 * 60 * 1000; // milliseconds

/** Adds an order with the fields of the API, and returns it. */
export function remember(subject, fields) {
  const order = { key: newKey(), subject, fields, at: Date.now() };
  write([...read(), order]);
  return order;
}

/** Notes the generation of an order. */
export function accepted(order, id) {
  order.id = id;
  write(read().map((kept) => (kept.key === order.key ? order : kept)));
}

/** Forgets an order that need not be repeated. */
export function forget(order) {
  write(read().filter((kept) => kept.key !== order.key));
}

/** Returns a caller's orders in progress, oldest first. */
export function pendingOf(subject) {
  return read().filter((order) => order.subject === subject && Date.now() - order.at < FRESH);
}

/** Returns a key for an order. Plain http, which a service at home may use, has no `crypto.randomUUID`. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const read = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
const write = (orders) => sessionStorage.setItem(KEPT, JSON.stringify(orders));
