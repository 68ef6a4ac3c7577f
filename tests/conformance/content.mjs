// What both conformance fixtures serve: every tool, resource and prompt that the scenarios of the official suite
// name, said without an era. server.mjs serves it with sessions, modern_server.mjs without.
//
// A tool or a prompt may ask the client first: asks() gives the rounds, each an object of requests by key, and
// answer() gets what came back. A server of 2025-11-25 sends the requests of a round all at once, one of
// 2026-07-28 returns them as input_required; `sealed` is for those that have to send a requestState along.
//
// `call` is the running request:
//   capabilities      what the client declared
//   progressToken     or undefined
//   notify(method, params), log(level, data)
//   changed(method, params)   tells everybody who listens for changes
//   closeStream()     undefined where there is none
//   signal            aborted when the request is cancelled
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const text = (value) => ({ type: 'text', text: value });
const image = { type: 'image', data: png, mimeType: 'image/png' };
const embedded = (uri, mimeType, value) => ({ type: 'resource', resource: { uri, mimeType, text: value } });
const only = (...content) => ({ content });
const says = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
const pause = (milliseconds, signal) => new Promise((done) => {
  const timer = setTimeout(done, milliseconds);
  signal?.addEventListener('abort', () => { clearTimeout(timer); done(); }, { once: true });
});

const nothing = { type: 'object', properties: {} };
const one = (name, type = 'string') => ({ type: 'object', properties: { [name]: { type } }, required: [name] });
const tool = (description, inputSchema, answer, asks, sealed = false) =>
  ({ description, inputSchema, answer, asks, sealed });

const elicit = (message, schema) =>
  ({ method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', ...schema } } });
const elicitOne = (message, name, type) => elicit(message, one(name, type));
const sample = (prompt, maxTokens = 100) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: text(prompt) }], maxTokens } });
const listRoots = { method: 'roots/list', params: {} };

// The capability that a client has to declare for a request to it.
export const capabilityOf = {
  'elicitation/create': 'elicitation', 'sampling/createMessage': 'sampling', 'roots/list': 'roots' };

const askName = elicitOne('What is your name?', 'name');
const askCapital = sample('What is the capital of France?');
const confirm = elicitOne('Please confirm', 'ok', 'boolean');
const given = (_, call, answers) => only(text(JSON.stringify(answers)));
const completed = (_, call, { form }) =>
  only(text(`Elicitation completed: action=${form.action}, content=${JSON.stringify(form.content ?? {})}`));
const titled = (word) =>
  ['First', 'Second', 'Third'].map((title, at) => ({ const: `value${at + 1}`, title: `${title} ${word}` }));
const logs = (...lines) => async (_, call) => {
  for (const line of lines) {
    await call.log('info', line);
    await pause(50);
  }
  return only(text('Tool with logging executed successfully'));
};
const changes = (method, params) => async (_, call) => {
  await call.changed(method, params);
  return only(text(`Said ${method}`));
};

let cancellations = 0;

const schema2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef', type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } } } },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' } },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false };

const mirrored = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
    urgent: { type: 'boolean', 'x-mcp-header': 'Urgent' },
    place: { type: 'object', properties: { zone: { type: 'string', 'x-mcp-header': 'Zone' } } } } };

