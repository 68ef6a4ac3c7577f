// The official client of the second generation with the official server-everything, which knows sessions only:
// as it is by default it opens a session; when it may ask for the era it finds 2026-07-28, which the gateway
// speaks for every server, and opens none.
//
//   node modern.mjs URL AGENT_ID
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, agentId] = process.argv.slice(2);

async function session(versionNegotiation, era) {
  const client = new Client(
    { name: "drawbridge-test", version: "1.0.0" },
    { capabilities: { sampling: {}, elicitation: {} }, versionNegotiation });
  client.setRequestHandler("sampling/createMessage", () => ({
    model: "m", role: "assistant", content: { type: "text", text: "sampled" } }));
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { Authorization: agentId } } });
  await client.connect(transport);
  assert.equal(client.getProtocolEra(), era);
  assert.equal(client.getNegotiatedProtocolVersion(), era === "modern" ? "2026-07-28" : "2025-11-25");
  if (era === "modern") assert.equal(transport.sessionId, undefined);
  else assert.match(transport.sessionId, /^[0-9a-f]{32}$/);
  assert.ok((await client.listTools()).tools.length > 5);
  const echo = await client.callTool({ name: "echo", arguments: { message: "x" } });
  assert.equal(echo.content[0].text, "Echo: x");
  const asked = await client.callTool({ name: "trigger-sampling-request", arguments: { prompt: "p", maxTokens: 5 } });
  assert.match(JSON.stringify(asked.content), /sampled/);
  await client.close();
  console.log(JSON.stringify({ check: `SDK 2.4, ${era}`, ok: true }));
}

await session(undefined, "legacy");
await session({ mode: "auto" }, "modern");
process.exit(0);
