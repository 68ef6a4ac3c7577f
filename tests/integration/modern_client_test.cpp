// Clients of MCP 2026-07-28 at the paths of a server of older revisions.
#include "support/diary.hpp"
#include "support/eventually.hpp"
#include "support/gateway.hpp"
#include "support/modern_client.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <future>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

modern_request modern(std::string method, std::string params = {}) {
    modern_request what;
    what.method = std::move(method);
    what.params = std::move(params);
    return what;
}

http_answer send(const gateway& gate, std::string_view method, const std::string& path, std::string_view body,
                 const http_headers& headers) {
    http_client client(gate.port());
    return client.send(method, path, body, headers);
}

std::int64_t code_of(const http_answer& answer) {
    return number_at(parse(answer.body), "error.code");
}

bool has(const http_answer& answer, std::string_view text) {
    return answer.body.find(text) != std::string::npos;
}

// tools/call of "progress", with a token.
modern_request progress(int steps, int milliseconds) {
    auto call = modern_call("progress", R"({"steps":)" + std::to_string(steps) + R"(,"ms":)" +
                                            std::to_string(milliseconds) + "}");
    call.more_meta = R"("progressToken":"tok")";
    return call;
}

void kill_containers(const gateway& gate, const std::string& server) {
    for (const auto& name : gate.containers(server))
        runtime_command({"kill", name});
}

} // namespace

TEST_CASE("a modern client of an older server: discover, list, call") {
    gateway_options options;
    options.servers = {scripted("plain")};
    const gateway gate(std::move(options));
    const auto found = send_modern(gate, "/mcp/plain", modern("server/discover"));
    CHECK(found.status == 200);
    CHECK(has(found, R"("2026-07-28")"));
    CHECK(has(found, R"("io.modelcontextprotocol/serverInfo":{"name":"scripted","version":"1"})"));
    for (const auto& answer : {found, send_modern(gate, "/mcp/plain", modern("tools/list"))}) {
        CHECK(answer.status == 200);
        CHECK(answer.headers.at("content-type") == "application/json");
        CHECK_FALSE(answer.headers.contains("mcp-session-id"));
        const auto all = parse(answer.body);
        CHECK(text_at(all, "result.resultType") == "complete");
        CHECK(number_at(all, "result.ttlMs") >= 0);
        CHECK(text_at(all, "result.cacheScope") == "private");
    }
    const auto listed = send_modern(gate, "/mcp/plain", modern("tools/list"));
    CHECK(has(listed, R"("x":1.50)")); // what it does not know goes through as it is
    CHECK(has(listed, R"("more":true)"));
    const auto called =
        send_modern(gate, "/mcp/plain", modern_call("echo", R"({"text":"ä"})", R"("a\u0062")"));
    CHECK(called.status == 200);
    CHECK(tool_text(parse(called.body)) == "ä");
    CHECK(text_at(parse(called.body), "result.resultType") == "complete");
    CHECK(has(called, R"("id":"a\u0062")"));
    CHECK_FALSE(has(called, "ttlMs"));
    // Errors of the call itself ride on 200.
    CHECK(send_modern(gate, "/mcp/plain", modern_call("no-such-tool")).status == 200);
    CHECK(code_of(send_modern(gate, "/mcp/plain", modern_call("no-such-tool"))) == -32602);
}

TEST_CASE("methods that MCP 2026-07-28 does not have, and that the server does not have: 404 and -32601") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("methods")};
    const gateway gate(std::move(options));
    for (const auto* method : {"initialize", "ping", "logging/setLevel", "resources/subscribe",
                               "resources/unsubscribe", "tasks/list", "nobody/knows"}) {
        CAPTURE(method);
        const auto answer = send_modern(gate, "/mcp/methods", modern(method));
        CHECK(answer.status == 404);
        CHECK(code_of(answer) == -32601);
        CHECK(number_at(parse(answer.body), "id") == 1);
    }
    CHECK(notes.count("nobody/knows") == 1);
    CHECK(notes.count("ping") == 0);
    CHECK(notes.count("logging/setLevel") == 0);
}

