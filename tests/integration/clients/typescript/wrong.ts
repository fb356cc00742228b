// Each line is one mistake that the types must reject.

import type { components } from "./darkroom.ts";

type Order = components["schemas"]["Order"];

// @ts-expect-error  an unknown model
export const unknown: Order = { version: "v9", prompt: "a fox", width: 96, height: 64 };
// @ts-expect-error  a string is not a number
export const lettered: Order = { version: "sketch", prompt: "a fox", width: "96", height: 64 };
// @ts-expect-error  the prompt is missing
export const silent: Order = { version: "sketch", width: 96, height: 64 };
