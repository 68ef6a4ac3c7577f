// All official clients, two of each kind, with one fixture of the conformance tests through one route of the
// gateway, all at the same time. Every client numbers its requests and its progress tokens from 0, so they
// collide; nobody may get what belongs to somebody else.
//
//   node eras_crowd.mjs URL AGENT_ID
//
// Prints one JSON line per check and exits with 0, or stops at the first wrong answer with 1.
import assert from "node:assert/strict";

import { check, until } from "./checks.mjs";
import { kinds, open } from "./era_clients.mjs";

const [url, agentId] = process.argv.slice(2);
const watched = "test://watched-resource";
const toolsChanged = "notifications/tools/list_changed";
const updated = "notifications/resources/updated";
const all = (clients, body) => Promise.all(clients.map(body));

// One request of 2026-07-28 as it is on the wire: with the id and the progress token that it is given.
async function post(id, method, target, name) {
  const params = {
    [name]: target,
    _meta: {
      progressToken: "same", "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {} } };
  const response = await fetch(url, {
    method: "POST",
    headers: {
      Authorization: agentId, Accept: "application/json, text/event-stream", "Content-Type": "application/json",
      "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": target },
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params }) });
  const text = await response.text();
  const lines = text.startsWith("{") ? [text] : [...text.matchAll(/^data: ?(.+)$/gm)].map(([, line]) => line);
  const messages = lines.map((line) => JSON.parse(line));
  assert.ok(messages.at(-1).result, text);
  assert.strictEqual(messages.at(-1).id, id);
  return messages;
}

let clients;
await check("they connect at once", async () => {
  const names = kinds.flatMap((kind) => ["a", "b"].map((each) => [kind, `${each}-${kind}`]));
  clients = await all(names, ([kind, name]) => open(kind, { url, agentId, name }));
});
const [ones, others] = ["a", "b"].map((which) => clients.filter(({ name }) => name.startsWith(which)));

await check("everybody gets the own answers, progress and questions", async () => {
  await all(clients, async (client) => {
    const { name } = client;
    const steps = [];
    const values = { region: name, place: { zone: name } };
    const [echo, , answer] = await Promise.all([
      client.call("test_mirrored_headers", values),
      client.call("test_tool_with_progress", {}, { onprogress: ({ progress }) => void steps.push(progress) }),
      client.call("test_sampling", { prompt: name })]);
    assert.deepEqual(JSON.parse(echo), values);
    assert.deepEqual(steps, [0, 50, 100]);
    assert.equal(answer, `LLM response: ${name} read: ${name}`);
    const user = { action: "accept", content: { username: `username of ${name}`, email: `email of ${name}` } };
    assert.equal(await client.call("test_elicitation", { message: "m" }), `User response: ${JSON.stringify(user)}`);
  });
  const common = clients[0].ids.filter((id) => clients.every(({ ids }) => ids.includes(id)));
  assert.ok(common.length > 0, "no id was used by all of them");
});
await check("requests without a session that have the same id, as a number and as a text", async () => {
  await all([...Array(8).keys()], async (n) => {
    const id = n % 2 ? 1 : "1";
    const [read] = await post(id, "resources/read", `test://template/${n}/data`, "uri");
    assert.equal(JSON.parse(read.result.contents[0].text).id, String(n));
    const progress = (await post(id, "tools/call", "test_tool_with_progress", "name")).slice(0, -1);
    assert.deepEqual(progress.map(({ params }) => [params.progressToken, params.progress]),
      [["same", 0], ["same", 50], ["same", 100]]);
  });
});
await check("updates reach those who watch, and nobody else", async () => {
  await all(ones, (client) => client.watch(watched));
  await all(others, (client) => client.watch());
  await all(clients, (client) => client.call("test_trigger_resource_update"));
  await all(ones, (client) => until(() => client.count(updated) > 0, `an update for ${client.name}`));
  await all(clients, (client) => client.call("test_trigger_tool_change"));
  await all(clients, (client) => until(() => client.count(toolsChanged) > 0, `a change for ${client.name}`));
  for (const each of others) assert.equal(each.count(updated), 0, `${each.name} watches nothing`);
});
await check("who cancels or leaves ends no call of another one", async () => {
  const running = [];
  const began = all(clients, (client) => new Promise((began) => {
    const abort = new AbortController();
    const call = client.result("test_wait", { milliseconds: ones.includes(client) ? 30_000 : 1_500 },
      { signal: abort.signal, onprogress: () => began() });
    running.push({ client, abort, call });
    call.catch(() => {}); // looked at below
  }));
  await began;
  const [given, kept] = [ones, others].map((part) => running.filter(({ client }) => part.includes(client)));
  for (const { abort, call } of given) {
    abort.abort("enough");
    await assert.rejects(call, /enough/);
  }
  await all(given, ({ client }) => client.close());
  for (const { call } of kept) assert.equal((await call).content[0].text, "Waited");
  await all(others, async (client) =>
    assert.equal(await client.call("test_sampling", { prompt: "p" }), `LLM response: ${client.name} read: p`));
});
await check("they leave", () => all(others, (client) => client.close()));
process.exit(0);