TEST_CASE("headers that say something else than the body, or nothing: 400 and -32020") {
    gateway_options options;
    options.servers = {scripted("headers")};
    const gateway gate(std::move(options));
    const auto call = modern_call("echo", R"({"text":"a"})");
    const auto good = call.headers();
    const auto answer = [&](const http_headers& headers) {
        return send(gate, "POST", "/mcp/headers", call.text(), headers);
    };
    for (const auto* name : {"MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"}) {
        CAPTURE(name);
        for (const auto& headers : {without(good, name), with(good, name, "2025-11-25"),
                                    with(good, name, "Echo"), with(good, name, "")}) {
            const auto refused = answer(headers);
            CHECK(refused.status == 400);
            CHECK(code_of(refused) == -32020);
            CHECK(number_at(parse(refused.body), "id") == 1);
        }
    }
    for (const auto* coded : {"=?base64?ZWNobw=?=", "=?base64?ZWN%bw==?=", "=?base64?YWE=?="})
        CHECK(code_of(answer(with(good, "Mcp-Name", coded))) == -32020);
    CHECK(answer(with(good, "Mcp-Name", "=?base64?ZWNobw==?=")).status == 200);
    CHECK(answer(with(good, "Mcp-Name", "  echo\t")).status == 200);
    CHECK(answer(with(without(good, "Mcp-Method"), "mcp-METHOD", "tools/call")).status == 200);
    // Unknown mirrored headers, and those of sessions, mean nothing.
    auto more = with(good, "Mcp-Param-Unknown", "x");
    more = with(with(std::move(more), "Mcp-Session-Id", "0123456789abcdef0123456789abcdef"), "Last-Event-ID",
                "7");
    const auto served = answer(more);
    CHECK(served.status == 200);
    CHECK_FALSE(served.headers.contains("mcp-session-id"));
    for (const auto& [name, value] : served.headers)
        CHECK(value.find("0123456789abcdef") == std::string::npos);
}

TEST_CASE("the version and _meta of a modern request") {
    gateway_options options;
    options.servers = {scripted("versions")};
    const gateway gate(std::move(options));
    const auto list = modern("tools/list");
    for (const auto* version : {"2099-01-01", "2025-11-25"}) {
        auto text = list.text();
        text.replace(text.find(modern_revision), modern_revision.size(), version);
        const auto refused =
            send(gate, "POST", "/mcp/versions", text, with(list.headers(), "MCP-Protocol-Version", version));
        CAPTURE(refused.body);
        CHECK(refused.status == 400);
        const auto error = parse(refused.body);
        CHECK(number_at(error, "error.code") == -32022);
        CHECK(text_at(error, "error.data.requested") == version);
        REQUIRE(find(error, "error.data.supported") != nullptr);
        CHECK(has(refused, R"("2026-07-28")"));
    }
    for (const auto* params :
         {"{}", R"({"_meta":{}})", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})",
          R"({"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}})"}) {
        CAPTURE(params);
        const auto refused =
            send(gate, "POST", "/mcp/versions", rpc_text("tools/list", params, R"("m")"), list.headers());
        CHECK(refused.status == 400);
        CHECK(code_of(refused) == -32602);
        CHECK(text_at(parse(refused.body), "id") == "m");
    }
    const std::string note =
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})";
    const auto told = send(gate, "POST", "/mcp/versions", note, list.headers());
    CHECK(told.status == 202);
    CHECK(told.body.empty());
    CHECK(send(gate, "POST", "/mcp/versions", note, without(list.headers(), "Mcp-Method")).status == 202);
    const auto batch = send(gate, "POST", "/mcp/versions", "[" + list.text() + "]", list.headers());
    CHECK(batch.status == 400);
    CHECK(code_of(batch) == -32600);
    for (const auto* method : {"GET", "DELETE"}) {
        const auto status = send(gate, method, "/mcp/versions", {}, list.headers()).status;
        CHECK((status == 400 || status == 405));
    }
}

TEST_CASE("server/discover is answered while the server is down, once it has run") {
    const diary notes;
    std::ofstream(notes.path("alive")) << "yes";
    gateway_options options;
    options.servers = {notes.server("down", {"--crash-unless", "/diary/alive"})};
    const gateway gate(std::move(options));
    const auto before = send_modern(gate, "/mcp/down", modern("server/discover"));
    std::filesystem::remove(notes.path("alive"));
    CHECK(code_of(send_modern(gate, "/mcp/down", modern_call("crash"))) == -32001);
    REQUIRE(gate.becomes("down", "error"));
    const auto now = send_modern(gate, "/mcp/down", modern("server/discover"));
    CHECK(now.status == 200);
    CHECK(now.body == before.body);
    const auto listed = send_modern(gate, "/mcp/down", modern("tools/list"));
    CHECK(code_of(listed) == -32001);
}

