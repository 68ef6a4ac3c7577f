// The server that the official conformance suite needs, written with the official SDK: every tool, resource
// and prompt that its 2025-11-25 scenarios name.
//
//   node server.mjs              on stdin and stdout
//   node server.mjs --http       on http://127.0.0.1:PORT/mcp; the port is the first line on stdout
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const text = (value) => ({ type: 'text', text: value });
const only = (...content) => ({ content });
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const embedded = (uri, mimeType, value) => ({ type: 'resource', resource: { uri, mimeType, text: value } });
const nothing = { type: 'object', properties: {} };
const one = (name) => ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] });

// name: [description, input schema, what it does]
const tools = {
  test_simple_text: ['Text', nothing, () => only(text('This is a simple text response for testing.'))],
  test_image_content: ['An image', nothing, () => only({ type: 'image', data: png, mimeType: 'image/png' })],
  test_audio_content: ['A sound', nothing, () => only({ type: 'audio', data: wav, mimeType: 'audio/wav' })],
  test_embedded_resource: ['A resource', nothing, () =>
    only(embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'))],
  test_multiple_content_types: ['Several kinds of content', nothing, () =>
    only(text('Multiple content types test:'), { type: 'image', data: png, mimeType: 'image/png' },
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'))],
  test_error_handling: ['Fails', nothing, () =>
    ({ isError: true, content: [text('This tool intentionally returns an error for testing')] })],
  test_tool_with_logging: ['Logs while it works', nothing, async (_, extra) => {
    for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: line } });
      await pause(50);
    }
    return only(text('Tool with logging executed successfully'));
  }],
  test_tool_with_progress: ['Reports progress', nothing, async (_, extra) => {
    const progressToken = extra._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await extra.sendNotification({
          method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      await pause(50);
    }
    return only(text('Tool with progress executed successfully'));
  }],
  test_sampling: ['Asks the client for sampling', one('prompt'), async ({ prompt }, extra) => {
    const answer = await extra.sendRequest(
      { method: 'sampling/createMessage',
        params: { messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 } },
      types.CreateMessageResultSchema);
    return only(text(`LLM response: ${answer.content.text}`));
  }],
  test_elicitation: ['Asks the user', one('message'), async ({ message }, extra) => {
    const properties = {
      username: { type: 'string', description: "User's response" },
      email: { type: 'string', description: "User's email address" } };
    const answer = await elicit(extra, message, { properties, required: ['username', 'email'] });
    return only(text(`User response: ${JSON.stringify(answer)}`));
  }],
  test_elicitation_sep1034_defaults: ['Asks with defaults', nothing, (_, extra) =>
    completed(extra, 'Please review and update the form fields with defaults', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true } })],
  test_elicitation_sep1330_enums: ['Asks with enums', nothing, (_, extra) => {
    const values = (word) =>
      ['First', 'Second', 'Third'].map((title, at) => ({ const: `value${at + 1}`, title: `${title} ${word}` }));
    return completed(extra, 'Please select options from the enum fields', {
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: { type: 'string', oneOf: values('Option') },
      legacyEnum: {
        type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: { type: 'array', items: { anyOf: values('Choice') } } });
  }],
  test_reconnection: ['Closes its stream before it answers', nothing, async (_, extra) => {
    extra.closeSSEStream?.();
    await pause(100);
    return only(text('Reconnection test completed successfully'));
  }],
};

function elicit(extra, message, schema) {
  const requestedSchema = { type: 'object', ...schema };
  return extra.sendRequest(
    { method: 'elicitation/create', params: { message, requestedSchema } }, types.ElicitResultSchema);
}

async function completed(extra, message, properties) {
  const answer = await elicit(extra, message, { properties });
  return only(text(
    `Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`));
}

const resources = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: png },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched resource content' },
};

function read(uri) {
  if (resources[uri]) return { uri, ...resources[uri] };
  const id = /^test:\/\/template\/(.+)\/data$/.exec(uri)?.[1];
  if (!id) throw new types.McpError(-32002, 'Resource not found', { uri });
  const value = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
  return { uri, mimeType: 'application/json', text: value };
}

const says = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
const prompts = {
  test_simple_prompt: [[], () => says(text('This is a simple prompt for testing.'))],
  test_prompt_with_arguments: [['arg1', 'arg2'], ({ arg1, arg2 }) =>
    says(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  test_prompt_with_embedded_resource: [['resourceUri'], ({ resourceUri }) =>
    says(embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
      text('Please process the embedded resource above.'))],
  test_prompt_with_image: [[], () =>
    says({ type: 'image', data: png, mimeType: 'image/png' }, text('Please analyze the image above.'))],
};

function makeServer() {
  const capabilities = {
    tools: { listChanged: true }, resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true }, logging: {}, completions: {} };
  const server = new Server({ name: 'conformance-fixture', version: '1.0.0' }, { capabilities });
  const on = (schema, answer) => server.setRequestHandler(schema, answer);
  on(types.ListToolsRequestSchema, () => ({
    tools: Object.entries(tools).map(([name, [description, inputSchema]]) => ({ name, description, inputSchema })) }));
  on(types.CallToolRequestSchema, ({ params }, extra) => {
    if (!tools[params.name]) throw new types.McpError(-32602, `Unknown tool: ${params.name}`);
    return tools[params.name][2](params.arguments ?? {}, extra);
  });
  on(types.ListResourcesRequestSchema, () => ({
    resources: Object.entries(resources).map(([uri, { mimeType }]) => ({ uri, name: uri.slice(7), mimeType })) }));
  on(types.ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{
      uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }] }));
  on(types.ReadResourceRequestSchema, ({ params }) => ({ contents: [read(params.uri)] }));
  on(types.SubscribeRequestSchema, () => ({}));
  on(types.UnsubscribeRequestSchema, () => ({}));
  on(types.ListPromptsRequestSchema, () => ({
    prompts: Object.entries(prompts).map(([name, [names]]) => ({
      name, description: name, arguments: names.map((each) => ({ name: each, required: true })) })) }));
  on(types.GetPromptRequestSchema, ({ params }) => {
    if (!prompts[params.name]) throw new types.McpError(-32602, `Unknown prompt: ${params.name}`);
    return prompts[params.name][1](params.arguments ?? {});
  });
  on(types.CompleteRequestSchema, () => ({
    completion: { values: ['paris', 'park', 'party'], total: 150, hasMore: false } }));
  return server;
}

// What a stream said, so that a client can come back for it.
class EventStore {
  #events = [];
  async storeEvent(stream, message) {
    this.#events.push({ stream, message });
    return String(this.#events.length - 1);
  }
  async getStreamIdForEventId(id) {
    return this.#events[Number(id)]?.stream;
  }
  async replayEventsAfter(id, { send }) {
    const stream = this.#events[Number(id)].stream;
    for (let at = Number(id) + 1; at < this.#events.length; ++at) {
      const { message } = this.#events[at];
      if (this.#events[at].stream === stream && Object.keys(message).length > 0) await send(String(at), message);
    }
    return stream;
  }
}

const sessions = new Map();

async function openSession() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID, eventStore: new EventStore(), retryInterval: 500,
    onsessioninitialized: (id) => sessions.set(id, transport) });
  transport.onclose = () => sessions.delete(transport.sessionId);
  await makeServer().connect(transport);
  return transport;
}

async function serve(request, response) {
  const id = request.headers['mcp-session-id'];
  const transport = id === undefined ? await openSession() : sessions.get(id);
  if (transport) return transport.handleRequest(request, response);
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}');
}

if (process.argv[2] === '--http') {
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
} else {
  await makeServer().connect(new StdioServerTransport());
}
