// Draws with OpenAI's SDK for Node or with the AI SDK, once for each order, and says in JSON what came of it.

const [sdk, orders] = [process.argv[2], JSON.parse(process.argv[3])];

async function openai({ base_url, api_key, model, prompt, size, n, extra, headers }) {
  const { default: OpenAI } = await import("openai");
  const client = new OpenAI({ baseURL: base_url, apiKey: api_key, maxRetries: 0 });
  const drawn = await client.images.generate({ model, prompt, size, n, ...extra }, { headers });
  const models = [];
  for await (const one of client.models.list()) models.push(one.id);
  return { images: drawn.data.map(({ url, b64_json }) => ({ url, b64_json })), models };
}

async function ai({ base_url, api_key, model, prompt, size, n, extra, headers }) {
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  const { generateImage } = await import("ai");
  const provider = createOpenAICompatible({ name: "darkroom", baseURL: base_url, apiKey: api_key });
  const providerOptions = { darkroom: extra ?? {} };
  const drawn = await generateImage({
    model: provider.imageModel(model),
    ...{ prompt, size, n, providerOptions, headers, maxRetries: 0 },
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