export const tools = {
  test_simple_text: tool('Text', nothing, () => only(text('This is a simple text response for testing.'))),
  test_image_content: tool('An image', nothing, () => only(image)),
  test_audio_content: tool('A sound', nothing, () => only({ type: 'audio', data: wav, mimeType: 'audio/wav' })),
  test_embedded_resource: tool('A resource', nothing, () =>
    only(embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'))),
  test_multiple_content_types: tool('Several kinds of content', nothing, () =>
    only(text('Multiple content types test:'), image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'))),
  test_error_handling: tool('Fails', nothing, () =>
    ({ isError: true, content: [text('This tool intentionally returns an error for testing')] })),
  test_tool_with_logging: tool('Logs while it works', nothing,
    logs('Tool execution started', 'Tool processing data', 'Tool execution completed')),
  test_logging_tool: tool('Logs once', nothing, logs('Something happened')),
  test_tool_with_progress: tool('Reports progress', nothing, async (_, call) => {
    for (const progress of [0, 50, 100]) {
      await report(call, progress);
      await pause(50);
    }
    return only(text('Tool with progress executed successfully'));
  }),
  test_sampling: tool('Asks the client for sampling', one('prompt'),
    (_, call, { answer }) => only(text(`LLM response: ${answer.content.text}`)),
    ({ prompt }) => [{ answer: sample(prompt) }]),
  test_elicitation: tool('Asks the user', one('message'),
    (_, call, { user }) => only(text(`User response: ${JSON.stringify(user)}`)),
    ({ message }) => [{
      user: elicit(message, {
        properties: {
          username: { type: 'string', description: "User's response" },
          email: { type: 'string', description: "User's email address" } },
        required: ['username', 'email'] }) }]),
  test_elicitation_sep1034_defaults: tool('Asks with defaults', nothing, completed, () => [{
    form: elicit('Please review and update the form fields with defaults', {
      properties: {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true } } }) }]),
  test_elicitation_sep1330_enums: tool('Asks with enums', nothing, completed, () => [{
    form: elicit('Please select options from the enum fields', {
      properties: {
        untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
        titledSingle: { type: 'string', oneOf: titled('Option') },
        legacyEnum: {
          type: 'string', enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'] },
        untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
        titledMulti: { type: 'array', items: { anyOf: titled('Choice') } } } }) }]),
  test_reconnection: tool('Closes its stream before it answers', nothing, async (_, call) => {
    call.closeStream?.();
    await pause(100);
    return only(text('Reconnection test completed successfully'));
  }),
  test_missing_capability: tool('Needs sampling', nothing, given, () => [{ answer: askCapital }]),
  test_streaming_elicitation: tool('Reports progress, then asks the user', nothing, given, async (_, call) => {
    await report(call, 50);
    return [{ user_name: askName }];
  }),
  test_trigger_tool_change: tool('Says that the tools changed', nothing,
    changes('notifications/tools/list_changed')),
  test_trigger_prompt_change: tool('Says that the prompts changed', nothing,
    changes('notifications/prompts/list_changed')),
  test_trigger_resource_update: tool('Says that a resource changed', nothing,
    changes('notifications/resources/updated', { uri: 'test://watched-resource' })),
  test_input_required_result_elicitation: tool('Asks for a name', nothing,
    (_, call, { user_name: name }) => only(text(`Hello, ${name.content?.name ?? name.action}!`)),
    () => [{ user_name: askName }]),
  test_input_required_result_sampling: tool('Asks for sampling', nothing, given,
    () => [{ capital_question: askCapital }]),
  test_input_required_result_list_roots: tool('Asks for the roots', nothing, given,
    () => [{ client_roots: listRoots }]),
  test_input_required_result_request_state: tool('Asks, with a state', nothing,
    () => only(text('state-ok')), () => [{ confirm }], true),
  test_input_required_result_multiple_inputs: tool('Asks for three things at once', nothing, given,
    () => [{ user_name: askName, greeting: sample('Generate a greeting', 50), client_roots: listRoots }], true),
  test_input_required_result_multi_round: tool('Asks twice', nothing, given,
    () => [
      { step1: elicitOne('Step 1: What is your name?', 'name') },
      { step2: elicitOne('Step 2: What is your favorite color?', 'color') }], true),
  test_input_required_result_tampered_state: tool('Asks, with a state that must not be changed', nothing, given,
    () => [{ confirm }], true),
  test_input_required_result_capabilities: tool('Asks for what the client can do', nothing, given, (_, call) => {
    const all = { user_name: askName, capital_question: askCapital, client_roots: listRoots };
    const possible = Object.entries(all).filter(([, { method }]) => capabilityOf[method] in call.capabilities);
    return possible.length > 0 ? [Object.fromEntries(possible)] : [];
  }),
  test_mirrored_headers: tool('Has arguments that are mirrored into headers', mirrored,
    (values) => only(text(JSON.stringify(values)))),
  json_schema_2020_12_tool: tool('Has a schema of JSON Schema 2020-12', schema2020,
    (values) => only(text(JSON.stringify(values)))),
  // How many calls of test_wait were cancelled tells whether a cancellation reached the server.
  test_wait: tool('Waits', one('milliseconds', 'integer'), async ({ milliseconds }, call) => {
    await report(call, 0);
    await pause(milliseconds, call.signal);
    if (call.signal.aborted) ++cancellations;
    return only(text('Waited'));
  }),
  test_cancellations: tool('How many calls of test_wait were cancelled', nothing,
    () => only(text(String(cancellations)))),
};

async function report({ progressToken, notify }, progress) {
  if (progressToken !== undefined)
    await notify('notifications/progress', { progressToken, progress, total: 100 });
}

export const listTools = () =>
  Object.entries(tools).map(([name, { description, inputSchema }]) => ({ name, description, inputSchema }));

const resources = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: png },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched resource content' },
};

export const listResources = () =>
  Object.entries(resources).map(([uri, { mimeType }]) => ({ uri, name: uri.slice(7), mimeType }));
export const resourceTemplates = [{
  uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }];

// undefined when there is no such resource.
export function readResource(uri) {
  if (resources[uri]) return { uri, ...resources[uri] };
  const id = /^test:\/\/template\/(.+)\/data$/.exec(uri)?.[1];
  if (!id) return undefined;
  const value = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
  return { uri, mimeType: 'application/json', text: value };
}

const prompt = (names, answer, asks) => ({ names, answer, asks });

export const prompts = {
  test_simple_prompt: prompt([], () => says(text('This is a simple prompt for testing.'))),
  test_prompt_with_arguments: prompt(['arg1', 'arg2'], ({ arg1, arg2 }) =>
    says(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))),
  test_prompt_with_embedded_resource: prompt(['resourceUri'], ({ resourceUri }) =>
    says(embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
      text('Please process the embedded resource above.'))),
  test_prompt_with_image: prompt([], () => says(image, text('Please analyze the image above.'))),
  test_input_required_result_prompt: prompt([],
    (_, call, { user_context: context }) => says(text(`Context: ${context.content?.context ?? context.action}`)),
    () => [{ user_context: elicitOne('What context should the prompt use?', 'context') }]),
};

export const listPrompts = () =>
  Object.entries(prompts).map(([name, { names }]) => ({
    name, description: name, arguments: names.map((each) => ({ name: each, required: true })) }));

export const completion = { values: ['paris', 'park', 'party'], total: 150, hasMore: false };
export const serverInfo = { name: 'conformance-fixture', version: '1.0.0' };
export const capabilities = {
  tools: { listChanged: true }, resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true }, logging: {}, completions: {} };
