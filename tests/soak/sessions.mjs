// Opens sessions, calls in each, and vanishes without DELETE; then waits until the gateway has recovered.
//
//   node sessions.mjs URL AGENT_ID GATEWAY_PID SESSIONS
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";

const [url, agentId, pid, count] = process.argv.slice(2);
const parallel = 50;
const kib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;

async function post(message, session, signal) {
  const headers = {
    Authorization: agentId, "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
  if (session) headers["Mcp-Session-Id"] = session;
  return fetch(url, { method: "POST", headers, signal, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
}

// Every fiftieth declares sampling and so has a container of its own; every tenth holds a stream and drops it.
async function live(number) {
  const capabilities = number % 50 === 7 ? { sampling: {} } : {};
  const params = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "soak", version: "1" } };
  let opened;
  do opened = await post({ id: 0, method: "initialize", params }); while (opened.status === 503);
  assert.equal(opened.status, 200);
  const session = opened.headers.get("mcp-session-id");
  const answer = await opened.json();
  if (answer.error) return 0; // maxLinks: refused, in words
  await post({ method: "notifications/initialized" }, session);
  const call = { name: "echo", arguments: { text: `n${number}` } };
  const answered = await post({ id: 1, method: "tools/call", params: call }, session);
  assert.equal((await answered.json()).result.content[0].text, `n${number}`);
  if (number % 10 === 3) {
    const cut = new AbortController();
    const headers = { Authorization: agentId, Accept: "text/event-stream", "Mcp-Session-Id": session };
    await fetch(url, { headers, signal: cut.signal });
    cut.abort();
  }
  return 1;
}

async function until(condition, what) {
  for (let left = 1200; left > 0; --left) {
    if (condition()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`${what}: not within 2 minutes (${descriptors()} descriptors, ${kib()} KiB)`);
}

await live(0); // so that everything that is made once is there
const before = { descriptors: descriptors(), kib: kib() };
let next = 1;
let lived = 0;
await Promise.all(Array.from({ length: parallel }, async () => {
  while (next <= Number(count)) {
    const served = await live(next++);
    lived += served;
  }
}));
const peak = { descriptors: descriptors(), kib: kib() };
assert.ok(lived >= count * 0.9, `only ${lived} of ${count} sessions were served`);
await until(() => descriptors() <= before.descriptors + parallel + 2, "descriptors"); // kept connections of ours
// Freed memory stays with the allocator for a while: what matters is that sessions do not add up.
assert.ok(kib() <= before.kib + 16 * 1024, `${before.kib} KiB before, ${kib()} KiB after`);
console.log(JSON.stringify({ sessions: lived, before, peak, after: { descriptors: descriptors(), kib: kib() } }));
process.exit(0);
