// Calls tools as an agent does and prints the results as JSON. `mode` is `legacy` for @modelcontextprotocol/sdk, whose
// revisions begin with a handshake, or `auto` for @modelcontextprotocol/client, which supports 2026-07-28.

const { server, calls, mode } = JSON.parse(process.argv[2]);
const auto = mode === "auto";
const [{ Client }, { StdioClientTransport }, { StreamableHTTPClientTransport }] = await Promise.all([
  import(auto ? "@modelcontextprotocol/client" : "@modelcontextprotocol/sdk/client/index.js"),
  import(auto ? "@modelcontextprotocol/client/stdio" : "@modelcontextprotocol/sdk/client/stdio.js"),
  import(auto ? "@modelcontextprotocol/client" : "@modelcontextprotocol/sdk/client/streamableHttp.js"),
]);
const headers = server.token ? { Authorization: `Bearer ${server.token}` } : {};
const transport = server.url
  ? new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } })
  : new StdioClientTransport({ ...server, stderr: "inherit" });
const client = new Client({ name: "a test", version: "1" }, auto ? { versionNegotiation: { mode } } : {});

const told = { results: [] };
try {
  await client.connect(transport);
  told.revision = auto ? client.getNegotiatedProtocolVersion() : (transport.protocolVersion ?? null);
  told.server = client.getServerVersion().name;
  told.tools = (await client.listTools()).tools;
  for (const { name, arguments: given, seconds } of calls) {
    const options = seconds ? { timeout: seconds * 1000 } : {};
    const asked = { name, arguments: given };
    try {
      told.results.push(await (auto ? client.callTool(asked, options) : client.callTool(asked, undefined, options)));
    } catch (error) {
      told.results.push({ failed: error.name, code: error.code, said: error.message });
    }
  }
  await client.close();
} catch (error) {
  told.failed = { name: error.name, code: error.code, said: error.message };
}
process.stdout.write(JSON.stringify(told), () => process.exit(0)); // exit when all output is written
