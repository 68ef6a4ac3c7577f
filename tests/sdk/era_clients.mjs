// The official clients of both generations and eras behind one surface, so that what is asserted of one is
// asserted of all.
import assert from "node:assert/strict";
import * as second from "@modelcontextprotocol/client";
import * as first from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as types from "@modelcontextprotocol/sdk/types.js";

import { textOf } from "./checks.mjs";

// The SDK's version, and the era that the client speaks in front of the gateway, whatever the server speaks.
export const kinds = ["1.32-legacy", "2.4-legacy", "2.4-modern"];

const declared = {
  "sampling/createMessage": { sampling: {} }, "elicitation/create": { elicitation: { form: {} } },
  "roots/list": { roots: {} } };
const requests = {
  "sampling/createMessage": types.CreateMessageRequestSchema, "elicitation/create": types.ElicitRequestSchema,
  "roots/list": types.ListRootsRequestSchema };
const notifications = {
  "notifications/tools/list_changed": types.ToolListChangedNotificationSchema,
  "notifications/prompts/list_changed": types.PromptListChangedNotificationSchema,
  "notifications/resources/updated": types.ResourceUpdatedNotificationSchema };

// Answers to everything that a server may ask, in the name of this client.
export function answersOf(name) {
  const valueOf = ([key, { type }]) => [key, type === "boolean" ? true : `${key} of ${name}`];
  return {
    "sampling/createMessage": ({ messages }) => ({
      model: "m", role: "assistant", content: { type: "text", text: `${name} read: ${messages[0].content.text}` } }),
    "elicitation/create": ({ requestedSchema }) => ({
      action: "accept", content: Object.fromEntries(Object.entries(requestedSchema.properties).map(valueOf)) }),
    "roots/list": () => ({ roots: [{ uri: `file:///${name}`, name }] }) };
}

class AnyClient {
  ids = []; // of its calls of tools
  heard = []; // notifications
  answers; // by method; may be replaced while it runs

  constructor(kind, { url, agentId, name, answers }) {
    const [version, era] = kind.split("-");
    const { Client, Transport } = version.startsWith("1.")
      ? { Client: first.Client, Transport: StreamableHTTPClientTransport }
      : { Client: second.Client, Transport: second.StreamableHTTPClientTransport };
    this.name = name;
    this.era = era;
    this.isFirst = Client === first.Client;
    this.answers = { ...answers };
    this.client = new Client({ name, version: "1.0.0" }, {
      capabilities: Object.assign({}, ...Object.keys(this.answers).map((method) => declared[method])),
      versionNegotiation: { mode: era === "modern" ? { pin: "2026-07-28" } : "legacy" } });
    for (const method of Object.keys(this.answers))
      this.client.setRequestHandler(this.isFirst ? requests[method] : method,
        ({ params }) => this.answers[method](params));
    for (const [method, schema] of Object.entries(notifications))
      this.client.setNotificationHandler(this.isFirst ? schema : method, (told) => void this.heard.push(told));
    this.transport = new Transport(new URL(url), { requestInit: { headers: { Authorization: agentId } } });
    const send = this.transport.send.bind(this.transport);
    this.transport.send = (message, ...rest) => {
      if (message.method === "tools/call") this.ids.push(message.id);
      return send(message, ...rest);
    };
  }

  async connect() {
    await this.client.connect(this.transport);
    if (this.era === "modern") assert.equal(this.transport.sessionId, undefined);
    else assert.match(this.transport.sessionId, /^[0-9a-f]{32}$/);
    if (!this.isFirst) assert.equal(this.client.getProtocolEra(), this.era);
    return this;
  }

  result(name, args = {}, options = {}) {
    const within = { timeout: 30_000, ...options };
    const request = { name, arguments: args };
    return this.isFirst ? this.client.callTool(request, undefined, within) : this.client.callTool(request, within);
  }

  async call(...request) {
    return textOf(await this.result(...request));
  }

  // From now on it wants to know of changes of lists, and of updates of this resource (undefined: of none).
  // A client with a session is told of changes of lists anyway.
  async watch(uri) {
    const before = this.watched;
    this.watched = uri;
    if (this.era === "legacy") {
      if (before) await this.client.unsubscribeResource({ uri: before });
      if (uri) await this.client.subscribeResource({ uri });
      return;
    }
    const filter = { toolsListChanged: true, promptsListChanged: true, ...(uri && { resourceSubscriptions: [uri] }) };
    const subscription = await this.client.listen(filter);
    assert.deepEqual(subscription.honoredFilter, filter);
    await this.subscription?.close();
    this.subscription = subscription;
  }

  count(method) {
    return this.heard.filter((told) => told.method === method).length;
  }

  async close() {
    await this.subscription?.close();
    if (this.era === "legacy") await this.transport.terminateSession();
    await this.client.close();
  }
}

export function open(kind, { name = `client-${kind}`, answers = answersOf(name), ...where }) {
  return new AnyClient(kind, { name, answers, ...where }).connect();
}
