// Sessions and event streams of MCP Streamable HTTP (2025-03-26 to 2025-11-25).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

std::string initialize_text(const std::string& version, const std::string& capabilities) {
    return rpc_text("initialize",
                    R"({"protocolVersion":")" + version + R"(","capabilities":)" + capabilities +
                        R"(,"clientInfo":{"name":"test","version":"1"}})",
                    "0");
}

// The id of a new session.
std::string open_session(const gateway& gate, const std::string& server,
                         const std::string& version = "2025-11-25", const std::string& capabilities = "{}",
                         std::string_view who = agent) {
    http_client client(gate.port());
    const auto opened =
        client.send("POST", "/mcp/" + server, initialize_text(version, capabilities), rpc_headers(who));
    const auto id = opened.headers.find("mcp-session-id");
    return id == opened.headers.end() ? std::string() : id->second;
}

http_headers in_session(const std::string& id, std::string_view who = agent) {
    auto headers = rpc_headers(who);
    headers.emplace_back("Mcp-Session-Id", id);
    return headers;
}

http_headers accepting(const std::string& types, const std::string& id = {}) {
    http_headers headers{{"Content-Type", "application/json"}, {"Authorization", std::string(agent)}};
    if (!types.empty()) headers.emplace_back("Accept", types);
    if (!id.empty()) headers.emplace_back("Mcp-Session-Id", id);
    return headers;
}

http_answer send(const gateway& gate, std::string_view method, const std::string& path, std::string_view body,
                 const http_headers& headers) {
    http_client client(gate.port());
    return client.send(method, path, body, headers);
}

std::string progress_call(int steps, int milliseconds, const std::string& id, const std::string& token) {
    return R"({"jsonrpc":"2.0","id":)" + id +
           R"(,"method":"tools/call","params":{"name":"progress","arguments":{"steps":)" +
           std::to_string(steps) + R"(,"ms":)" + std::to_string(milliseconds) +
           R"(},"_meta":{"progressToken":)" + token + "}}}";
}

} // namespace

TEST_CASE("a session: opened by initialize, bound to its agent and its server, ended by DELETE") {
    gateway_options options;
    options.servers = {scripted("one"), scripted("two")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "one");
    CHECK(id.size() == 32); // 128 bits
    CHECK(open_session(gate, "one") != id);
    const auto list = rpc_text("tools/list", "{}", "1");
    CHECK(send(gate, "POST", "/mcp/one", list, in_session(id)).status == 200);
    CHECK(send(gate, "POST", "/mcp/two", list, in_session(id)).status == 404);
    CHECK(send(gate, "POST", "/mcp/one", list, in_session("0123456789abcdef0123456789abcdef")).status == 404);
    CHECK(send(gate, "DELETE", "/mcp/one", {}, in_session(id)).status == 204);
    const auto ended = send(gate, "POST", "/mcp/one", list, in_session(id));
    CHECK(ended.status == 404);
    CHECK(number_at(parse(ended.body), "id") == 1);
    CHECK(send(gate, "DELETE", "/mcp/one", {}, in_session(id)).status == 404);
    CHECK(send(gate, "DELETE", "/mcp/one", {}, rpc_headers()).status == 400);
    CHECK(send(gate, "GET", "/mcp/one", {}, in_session(id)).status == 404);
    const auto wrong = send(gate, "PUT", "/mcp/one", {}, rpc_headers());
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.at("allow") == "POST, GET, DELETE");
}

TEST_CASE("a call with progress is answered by an event stream, with the caller's own token and id") {
    gateway_options options;
    options.servers = {scripted("stream")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "stream");
    http_client client(gate.port());
    client.write(
        request_text("POST", "/mcp/stream", progress_call(3, 1, R"("a\u0062")", R"("tok")"), in_session(id)));
    const auto head = client.read_until("\r\n\r\n");
    CHECK(head.find("200") != std::string::npos);
    CHECK(head.find("Content-Type: text/event-stream") != std::string::npos);
    CHECK(head.find("X-Accel-Buffering: no") != std::string::npos);
    const auto events = client.read_until("0\r\n\r\n"); // the last chunk
    CHECK(events.find("retry: ") != std::string::npos); // 2025-11-25: a priming event
    for (const auto* step : {"1", "2", "3"})
        CHECK(events.find(R"("progressToken":"tok","progress":)" + std::string(step)) != std::string::npos);
    CHECK(events.find(R"("id":"a\u0062")") != std::string::npos);
    CHECK(events.find("done") != std::string::npos);
    // The connection goes on.
    CHECK(client.send("POST", "/mcp/stream", rpc_text("ping", "{}", "2"), in_session(id)).status == 200);
}

