// The client in front of the gateway while the suite looks at what the gateway sends behind: does what the
// scenario named by MCP_CONFORMANCE_SCENARIO wants done, with the official client of the second generation.
//
//   node gateway_client.mjs legacy|modern AGENT_ID URL
import assert from 'node:assert/strict';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [era, agentId, url] = process.argv.slice(2);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');

const client = new Client({ name: 'drawbridge-test', version: '1.0.0' }, {
  capabilities: { elicitation: { form: { applyDefaults: true } } },
  versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } });
const call = (name, values = {}) => client.callTool({ name, arguments: values });
const textOf = (result) => result.content[0].text;

let asked = 0;
client.setRequestHandler('elicitation/create', async () => {
  // A call of another tool meanwhile must not take along what belongs to the one that asks.
  if (scenario === 'sep-2322-client-request-state' && ++asked === 1)
    assert.equal(textOf(await call('test_mrtr_unrelated')), 'unrelated-ok');
  const content = scenario === 'sep-2322-client-request-state' ? { confirmed: true } : {};
  return { action: 'accept', content };
});

async function callListed() {
  const { tools } = await client.listTools();
  for (const { name, inputSchema } of tools) {
    const names = Object.keys(inputSchema.properties ?? {});
    await call(name, Object.fromEntries(names.map((each) => [each, 'x'])));
  }
  return tools.map(({ name }) => name);
}

const scenarios = {
  initialize: () => client.listTools(),
  'json-schema-ref-no-deref': () => client.listTools(),
  // The server has no tools at all.
  'request-metadata': () => client.listTools().catch(() => {}),
  tools_call: async () => {
    await client.listTools();
    assert.equal(textOf(await call('add_numbers', { a: 5, b: 3 })), 'The sum of 5 and 3 is 8');
  },
  'elicitation-sep1034-client-defaults': async () => {
    await client.listTools();
    assert.match(textOf(await call('test_client_elicitation_defaults')), /John Doe/);
  },
  'sse-retry': async () => {
    await client.listTools();
    assert.match(textOf(await call('test_reconnection')), /success/);
  },
  'http-standard-headers': async () => {
    assert.deepEqual(await callListed(), ['test_headers', 'my-hyphenated-tool']);
    for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
  },
  'http-custom-headers': async () => {
    await client.listTools();
    for (const { name, arguments: values } of context.toolCalls) await call(name, values);
  },
  'http-invalid-tool-headers': async () => assert.deepEqual(await callListed(), ['valid_tool']),
  'json-schema-2020-12-preservation': async () => {
    const { tools } = await client.listTools();
    const { inputSchema } = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
    await call('json_schema_echo', { schema: inputSchema });
  },
  'sep-2322-client-request-state': async () => {
    await client.listTools();
    assert.equal(textOf(await call('test_mrtr_echo_state')), 'echo-state-ok');
    assert.equal(textOf(await call('test_mrtr_no_state')), 'no-state-ok');
    // The server leaves resultType out. Whether the gateway puts it in or not, a client of sessions never sees it;
    // the one of 2026-07-28 refuses a result without it.
    const untyped = call('test_mrtr_no_result_type');
    if (era === 'modern') await untyped.catch(({ code }) => assert.equal(code, 'INVALID_RESULT'));
    else assert.equal(textOf(await untyped), 'no-result-type-test-ok');
  },
};

await client.connect(new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: agentId } } }));
await scenarios[scenario]();
await client.close();
process.exit(0);
