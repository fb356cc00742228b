// What the types must not let through: each line is one mistake.

import type { components } from "./darkroom.ts";

type Order = components["schemas"]["Order"];

// @ts-expect-error  no such model
export const unknown: Order = { version: "v9", prompt: "a fox", width: 96, height: 64 };
// @ts-expect-error  a string is no number
export const lettered: Order = { version: "sketch", prompt: "a fox", width: "96", height: 64 };
// @ts-expect-error  no prompt
export const silent: Order = { version: "sketch", width: 96, height: 64 };