TEST_CASE("older clients are not primed, and a client that reads JSON only gets JSON") {
    gateway_options options;
    options.servers = {scripted("old")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "old", "2025-06-18");
    http_client client(gate.port());
    client.write(request_text("POST", "/mcp/old", progress_call(1, 1, "1", "5"), in_session(id)));
    client.read_until("\r\n\r\n");
    const auto events = client.read_until("0\r\n\r\n");
    CHECK(events.find("retry: ") == std::string::npos);
    CHECK(events.find(R"("progressToken":5)") != std::string::npos);
    const auto answer =
        send(gate, "POST", "/mcp/old", progress_call(2, 1, "1", "5"), accepting("application/json", id));
    CHECK(answer.headers.at("content-type") == "application/json");
    CHECK(tool_text(parse(answer.body)) == "done");
    CHECK(send(gate, "POST", "/mcp/old", rpc_text("ping", "{}", "1"), accepting("text/html")).status == 406);
}

TEST_CASE("a stream that was cut is resumed with Last-Event-ID, and nothing is lost") {
    gateway_options options;
    options.servers = {scripted("cut")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "cut");
    std::string last;
    {
        http_client client(gate.port());
        client.write(request_text("POST", "/mcp/cut", progress_call(20, 50, "1", "1"), in_session(id)));
        const auto seen = client.read_until(R"("progress":2)");
        const auto at = seen.rfind("id: ");
        last = seen.substr(at + 4, seen.find('\n', at) - at - 4);
    } // cut
    auto headers = in_session(id);
    headers.emplace_back("Last-Event-ID", last);
    http_client again(gate.port());
    again.write(request_text("GET", "/mcp/cut", {}, headers));
    const auto rest = again.read_until("0\r\n\r\n");
    for (const auto* step : {"3}", "10}", "20}"})
        CHECK(rest.find(R"("progress":)" + std::string(step)) != std::string::npos);
    CHECK(rest.find(R"("progress":1})") == std::string::npos);
    CHECK(rest.find("done") != std::string::npos);
}

TEST_CASE("one standalone stream for each session; a vanished reader makes room for the next") {
    gateway_options options;
    options.servers = {scripted("alone")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "alone");
    auto headers = in_session(id);
    {
        http_client first(gate.port());
        first.write(request_text("GET", "/mcp/alone", {}, headers));
        first.read_until("\r\n\r\n");
        CHECK(send(gate, "GET", "/mcp/alone", {}, headers).status == 409);
    }
    CHECK(eventually(10s, [&] {
        http_client next(gate.port());
        next.write(request_text("GET", "/mcp/alone", {}, headers));
        return next.read_until("\r\n\r\n").find(" 200 ") != std::string::npos;
    }));
    CHECK(send(gate, "GET", "/mcp/alone", {}, accepting("", id)).status == 406);
    CHECK(send(gate, "GET", "/mcp/alone", {}, rpc_headers()).status == 400); // of no session
}

TEST_CASE("batches are of 2025-03-26 only") {
    gateway_options options;
    options.servers = {scripted("batch")};
    const gateway gate(std::move(options));
    const std::string batch = "[" + call_text("echo", R"({"text":"a"})", "1") + "," +
                              call_text("echo", R"({"text":"b"})", R"("x")") +
                              R"(,{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":3}])";
    const auto good =
        send(gate, "POST", "/mcp/batch", batch, in_session(open_session(gate, "batch", "2025-03-26")));
    REQUIRE(good.status == 200);
    const auto answers = parse(good.body).as_array();
    CHECK(answers.size() == 3);
    CHECK(good.body.find(R"("id":"x")") != std::string::npos);
    CHECK(good.body.find("-32600") != std::string::npos);
    for (const auto* version : {"2025-06-18", "2025-11-25"})
        CHECK(send(gate, "POST", "/mcp/batch", batch, in_session(open_session(gate, "batch", version)))
                  .status == 400);
}

