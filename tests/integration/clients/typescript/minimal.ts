// The smallest orders that each model accepts, in both APIs.

import type { components } from "./widest.ts";

type Order = components["schemas"]["Order"];
type ImagesRequest = components["schemas"]["ImagesRequest"];

export const orders: Order[] = [
  { version: "v2.0", prompt: "a fox", width: 512, height: 512 },
  { version: "listed", prompt: "a fox", width: 1024, height: 1024 },
];
export const requests: ImagesRequest[] = [
  { model: "v2.0", prompt: "a fox" },
  { model: "listed", prompt: "a fox" },
];

// @ts-expect-error  the prompt is required
export const without: Order = { version: "v2.0", width: 512, height: 512 };
