// Draws with OpenAI's SDK for Node or with the AI SDK, once for each order, and prints the results as JSON. A `patient`
// order uses the SDK's default retries; `seconds` is its timeout.

const [sdk, orders] = [process.argv[2], JSON.parse(process.argv[3])];

const once = ({ patient }) => (patient ? {} : { maxRetries: 0 });

// Fails after `seconds` as Node's own fetch does at its timeout of five minutes.
async function impatient(seconds, url, options) {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(seconds * 1000) });
  } catch (cause) {
    throw new TypeError("fetch failed", { cause });
  }
}

async function openai({ base_url, api_key, model, prompt, size, n, extra, headers, seconds, ...order }) {
  const { default: OpenAI } = await import("openai");
  const timeout = seconds ? { timeout: seconds * 1000 } : {};
  const client = new OpenAI({ baseURL: base_url, apiKey: api_key, ...once(order), ...timeout });
  const drawn = await client.images.generate({ model, prompt, size, n, ...extra }, { headers });
  const models = [];
  for await (const one of client.models.list()) models.push(one.id);
  return { images: drawn.data.map(({ url, b64_json }) => ({ url, b64_json })), models };
}

async function ai({ base_url, api_key, model, prompt, size, n, extra, headers, seconds, ...order }) {
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  const { generateImage } = await import("ai");
  const fetching = seconds ? { fetch: (url, options) => impatient(seconds, url, options) } : {};
  const provider = createOpenAICompatible({ name: "darkroom", baseURL: base_url, apiKey: api_key, ...fetching });
  const providerOptions = { darkroom: extra ?? {} };
  const drawn = await generateImage({
    model: provider.imageModel(model),
    ...{ prompt, size, n, providerOptions, headers, ...once(order) },
  });
  return { images: drawn.images.map(({ base64 }) => ({ b64_json: base64 })) };
}

const told = [];
for (const order of orders) {
  try {
    told.push(await { openai, ai }[sdk](order));
  } catch (error) {
    told.push({ failed: error.name ?? error.constructor.name, kind: error.constructor.name, said: error.message });
  }
}
console.log(JSON.stringify(told));
