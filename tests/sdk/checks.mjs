// What the drivers beside this file need to say what they found.
import assert from "node:assert/strict";

// One named check: its body throws when something is wrong.
export async function check(name, body) {
  const began = performance.now();
  await body();
  console.log(JSON.stringify({ check: name, ok: true, ms: Math.round(performance.now() - began) }));
}

export async function until(condition, what) {
  for (let left = 600; left > 0; --left) {
    if (condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`${what}: not within 30 s`);
}

// The text of a tool's result, which must not be an error.
export function textOf(result) {
  const text = result.content.filter((part) => part.type === "text").map((part) => part.text).join("\n");
  assert.ok(!result.isError, `the tool reported an error: ${text}`);
  return text;
}