TEST_CASE("a cancelled call ends without an answer, though its server never answers it") {
    gateway_options options;
    options.servers = {scripted("cancel")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "cancel");
    http_client client(gate.port());
    client.write(request_text("POST", "/mcp/cancel", call_text("silent", "{}", R"("mine")"), in_session(id)));
    auto answer = std::async(std::launch::async, [&] { return client.read_until("0\r\n\r\n"); });
    CHECK(eventually(10s, [&] { // the first one may overtake the call
        send(
            gate, "POST", "/mcp/cancel",
            R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"mine","reason":"enough"}})",
            in_session(id));
        return answer.wait_for(0s) == std::future_status::ready;
    }));
    const auto all = answer.get();
    CHECK(all.find(" 200 ") != std::string::npos);
    CHECK(all.find("\"mine\"") == std::string::npos);
}

TEST_CASE("sessions that declare sampling have a link of their own, the others of an agent share one") {
    gateway_options options;
    options.servers = {scripted("links", {}, R"("drawbridge":{"maxLinks":2,"startupTimeout":2})")};
    const gateway gate(std::move(options));
    const auto plain = open_session(gate, "links");
    open_session(gate, "links");
    CHECK(gate.containers("links").size() == 1);
    const auto own = open_session(gate, "links", "2025-11-25", R"({"sampling":{}})");
    CHECK(gate.containers("links").size() == 2);
    // No place is left: a clear refusal after a while.
    const auto refused = gate.post("/mcp/links", initialize_text("2025-11-25", R"({"roots":{}})"));
    CHECK(refused.body.find("maxLinks") != std::string::npos);
    // The end of a session makes room.
    CHECK(send(gate, "DELETE", "/mcp/links", {}, in_session(own)).status == 204);
    CHECK(eventually(20s, [&] { return gate.containers("links").size() == 1; }));
    CHECK_FALSE(open_session(gate, "links", "2025-11-25", R"({"elicitation":{}})").empty());
    CHECK(send(gate, "POST", "/mcp/links", rpc_text("tools/list", "{}", "1"), in_session(plain)).status ==
          200);
}

TEST_CASE("per-session: each client has a process; without a session there is a clear error") {
    gateway_options options;
    options.servers = {scripted("mine", {}, R"("drawbridge":{"sessions":"per-session"})")};
    const gateway gate(std::move(options));
    const auto one = open_session(gate, "mine");
    const auto two = open_session(gate, "mine");
    const auto count = [&](const std::string& id) {
        return tool_text(
            parse(send(gate, "POST", "/mcp/mine", call_text("count", "{}", "1"), in_session(id)).body));
    };
    CHECK(count(one) == "2"); // initialize, count
    CHECK(count(one) == "3");
    CHECK(count(two) == "2");
    CHECK(gate.post("/mcp/mine", call_text("count", "{}", "1")).body.find("send initialize first") !=
          std::string::npos);
}

TEST_CASE("a session survives the crash of its server; the interrupted call is told so and not repeated") {
    gateway_options options;
    options.servers = {scripted("crash", {}, R"("drawbridge":{"sessions":"per-session"})")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "crash");
    const auto call = [&](const std::string& tool) {
        return parse(send(gate, "POST", "/mcp/crash", call_text(tool, "{}", "1"), in_session(id)).body);
    };
    const auto interrupted = call("crash");
    CHECK(number_at(interrupted, "error.code") == -32001);
    CHECK(text_at(interrupted, "error.data.detail").find("not repeated") != std::string::npos);
    CHECK(gate.becomes("crash", "running"));
    CHECK(tool_text(call("count")) == "2"); // a new process, initialized for this session
}

TEST_CASE("sessions end by themselves, and are limited") {
    gateway_options options;
    options.servers = {scripted("short", {}, R"("drawbridge":{"sessions":"per-session"})")};
    options.gateway_extra = R"("sessionTimeout":"5s","drawbridge":{"maxSessions":2})";
    const gateway gate(std::move(options));
    const auto first = open_session(gate, "short");
    CHECK_FALSE(open_session(gate, "short").empty());
    const auto refused = gate.post("/mcp/short", initialize_text("2025-11-25", "{}"));
    CHECK(refused.status == 503);
    CHECK(refused.headers.contains("retry-after"));
    CHECK(eventually(20s, [&] { return gate.containers("short").empty(); }));
    CHECK(send(gate, "POST", "/mcp/short", rpc_text("tools/list", "{}", "1"), in_session(first)).status ==
          404);
    CHECK(gate.becomes("short", "stopped")); // the container is gone a moment before its client
}

