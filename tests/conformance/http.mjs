// What both conformance fixtures need to serve HTTP.
import { createServer } from 'node:http';

const loopback = (host) => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host ?? '');

// A page in a browser must not reach a server on this machine under a name of its own.
function allowed({ headers }) {
  if (!loopback(headers.host)) return false;
  return headers.origin === undefined || loopback(headers.origin.replace(/^https?:\/\//, ''));
}

// Serves on a free port of 127.0.0.1; the port is the first line on stdout.
export function listen(serve) {
  const server = createServer((request, response) => {
    if (!allowed(request)) return void response.writeHead(403).end();
    serve(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

// What a stream said, so that a client can come back for it.
export class EventStore {
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
