// The official client of the second generation, which falls back to sessions by itself.
//
//   node modern.mjs URL AGENT_ID
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, agentId] = process.argv.slice(2);
const client = new Client(
  { name: "drawbridge-test", version: "1.0.0" }, { capabilities: { sampling: {}, elicitation: {} } });
client.setRequestHandler("sampling/createMessage", () => ({
  model: "m", role: "assistant", content: { type: "text", text: "sampled" } }));
const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: agentId } } });
await client.connect(transport);
assert.match(transport.sessionId, /^[0-9a-f]{32}$/);
assert.ok((await client.listTools()).tools.length > 5);
const echo = await client.callTool({ name: "echo", arguments: { message: "x" } });
assert.equal(echo.content[0].text, "Echo: x");
const asked = await client.callTool({ name: "trigger-sampling-request", arguments: { prompt: "p", maxTokens: 5 } });
assert.match(JSON.stringify(asked.content), /sampled/);
await client.close();
console.log(JSON.stringify({ check: "SDK 2.4", ok: true }));
process.exit(0);