TEST_CASE("a link that nobody uses ends, and the next call starts another one") {
    gateway_options options;
    options.servers = {scripted("idle", {}, R"("drawbridge":{"linkIdleTimeout":1})")};
    const gateway gate(std::move(options));
    const auto id = open_session(gate, "idle");
    CHECK(gate.becomes("idle", "stopped"));
    CHECK(gate.becomes("idle", "stopped"));
    CHECK(send(gate, "POST", "/mcp/idle", rpc_text("tools/list", "{}", "1"), in_session(id)).status == 200);
    CHECK(gate.status("idle") == "running");
}

TEST_CASE("DNS rebinding: a foreign origin or host is refused before anything else") {
    gateway_options options;
    options.servers = {scripted("web")};
    const gateway gate(std::move(options));
    auto evil = rpc_headers();
    evil.emplace_back("Origin", "http://evil.example.com");
    CHECK(send(gate, "POST", "/mcp/web", rpc_text("ping", "{}", "1"), evil).status == 403);
    auto local = rpc_headers();
    local.emplace_back("Origin", "http://localhost:3000");
    CHECK(send(gate, "POST", "/mcp/web", rpc_text("ping", "{}", "1"), local).status == 200);
    http_client rebound(gate.port());
    CHECK(rebound.send_raw("POST /mcp/web HTTP/1.1\r\nHost: evil.example.com\r\nContent-Length: 2\r\n\r\n{}")
              .status == 403);
}

TEST_CASE("the unified endpoint: lists merged, calls routed by prefix, a failing server named") {
    gateway_options options;
    options.servers = {scripted("alpha"),
                       scripted("beta", {}, R"("tools":["echo"])"),
                       {"gone", R"({"type":"http","url":"http://127.0.0.1:9/mcp"})"}};
    const gateway gate(std::move(options));
    http_client client(gate.port());
    const auto opened = client.send("POST", "/mcp", initialize_text("2025-11-25", "{}"), rpc_headers());
    REQUIRE(opened.headers.contains("mcp-session-id"));
    const auto headers = in_session(opened.headers.at("mcp-session-id"));
    const auto listed = client.send("POST", "/mcp", rpc_text("tools/list", "{}", "1"), headers).body;
    for (const auto* name : {"alpha__echo", "alpha__slow", "beta__echo"})
        CHECK(listed.find("\"" + std::string(name) + "\"") != std::string::npos);
    CHECK(listed.find("beta__slow") == std::string::npos);
    CHECK(text_at(parse(listed), "result._meta.drawbridge/unavailableServers.0.server") == "gone");
    const auto called =
        client.send("POST", "/mcp", call_text("beta__echo", R"({"text":"b"})", R"("i")"), headers);
    CHECK(tool_text(parse(called.body)) == "b");
    const auto hidden = client.send("POST", "/mcp", call_text("beta__slow", "{}", "2"), headers);
    CHECK(number_at(parse(hidden.body), "error.code") == -32602);
    const auto nobody = client.send("POST", "/mcp", call_text("delta__echo", "{}", "3"), headers);
    CHECK(number_at(parse(nobody.body), "error.code") == -32602);
}

TEST_CASE("HTTP+SSE of 2024-11-05, where it is switched on") {
    gateway_options options;
    options.servers = {scripted("sse")};
    options.gateway_extra = R"("drawbridge":{"legacySse":true})";
    const gateway gate(std::move(options));
    http_client stream(gate.port());
    stream.write(request_text("GET", "/mcp/sse/sse", {}, accepting("text/event-stream")));
    const auto first = stream.read_until("\n\n");
    CHECK(first.find("event: endpoint") != std::string::npos);
    const auto at = first.find("data: ") + 6;
    const auto place = first.substr(at, first.find('\n', at) - at);
    CHECK(send(gate, "POST", place, initialize_text("2024-11-05", "{}"), rpc_headers()).status == 202);
    CHECK(stream.read_until("\n\n").find(R"("protocolVersion":"2024-11-05")") != std::string::npos);
    CHECK(send(gate, "POST", place, call_text("echo", R"({"text":"old"})", "2"), rpc_headers()).status ==
          202);
    CHECK(stream.read_until("\n\n").find("old") != std::string::npos);
}
