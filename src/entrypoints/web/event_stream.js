/** Server-sent events (HTML Living Standard, 9.2.6) from a request with a header, which EventSource cannot send. */

/** Yields `{ id, type, data }` for each event of a body, `data` parsed as JSON. */
export async function* eventsIn(body) {
  let rest = "";
  let event = { type: "message", data: [] };
  for await (const text of textOf(body)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines.map((whole) => whole.replace(/\r$/, ""))) {
      if (line === "") {
        if (event.data.length) yield { ...event, data: JSON.parse(event.data.join("\n")) };
        event = { type: "message", data: [] };
      }
      const [, field, value] = line.match(/^([^:]+):? ?(.*)$/) ?? [];
      if (field === "data") event.data.push(value);
      if (field === "event") event.type = value;
      if (field === "id") event.id = value;
    }
  }
}

async function* textOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {}); // a broken stream cannot be cancelled, and need not be
  }
}
