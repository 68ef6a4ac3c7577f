// Preloaded into the conformance suite, which can't send an Authorization header by itself: every request to
// the gateway, by fetch or by undici, gets the agent id of DRAWBRIDGE_TEST_AGENT_ID.
const { createRequire } = require('node:module');

const authorization = process.env.DRAWBRIDGE_TEST_AGENT_ID;
const gateway = new URL(process.env.DRAWBRIDGE_TEST_URL);

const plainFetch = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.host !== gateway.host) return plainFetch(input, init);
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set('authorization', authorization);
  return plainFetch(input, { ...init, headers });
};

const undici = createRequire(process.argv[1])('undici');
undici.setGlobalDispatcher(new undici.Agent().compose((dispatch) => (options, handler) => {
  const mine = String(options.origin) === gateway.origin && !Array.isArray(options.headers);
  return dispatch(mine ? { ...options, headers: { ...options.headers, authorization } } : options, handler);
}));
