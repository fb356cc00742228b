// Draws an image and reads a problem with a client whose types were generated from the service's own description.

import createClient from "openapi-fetch";
import type { components, paths } from "./darkroom.ts";

type Order = components["schemas"]["Order"];
type Problem = components["schemas"]["ProblemAnswer"];

const [url, token] = process.argv.slice(2);
const darkroom = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

const order: Order = { version: "sketch", prompt: "a fox", width: 96, height: 64, seed: [7] };
const drawn = await darkroom.POST("/api/images", { body: order, params: { header: { "Idempotency-Key": "a fox" } } });
if (drawn.error) throw new Error(drawn.error.title);
const images: components["schemas"]["Image"][] = drawn.data as components["schemas"]["Image"][];

const refused = await darkroom.POST("/api/images", { body: { ...order, width: 1 } });
const problem: Problem | undefined = refused.error;

const listed = await darkroom.GET("/api/generations", { params: { query: { limit: 1 } } });

console.log(
  JSON.stringify({
    images,
    problem: { type: problem?.type, charged: problem?.charged, errors: problem?.errors },
    prompt: listed.data?.items[0]?.order.prompt,
  }),
);
