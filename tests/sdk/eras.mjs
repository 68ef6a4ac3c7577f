// One official client with a fixture of the conformance tests, through the gateway: whatever the eras of the two
// are, the client must see the same.
//
//   node eras.mjs CLIENT URL AGENT_ID
//
//   CLIENT    1.32-legacy, 2.4-legacy or 2.4-modern
//
// Prints one JSON line per check and exits with 0, or stops at the first wrong answer with 1.
import assert from "node:assert/strict";

import { check, until } from "./checks.mjs";
import { open } from "./era_clients.mjs";

const [kind, url, agentId] = process.argv.slice(2);
const name = `client-${kind}`;
const watched = "test://watched-resource";
const toolsChanged = "notifications/tools/list_changed";
const promptsChanged = "notifications/prompts/list_changed";
const updated = "notifications/resources/updated";
const accepted = (content) => ({ action: "accept", content });
const sampled = (prompt) => ({
  model: "m", role: "assistant", content: { type: "text", text: `${name} read: ${prompt}` } });

let client;
await check("connects in its era", async () => {
  client = await open(kind, { url, agentId, name });
  assert.equal(client.client.getServerVersion().name, "conformance-fixture");
  assert.deepEqual(client.client.getServerCapabilities().tools, { listChanged: true });
});
const asksOf = async (tool, args) => JSON.parse(await client.call(tool, args));

await check("tools", async () => {
  const { tools } = await client.client.listTools();
  const schema = tools.find((each) => each.name === "json_schema_2020_12_tool").inputSchema;
  assert.equal(schema.$defs.address.$anchor, "addressDef");
  assert.match(await client.call("test_simple_text"), /simple text response/);
  const values = { region: "Zürich 漢字", count: -7, urgent: true, place: { zone: " =?base64?eA==?= " } };
  assert.deepEqual(JSON.parse(await client.call("test_mirrored_headers", values)), values);
  assert.equal((await client.result("test_error_handling")).isError, true);
  await assert.rejects(client.result("no_such_tool"), { code: -32602 });
});
await check("resources, prompts and completion", async () => {
  const { resources } = await client.client.listResources();
  assert.ok(resources.some(({ uri }) => uri === watched));
  const { contents } = await client.client.readResource({ uri: "test://template/7/data" });
  assert.equal(JSON.parse(contents[0].text).id, "7");
  const { messages } = await client.client.getPrompt({
    name: "test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" } });
  assert.match(messages[0].content.text, /arg1='a', arg2='b'/);
  const { completion } = await client.client.complete({
    ref: { type: "ref/prompt", name: "test_prompt_with_arguments" }, argument: { name: "arg1", value: "par" } });
  assert.deepEqual(completion.values, ["paris", "park", "party"]);
});
await check("progress", async () => {
  const steps = [];
  await client.call("test_tool_with_progress", {}, { onprogress: ({ progress }) => void steps.push(progress) });
  assert.deepEqual(steps, [0, 50, 100]);
});
await check("sampling", async () => {
  assert.equal(await client.call("test_sampling", { prompt: "a prompt" }), `LLM response: ${name} read: a prompt`);
});
await check("elicitation, and the user who declines", async () => {
  const user = accepted({ username: `username of ${name}`, email: `email of ${name}` });
  assert.equal(await client.call("test_elicitation", { message: "m" }), `User response: ${JSON.stringify(user)}`);
  const accepts = client.answers["elicitation/create"];
  client.answers["elicitation/create"] = () => ({ action: "decline" });
  assert.equal(await client.call("test_elicitation", { message: "m" }), 'User response: {"action":"decline"}');
  client.answers["elicitation/create"] = accepts;
});
await check("three questions at once, two one after the other, one by a prompt", async () => {
  assert.deepEqual(await asksOf("test_input_required_result_multiple_inputs"), {
    user_name: accepted({ name: `name of ${name}` }), greeting: sampled("Generate a greeting"),
    client_roots: { roots: [{ uri: `file:///${name}`, name }] } });
  assert.deepEqual(await asksOf("test_input_required_result_multi_round"), {
    step1: accepted({ name: `name of ${name}` }), step2: accepted({ color: `color of ${name}` }) });
  const { messages } = await client.client.getPrompt({ name: "test_input_required_result_prompt" });
  assert.equal(messages[0].content.text, `Context: context of ${name}`);
});
await check("progress before a question", async () => {
  const steps = [];
  await client.call("test_streaming_elicitation", {}, { onprogress: ({ progress }) => void steps.push(progress) });
  assert.equal(steps[0], 50); // a server without sessions starts anew when it has the answer, and says it again
});
await check("changes of lists", async () => {
  await client.watch();
  await client.call("test_trigger_tool_change");
  await client.call("test_trigger_prompt_change");
  await until(() => client.count(toolsChanged) > 0 && client.count(promptsChanged) > 0, "changes of lists");
});
await check("updates of a resource, for as long as it is watched", async () => {
  await client.watch(watched);
  await client.call("test_trigger_resource_update");
  await until(() => client.count(updated) > 0, "an update");
  await client.watch();
  const changes = client.count(toolsChanged);
  await client.call("test_trigger_resource_update");
  await client.call("test_trigger_tool_change");
  await until(() => client.count(toolsChanged) > changes, "the change after the update");
  const uris = client.heard.filter(({ method }) => method === updated).map(({ params }) => params.uri);
  assert.deepEqual(uris, [watched]);
});
await check("a call is cancelled, and the server knows", async () => {
  const before = Number(await client.call("test_cancellations"));
  const abort = new AbortController();
  const running = client.result("test_wait", { milliseconds: 30_000 },
    { signal: abort.signal, onprogress: () => abort.abort("enough") });
  await assert.rejects(running, /enough/);
  let now = before;
  for (let left = 100; left > 0 && now === before; --left) now = Number(await client.call("test_cancellations"));
  assert.equal(now, before + 1);
});
await check("a call is cancelled while it waits for an answer, and the next is asked anew", async () => {
  const accepts = client.answers["elicitation/create"];
  const abort = new AbortController();
  client.answers["elicitation/create"] = async () => {
    abort.abort("enough");
    await new Promise((done) => setTimeout(done, 50));
    return accepted({ name: "too late" });
  };
  await assert.rejects(client.result("test_input_required_result_elicitation", {}, { signal: abort.signal }), /enough/);
  client.answers["elicitation/create"] = accepts;
  assert.equal(await client.call("test_input_required_result_elicitation"), `Hello, name of ${name}!`);
  await new Promise((done) => setTimeout(done, 50));
  assert.equal(await client.call("test_input_required_result_elicitation"), `Hello, name of ${name}!`);
  assert.equal(await client.call("test_sampling", { prompt: "p" }), `LLM response: ${name} read: p`);
});
await check("it leaves", () => client.close());
process.exit(0);
