// https://localhost in front of a server on plain HTTP.
//
//   node tls_proxy.mjs KEY_FILE CERTIFICATE_FILE TARGET_PORT      its own port is the first line on stdout
//
// SIGHUP: reads the files again, and cuts every connection.
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";

const [key, cert, port] = process.argv.slice(2);
const identity = () => ({ key: readFileSync(key), cert: readFileSync(cert) });
const server = createServer(identity(), (incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const onward = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
});
process.on("SIGHUP", () => {
  server.setSecureContext(identity());
  server.closeAllConnections();
});
server.listen(0, "localhost", () => console.log(server.address().port));