TEST_CASE("a legacy and a modern client at one path: nobody gets the other's answer") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("both")};
    const gateway gate(std::move(options));
    const auto session = legacy_session(gate, "/mcp/both");
    REQUIRE_FALSE(session.empty());
    constexpr int rounds = 100;
    const auto run = [&](const std::string& who) {
        http_client client(gate.port());
        int good = 0;
        for (int i = 0; i < rounds; ++i) {
            const auto mine = who + std::to_string(i);
            const auto arguments = R"({"text":")" + mine + R"("})";
            const auto id = std::to_string(i % 3);
            const auto call = modern_call("echo", arguments, id);
            const auto answer = parse(who.starts_with("modern")
                                          ? client.send("POST", "/mcp/both", call.text(), call.headers()).body
                                          : client
                                                .send("POST", "/mcp/both", call_text("echo", arguments, id),
                                                      legacy_headers(session))
                                                .body);
            if (tool_text(answer) == mine && number_at(answer, "id") == i % 3) ++good;
        }
        return good;
    };
    std::vector<std::future<int>> all;
    for (const auto* who : {"legacy-a", "modern-a", "legacy-b", "modern-b"})
        all.push_back(std::async(std::launch::async, run, who));
    for (auto& each : all)
        CHECK(each.get() == rounds);
    CHECK(notes.count("start") == 1); // they share it
}

TEST_CASE("a modern client that goes has cancelled its call, a legacy one has not") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("gone")};
    const gateway gate(std::move(options));
    const auto session = legacy_session(gate, "/mcp/gone");
    {
        http_client client(gate.port());
        client.write(request_text("POST", "/mcp/gone", call_text("slow", R"({"ms":1000})", "1"),
                                  legacy_headers(session)));
        REQUIRE(eventually(30s, [&] { return notes.count("tools/call slow") == 1; }));
    }
    // Behind the slow call: what was sent meanwhile has been read when the second one is answered.
    CHECK(tool_text(gate.call("gone", "cancellations")) == "0");
    CHECK(tool_text(gate.call("gone", "cancellations")) == "0");
    {
        const auto call = modern_call("silent");
        http_client client(gate.port());
        client.write(request_text("POST", "/mcp/gone", call.text(), call.headers()));
        REQUIRE(eventually(30s, [&] { return notes.count("tools/call silent") == 1; }));
    }
    CHECK(eventually(30s, [&] { return notes.count("notifications/cancelled") == 1; }));
    {
        const auto call = progress(100, 20); // its answer is a stream already
        http_client client(gate.port());
        client.write(request_text("POST", "/mcp/gone", call.text(), call.headers()));
        CHECK(client.read_until(R"("progress":2)").find("text/event-stream") != std::string::npos);
    }
    CHECK(eventually(30s, [&] { return notes.count("notifications/cancelled") == 2; }));
    CHECK(tool_text(gate.call("gone", "echo", R"({"text":"alive"})")) == "alive");
}

TEST_CASE("a modern client's stream: progress with its token, the answer last, no event ids") {
    gateway_options options;
    options.servers = {scripted("stream")};
    const gateway gate(std::move(options));
    http_client client(gate.port());
    const auto call = progress(3, 1);
    client.write(request_text("POST", "/mcp/stream", call.text(), call.headers()));
    const auto events = client.read_until("0\r\n\r\n");
    CHECK(events.find("Content-Type: text/event-stream") != std::string::npos);
    CHECK(events.find("X-Accel-Buffering: no") != std::string::npos);
    for (const auto* step : {"1", "2", "3"})
        CHECK(events.find(R"("progressToken":"tok","progress":)" + std::string(step)) != std::string::npos);
    CHECK(events.find("\nid:") == std::string::npos);
    CHECK(events.find("retry:") == std::string::npos);
    CHECK(events.find(R"("resultType":"complete")") > events.find(R"("progress":3)"));
    CHECK(events.find("Mcp-Session-Id") == std::string::npos);
}

