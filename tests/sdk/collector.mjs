// An OpenTelemetry collector that says what it gets: its port, then a line with the names of the spans of each
// export.
import { createServer } from "node:http";

const server = createServer((incoming, outgoing) => {
  let body = "";
  incoming.on("data", (piece) => (body += piece));
  incoming.on("end", () => {
    const spans = JSON.parse(body).resourceSpans.flatMap((each) => each.scopeSpans.flatMap(({ spans }) => spans));
    console.log(spans.map(({ name }) => name).join(" "));
    outgoing.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
