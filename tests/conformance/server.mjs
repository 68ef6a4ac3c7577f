// The content of content.mjs served by the official SDK of the first generation: a server that knows sessions
// only (2025-11-25 and before). It sends nothing to a client that did not declare that it can answer.
//
//   node server.mjs              on stdin and stdout
//   node server.mjs --http       on http://127.0.0.1:PORT/mcp; the port is the first line on stdout
import { randomUUID } from 'node:crypto';

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';

import * as content from './content.mjs';
import { EventStore, listen } from './http.mjs';

const resultOf = {
  'elicitation/create': types.ElicitResultSchema, 'sampling/createMessage': types.CreateMessageResultSchema,
  'roots/list': types.ListRootsResultSchema };

class NotSupported extends Error {}

// Sends the requests of each round all at once and waits for the answers of all.
async function perform(entry, values, call, extra) {
  const answers = {};
  for (const round of (await entry.asks?.(values, call)) ?? []) {
    const asked = Object.entries(round);
    for (const [, { method }] of asked) {
      if (!(content.capabilityOf[method] in call.capabilities))
        throw new NotSupported(`The client does not support ${content.capabilityOf[method]}`);
    }
    const came = await Promise.all(asked.map(([, request]) => extra.sendRequest(request, resultOf[request.method])));
    asked.forEach(([key], at) => { answers[key] = came[at]; });
  }
  return entry.answer(values, call, answers);
}

function makeServer() {
  const subscribed = new Set();
  const server = new Server(content.serverInfo, { capabilities: content.capabilities });
  const on = (schema, answer) => server.setRequestHandler(schema, answer);
  const callOf = (extra) => ({
    capabilities: server.getClientCapabilities() ?? {},
    progressToken: extra._meta?.progressToken,
    notify: (method, params) => extra.sendNotification({ method, params }),
    log: (level, data) => extra.sendNotification({ method: 'notifications/message', params: { level, data } }),
    changed: async (method, params) => {
      if (params?.uri === undefined || subscribed.has(params.uri)) await server.notification({ method, params });
    },
    closeStream: extra.closeSSEStream,
    signal: extra.signal });

  on(types.ListToolsRequestSchema, () => ({ tools: content.listTools() }));
  on(types.CallToolRequestSchema, async ({ params }, extra) => {
    const tool = content.tools[params.name];
    if (!tool) throw new types.McpError(-32602, `Unknown tool: ${params.name}`);
    try {
      return await perform(tool, params.arguments ?? {}, callOf(extra), extra);
    } catch (error) {
      if (!(error instanceof NotSupported)) throw error;
      return { isError: true, content: [{ type: 'text', text: error.message }] };
    }
  });
  on(types.ListResourcesRequestSchema, () => ({ resources: content.listResources() }));
  on(types.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: content.resourceTemplates }));
  on(types.ReadResourceRequestSchema, ({ params: { uri } }) => {
    const found = content.readResource(uri);
    if (!found) throw new types.McpError(-32002, 'Resource not found', { uri });
    return { contents: [found] };
  });
  on(types.SubscribeRequestSchema, ({ params }) => {
    subscribed.add(params.uri);
    return {};
  });
  on(types.UnsubscribeRequestSchema, ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
  on(types.ListPromptsRequestSchema, () => ({ prompts: content.listPrompts() }));
  on(types.GetPromptRequestSchema, ({ params }, extra) => {
    const prompt = content.prompts[params.name];
    if (!prompt) throw new types.McpError(-32602, `Unknown prompt: ${params.name}`);
    return perform(prompt, params.arguments ?? {}, callOf(extra), extra);
  });
  on(types.CompleteRequestSchema, () => ({ completion: content.completion }));
  return server;
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

if (process.argv.includes('--http')) listen(serve);
else await makeServer().connect(new StdioServerTransport());
