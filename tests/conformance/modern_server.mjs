// The content of content.mjs served by the official SDK of the second generation, which speaks 2026-07-28 and, if
// it may, sessions too.
//
//   node modern_server.mjs [--modern] [--http]
//
//   --modern    2026-07-28 only; otherwise both eras at the same address
//   --http      on http://127.0.0.1:PORT/mcp; the port is the first line on stdout. Otherwise on stdin and stdout
import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import {
  CLIENT_CAPABILITIES_META_KEY, McpServer, ProtocolError, ResourceNotFoundError,
  WebStandardStreamableHTTPServerTransport, createMcpHandler, createRequestStateCodec, fromJsonSchema,
  inputRequired, isLegacyRequest } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

import * as content from './content.mjs';
import { EventStore, listen } from './http.mjs';

const modernOnly = process.argv.includes('--modern');
const codec = createRequestStateCodec({ key: randomBytes(32), bind: (ctx) => ctx.mcpReq.method });

// Asks for what is missing of the round that the request is in; without a state, that is always the first.
async function perform(entry, values, call, ctx) {
  const rounds = (await entry.asks?.(values, call)) ?? [];
  const state = ctx.mcpReq.requestState() ?? { round: 0, answers: {} };
  const answers = { ...state.answers, ...ctx.mcpReq.inputResponses };
  for (let { round } = state; round < rounds.length; ++round) {
    const missing = Object.entries(rounds[round]).filter(([key]) => answers[key] === undefined);
    if (missing.length === 0) continue;
    const requestState = entry.sealed ? await codec.mint({ round, answers }, ctx) : undefined;
    return inputRequired({ inputRequests: Object.fromEntries(missing), requestState });
  }
  return entry.answer(values, call, answers);
}

// `publish` tells of a change where that is not the business of this server's own connection.
function makeServer(publish) {
  const subscribed = new Set();
  const server = new McpServer(content.serverInfo, {
    capabilities: content.capabilities, requestState: { verify: codec.verify },
    cacheHints: {
      'tools/list': { ttlMs: 60_000, cacheScope: 'public' }, 'prompts/list': { ttlMs: 60_000, cacheScope: 'public' },
      'resources/read': { ttlMs: 1_000, cacheScope: 'private' } } });
  const on = (method, answer) => server.server.setRequestHandler(method, answer);
  const callOf = (ctx) => ({
    capabilities:
      ctx.mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities() ?? {},
    progressToken: ctx.mcpReq._meta?.progressToken,
    notify: (method, params) => ctx.mcpReq.notify({ method, params }),
    log: (level, data) => ctx.mcpReq.log(level, data),
    changed: async (method, params) => {
      if (publish) return publish(method, params);
      const modern = ctx.mcpReq.envelope !== undefined; // then the SDK knows who listens
      if (modern || params?.uri === undefined || subscribed.has(params.uri))
        await server.server.notification({ method, params });
    },
    closeStream: ctx.http?.closeSSE,
    signal: ctx.mcpReq.signal });

  for (const [name, tool] of Object.entries(content.tools)) {
    const { description, inputSchema } = tool;
    server.registerTool(name, { description, inputSchema: fromJsonSchema(inputSchema) },
      (values, ctx) => perform(tool, values, callOf(ctx), ctx));
  }
  on('resources/list', () => ({ resources: content.listResources() }));
  on('resources/templates/list', () => ({ resourceTemplates: content.resourceTemplates }));
  on('resources/read', ({ params: { uri } }) => {
    const found = content.readResource(uri);
    if (!found) throw new ResourceNotFoundError(uri);
    return { contents: [found] };
  });
  on('resources/subscribe', ({ params }) => {
    subscribed.add(params.uri);
    return {};
  });
  on('resources/unsubscribe', ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
  on('prompts/list', () => ({ prompts: content.listPrompts() }));
  on('prompts/get', ({ params }, ctx) => {
    const prompt = content.prompts[params.name];
    if (!prompt) throw new ProtocolError(-32602, `Unknown prompt: ${params.name}`);
    return perform(prompt, params.arguments ?? {}, callOf(ctx), ctx);
  });
  on('completion/complete', () => ({ completion: content.completion }));
  return server;
}

const modern = createMcpHandler(() => makeServer(publish), { legacy: 'reject' });
const sessions = new Map();

function publish(method, params) {
  if (method === 'notifications/tools/list_changed') modern.notify.toolsChanged();
  else if (method === 'notifications/prompts/list_changed') modern.notify.promptsChanged();
  else modern.notify.resourceUpdated(params.uri);
}

async function openSession() {
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID, eventStore: new EventStore(), retryInterval: 500,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id) });
  await makeServer().connect(transport);
  return transport;
}

async function answer(request) {
  if (modernOnly || !(await isLegacyRequest(request))) return modern.fetch(request);
  const id = request.headers.get('mcp-session-id');
  const transport = id === null ? await openSession() : sessions.get(id);
  if (transport) return transport.handleRequest(request);
  const error = { code: -32001, message: 'Session not found' };
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 404 });
}

async function webRequest(incoming, response) {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const pieces = [];
  for await (const piece of incoming) pieces.push(piece);
  return new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method, headers: new Headers(incoming.headers), signal: gone.signal,
    body: pieces.length > 0 ? Buffer.concat(pieces) : undefined });
}

async function serve(incoming, response) {
  const answered = await answer(await webRequest(incoming, response));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  if (!answered.body) return void response.end();
  response.flushHeaders();
  await pipeline(Readable.fromWeb(answered.body), response).catch(() => {}); // the client has left
}

if (process.argv.includes('--http')) listen(serve);
else serveStdio(() => makeServer(), { legacy: modernOnly ? 'reject' : 'serve' });
