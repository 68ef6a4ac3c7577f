// A client with every capability, in a session of its own, with the official server-everything: what a server
// asks of its client, what it says by itself, and a stream that breaks.
//
//   node session.mjs URL AGENT_ID
//
// Prints one JSON line per check and exits with 0, or stops at the first wrong answer with 1.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as types from "@modelcontextprotocol/sdk/types.js";

import { check, until } from "./checks.mjs";

const [url, agentId] = process.argv.slice(2);

// Cuts the first event stream that answers a POST once `marker` has gone by.
let cutAt = null;
async function fetchAndCut(input, init) {
  const response = await fetch(input, init);
  if (!cutAt || init?.method !== "POST" || !response.headers.get("content-type")?.startsWith("text/event-stream"))
    return response;
  const marker = cutAt;
  cutAt = null;
  const reader = response.body.getReader();
  let seen = "";
  const body = new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      controller.enqueue(value);
      seen += new TextDecoder().decode(value);
      if (!seen.includes(marker)) return;
      await reader.cancel();
      controller.error(new Error("cut by the test"));
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

const client = new Client(
  { name: "drawbridge-test", version: "1.0.0" },
  { capabilities: { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } } });
const heard = [];
client.setRequestHandler(types.CreateMessageRequestSchema, ({ params }) => ({
  model: "m", role: "assistant", content: { type: "text", text: `sampled: ${params.messages.length}` } }));
client.setRequestHandler(types.ElicitRequestSchema, () => ({ action: "accept", content: { name: "bob" } }));
client.setRequestHandler(types.ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///tmp", name: "tmp" }] }));
for (const schema of [types.LoggingMessageNotificationSchema, types.ResourceUpdatedNotificationSchema])
  client.setNotificationHandler(schema, (message) => void heard.push(message.method));
const transport = new StreamableHTTPClientTransport(new URL(url), {
  fetch: fetchAndCut, requestInit: { headers: { Authorization: agentId } } });

async function call(name, args = {}, options = undefined) {
  const result = await client.callTool({ name, arguments: args }, undefined, options);
  return result.content.filter((part) => part.type === "text").map((part) => part.text).join("\n");
}

await check("a session is opened", async () => {
  await client.connect(transport);
  assert.match(transport.sessionId, /^[0-9a-f]{32}$/);
});
await check("sampling: the server asks, the client answers", async () =>
  assert.match(await call("trigger-sampling-request", { prompt: "hello", maxTokens: 10 }), /sampled: 1/));
await check("elicitation", async () => assert.match(await call("trigger-elicitation-request"), /bob/));
await check("roots", async () => assert.match(await call("get-roots-list"), /file:\/\/\/tmp/));
await check("progress", async () => {
  const steps = [];
  await call("trigger-long-running-operation", { duration: 1, steps: 4 },
    { onprogress: ({ progress }) => void steps.push(progress) });
  assert.deepEqual(steps, [1, 2, 3, 4]);
});
await check("log messages and resource updates reach the client", async () => {
  await client.setLoggingLevel("debug");
  await client.subscribeResource({ uri: "demo://resource/dynamic/text/1" });
  await call("toggle-simulated-logging");
  await call("toggle-subscriber-updates");
  await until(() => heard.includes("notifications/message"), "a log message");
  await until(() => heard.includes("notifications/resources/updated"), "an update");
});
await check("completion", async () => {
  const { prompts } = await client.listPrompts();
  const prompt = prompts.find((each) => each.name.includes("completable"));
  const { completion } = await client.complete({
    ref: { type: "ref/prompt", name: prompt.name }, argument: { name: prompt.arguments[0].name, value: "E" } });
  assert.ok(completion.values.length > 0);
});
await check("cancellation", async () => {
  const abort = new AbortController();
  const running = call("trigger-long-running-operation", { duration: 60, steps: 60 },
    { signal: abort.signal, onprogress: () => abort.abort("enough") });
  await assert.rejects(running, /enough/);
});
await check("a stream that breaks is resumed, and the answer arrives", async () => {
  cutAt = '"progress":1';
  const steps = [];
  const text = await call("trigger-long-running-operation", { duration: 4, steps: 4 },
    { onprogress: ({ progress }) => void steps.push(progress) });
  assert.match(text, /completed/);
  assert.deepEqual(steps, [1, 2, 3, 4]);
});
await check("the session ends", async () => {
  const id = transport.sessionId;
  await transport.terminateSession();
  const response = await fetch(url, {
    method: "POST",
    headers: { Authorization: agentId, "Content-Type": "application/json", "Mcp-Session-Id": id },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
  assert.equal(response.status, 404);
});
process.exit(0);