TEST_CASE("a server that dies in a modern call: an error in time, with a body") {
    gateway_options options;
    options.servers = {scripted("dies")};
    const gateway gate(std::move(options));
    const auto began = std::chrono::steady_clock::now();
    const auto lost = send_modern(gate, "/mcp/dies", modern_call("crash", "{}", R"("mine")"));
    CHECK(lost.status == 200);
    CHECK(code_of(lost) == -32001);
    CHECK(text_at(parse(lost.body), "id") == "mine");
    REQUIRE(gate.becomes("dies", "running"));
    http_client client(gate.port());
    const auto call = progress(200, 100);
    client.write(request_text("POST", "/mcp/dies", call.text(), call.headers()));
    REQUIRE(client.read_until(R"("progress":1)").find("event-stream") != std::string::npos);
    kill_containers(gate, "dies");
    const auto rest = client.read_until("0\r\n\r\n");
    CHECK(rest.find(R"("code":-32001)") != std::string::npos);
    CHECK(rest.find(R"("id":1)") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - began < 50s);
}

TEST_CASE("a modern client is told of a timeout by another code than -32002") {
    gateway_options options;
    options.servers = {scripted("late", {}, R"("toolTimeout":1)")};
    const gateway gate(std::move(options));
    const auto late = send_modern(gate, "/mcp/late", modern_call("silent"));
    CHECK(late.status == 200);
    CHECK(find(parse(late.body), "error") != nullptr);
    CHECK_FALSE(has(late, "-32002"));
    CHECK(has(late, "not answered within"));
    const auto together = send_modern(gate, "/mcp", modern_call("late__silent"));
    CHECK(find(parse(together.body), "error") != nullptr);
    CHECK_FALSE(has(together, "-32002"));
    http_client client(gate.port());
    const auto call = progress(2, 1500);
    client.write(request_text("POST", "/mcp/late", call.text(), call.headers()));
    const auto events = client.read_until("0\r\n\r\n");
    CHECK(events.find(R"("error")") != std::string::npos);
    CHECK(events.find("-32002") == std::string::npos);
    CHECK(number_at(gate.call("late", "silent"), "error.code") == -32002); // a legacy client is
}

TEST_CASE("the unified endpoint and a modern client") {
    gateway_options options;
    options.servers = {scripted("alpha"),
                       scripted("beta", {}, R"("tools":["echo"])"),
                       {"gone", R"({"type":"http","url":"http://127.0.0.1:9/mcp"})"}};
    const gateway gate(std::move(options));
    const auto found = send_modern(gate, "/mcp", modern("server/discover"));
    CHECK(found.status == 200);
    CHECK(has(found, R"("2026-07-28")"));
    CHECK(text_at(parse(found.body), "result.resultType") == "complete");
    const auto listed = send_modern(gate, "/mcp", modern("tools/list"));
    for (const auto* name : {"alpha__echo", "alpha__slow", "beta__echo"})
        CHECK(has(listed, "\"" + std::string(name) + "\""));
    CHECK_FALSE(has(listed, "beta__slow"));
    const auto all = parse(listed.body);
    CHECK(text_at(all, "result.resultType") == "complete");
    CHECK(number_at(all, "result.ttlMs") >= 0);
    CHECK(text_at(all, "result.cacheScope") == "private");
    const auto called = send_modern(gate, "/mcp", modern_call("beta__echo", R"({"text":"b"})", R"("i")"));
    CHECK(called.status == 200);
    CHECK_FALSE(called.headers.contains("mcp-session-id"));
    CHECK(tool_text(parse(called.body)) == "b");
    CHECK(text_at(parse(called.body), "result.resultType") == "complete");
    CHECK(code_of(send_modern(gate, "/mcp", modern_call("delta__echo"))) == -32602);
    CHECK(code_of(send_modern(gate, "/mcp", modern_call("beta__slow"))) == -32602);
    const auto unknown = send_modern(gate, "/mcp", modern("nobody/knows"));
    CHECK(unknown.status == 404);
    CHECK(code_of(unknown) == -32601);
}

TEST_CASE("a modern client that goes has cancelled its call at the unified endpoint, too") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("alpha")};
    options.gateway_extra = R"("drawbridge":{"drainTimeout":1})";
    const gateway gate(std::move(options));
    const auto call = modern_call("alpha__silent");
    {
        http_client client(gate.port());
        client.write(request_text("POST", "/mcp", call.text(), call.headers()));
        REQUIRE(eventually(30s, [&] { return notes.count("tools/call silent") == 1; }));
    }
    CHECK(eventually(10s, [&] { return notes.count("notifications/cancelled") == 1; }));
}
