// Talks through a gateway with the official MCP client, as a user's program would.
//
//   node client.mjs URL AGENT_ID everything
//   node client.mjs URL AGENT_ID filesystem DIRECTORY
//   node client.mjs URL AGENT_ID parallel CLIENTS [CALLS]
//   node client.mjs URL AGENT_ID call TOOL [ARGUMENTS_AS_JSON]
//
// Prints one JSON line per check and exits with 0, or stops at the first wrong answer with 1.
// An agent id of "-" is read from the variable DRAWBRIDGE_AGENT_ID, so that it stands in no argument list.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";

const [url, agent, scenario, ...rest] = process.argv.slice(2);
if (!scenario) {
  console.error("usage: client.mjs URL AGENT_ID everything|filesystem|parallel|call [ARGUMENT...]");
  process.exit(2);
}
const agentId = agent === "-" ? process.env.DRAWBRIDGE_AGENT_ID : agent;

async function connect(name = "drawbridge-test") {
  const client = new Client({ name, version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { Authorization: agentId } },
  });
  await client.connect(transport);
  return client;
}

// One named check: its body throws when something is wrong and may return details for the record.
async function check(name, body) {
  const began = performance.now();
  try {
    const detail = await body();
    console.log(JSON.stringify({ check: name, ok: true, ms: Math.round(performance.now() - began), ...detail }));
  } catch (error) {
    console.log(JSON.stringify({ check: name, ok: false, error: String(error?.message ?? error) }));
    throw new Error(`check '${name}': ${error?.stack ?? error}`);
  }
}

// The text of a tool's result, which must not be an error.
function textOf(result) {
  const text = result.content.filter((part) => part.type === "text").map((part) => part.text).join("\n");
  assert.ok(!result.isError, `the tool reported an error: ${text}`);
  return text;
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail("an error was expected");
}

async function everything() {
  let client;
  await check("initialize", async () => {
    client = await connect();
    assert.equal(typeof client.getServerVersion().name, "string");
    assert.ok(client.getServerCapabilities().tools);
    return { server: client.getServerVersion().name, instructions: Boolean(client.getInstructions()) };
  });
  await check("ping", async () => {
    await client.ping();
  });
  await check("tools/list", async () => {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    for (const name of ["echo", "get-sum", "get-structured-content", "get-tiny-image"]) {
      assert.ok(names.includes(name), `${name} is missing in ${names}`);
    }
    return { tools: names.length };
  });
  await check("tools/call echo", async () => {
    const message = 'quotes " and \\ and \u2028, umlauts äöü, 漢字, 🌉';
    assert.ok(textOf(await client.callTool({ name: "echo", arguments: { message } })).includes(message));
  });
  await check("tools/call get-sum", async () => {
    assert.match(textOf(await client.callTool({ name: "get-sum", arguments: { a: 2, b: 40 } })), /\b42\b/);
  });
  await check("tools/call get-structured-content", async () => {
    const result = await client.callTool({ name: "get-structured-content", arguments: { location: "New York" } });
    textOf(result);
    assert.equal(typeof result.structuredContent.temperature, "number");
    return { structuredContent: result.structuredContent };
  });
  await check("tools/call get-tiny-image", async () => {
    const result = await client.callTool({ name: "get-tiny-image", arguments: {} });
    const image = result.content.find((part) => part.type === "image");
    assert.equal(image.mimeType, "image/png");
    assert.ok(Buffer.from(image.data, "base64").subarray(1, 4).equals(Buffer.from("PNG")));
  });
  await check("a large argument comes back whole", async () => {
    const message = "x".repeat(1_000_000);
    assert.equal(textOf(await client.callTool({ name: "echo", arguments: { message } })).match(/x+/g).at(-1).length, 1_000_000);
  });
  await check("resources/list and resources/read", async () => {
    const { resources } = await client.listResources();
    assert.ok(resources.length > 0);
    const { contents } = await client.readResource({ uri: resources[0].uri });
    assert.equal(contents[0].uri, resources[0].uri);
    return { resources: resources.length };
  });
  await check("resources/templates/list", async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    assert.ok(resourceTemplates.length > 0);
  });
  await check("prompts/list and prompts/get", async () => {
    const { prompts } = await client.listPrompts();
    const simple = prompts.find((prompt) => !prompt.arguments?.some((argument) => argument.required));
    const { messages } = await client.getPrompt({ name: simple.name });
    assert.ok(messages.length > 0);
    return { prompts: prompts.length };
  });
  await check("a tool that does not exist", async () => {
    // Servers answer with a JSON-RPC error or with a result that says isError; both must get through.
    const result = await client.callTool({ name: "no-such-tool", arguments: {} }).catch((error) => error);
    assert.ok(result instanceof McpError ? result.code === ErrorCode.InvalidParams : result.isError === true);
  });
  await check("a method that does not exist", async () => {
    const { z } = await import("zod");
    const error = await failure(client.request({ method: "no/such/method", params: {} }, z.object({})));
    assert.equal(error.code, ErrorCode.MethodNotFound);
  });
  await client.close();
}

async function filesystem([directory]) {
  assert.ok(directory, "filesystem needs the directory that the server may use");
  const client = await connect();
  const path = `${directory}/note-${process.pid}.txt`;
  const content = `written through the gateway by ${process.pid}\n`;
  await check("list_allowed_directories", async () => {
    const text = textOf(await client.callTool({ name: "list_allowed_directories", arguments: {} }));
    assert.ok(text.includes(directory), text);
  });
  await check("write_file", async () => {
    textOf(await client.callTool({ name: "write_file", arguments: { path, content } }));
  });
  await check("read_text_file", async () => {
    assert.equal(textOf(await client.callTool({ name: "read_text_file", arguments: { path } })), content);
    return { path };
  });
  await check("list_directory", async () => {
    const text = textOf(await client.callTool({ name: "list_directory", arguments: { path: directory } }));
    assert.ok(text.includes(`note-${process.pid}.txt`), text);
  });
  await check("outside is refused", async () => {
    const result = await client.callTool({ name: "read_text_file", arguments: { path: "/etc/passwd" } });
    assert.equal(result.isError, true);
  });
  await client.close();
}

// Every client numbers its requests from 0, so their ids collide on the one server behind the gateway.
async function parallel([clients = "8", calls = "10"]) {
  await check(`${clients} clients with ${calls} calls each`, async () => {
    const connected = await Promise.all([...Array(Number(clients)).keys()].map((n) => connect(`client-${n}`)));
    const answers = connected.flatMap((client, n) =>
      [...Array(Number(calls)).keys()].map(async (m) => {
        const message = `client ${n} call ${m} end`;
        const text = textOf(await client.callTool({ name: "echo", arguments: { message } }));
        assert.ok(text.includes(message), `'${message}' was answered with '${text}'`);
      }),
    );
    await Promise.all(answers);
    await Promise.all(connected.map((client) => client.close()));
    return { answers: answers.length };
  });
}

async function call([tool, text = "{}"]) {
  const client = await connect();
  await check(`tools/call ${tool}`, async () => ({
    result: await client.callTool({ name: tool, arguments: JSON.parse(text) }),
  }));
  await client.close();
}

const scenarios = { everything, filesystem, parallel, call };
try {
  assert.ok(scenarios[scenario], `unknown scenario: ${scenario}`);
  await scenarios[scenario](rest);
} catch (error) {
  console.error(String(error?.message ?? error));
  process.exit(1);
}
process.exit(0);
