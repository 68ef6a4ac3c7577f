// Which era a server belongs to: how the gateway finds it out, and what it does with what it found
// (MCP 2026-07-28, versioning).
#include "support/diary.hpp"
#include "support/eventually.hpp"
#include "support/gateway.hpp"
#include "support/modern_client.hpp"
#include "support/remote_server.hpp"

#include <doctest/doctest.h>

#include <boost/json/serialize.hpp>

#include <atomic>
#include <future>
#include <set>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

boost::json::value details(const gateway& gate, const std::string& server) {
    http_client client(gate.port());
    return parse(client.send("GET", "/health/servers/" + server, {}, rpc_headers()).body);
}

server_entry remote(std::string name, const std::string& url, const std::string& own = {}) {
    return {std::move(name),
            R"({"type":"http","url":")" + url + "\"" + (own.empty() ? "" : R"(,"drawbridge":)" + own) + "}"};
}

lines methods_of(const remote_server& server) {
    lines all;
    for (const auto& each : server.seen())
        if (each.method == "POST") all.push_back(text_at(parse(each.body), "method"));
    return all;
}

bool asks_for(const remote_request& request, std::string_view method) {
    return request.method == "POST" && text_at(parse(request.body), "method") == method;
}

remote_answer no_answer_of_its_own() {
    remote_answer told;
    told.status = 0;
    return told;
}

remote_answer answered(const remote_request& request, std::string_view member, std::string_view value,
                       unsigned status = 200) {
    remote_answer told;
    told.status = status;
    told.body = R"({"jsonrpc":"2.0","id":)" + boost::json::serialize(*find(parse(request.body), "id")) +
                ",\"" + std::string(member) + "\":" + std::string(value) + "}";
    return told;
}

constexpr std::string_view discovered =
    R"({"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,)"
    R"("cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"new","version":"2"}}})";

// A server of 2026-07-28 that knows nothing else.
remote_answer modern_server(const remote_request& request) {
    if (request.method != "POST") {
        remote_answer told;
        told.status = 405;
        return told;
    }
    if (asks_for(request, "server/discover")) return answered(request, "result", discovered);
    if (asks_for(request, "tools/list"))
        return answered(
            request, "result",
            R"({"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[{"name":"echo",)"
            R"("inputSchema":{"type":"object","properties":{"text":{"type":"string","x-mcp-header":"Text"}}}}]})");
    if (asks_for(request, "tools/call"))
        return answered(request, "result",
                        R"({"resultType":"complete","content":[{"type":"text","text":"modern"}]})");
    return answered(request, "error", R"({"code":-32601,"message":"Method not found"})", 404);
}

} // namespace

TEST_CASE("a server that ends at server/discover is started again at once, and is never in error") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("rusty", {"--end-at-unknown"}, R"("drawbridge":{"linkIdleTimeout":1})")};
    const gateway gate(std::move(options));
    auto answer = std::async(std::launch::async,
                             [&] { return tool_text(gate.call("rusty", "echo", R"({"text":"a"})")); });
    std::set<std::string> seen;
    while (answer.wait_for(5ms) != std::future_status::ready)
        seen.insert(gate.status("rusty"));
    CHECK(answer.get() == "a");
    CHECK_FALSE(seen.contains("error"));
    CHECK(gate.status("rusty") == "running");
    const lines first{"start",      "server/discover",           "start",
                      "initialize", "notifications/initialized", "tools/call echo"};
    CHECK(notes.lines() == first);
    const auto about = details(gate, "rusty");
    CHECK(number_at(about, "restarts") == 0);
    CHECK(number_at(about, "attempt") == 0);
    REQUIRE(find(about, "lastError") != nullptr);
    CHECK(find(about, "lastError")->is_null());
    CHECK(gate.stdout_lines().size() == 1); // no failure was reported
    CHECK(gate.log().find("start failed") == std::string::npos);
    // What was found out is remembered.
    REQUIRE(gate.becomes("rusty", "stopped"));
    CHECK(tool_text(gate.call("rusty", "echo", R"({"text":"b"})")) == "b");
    auto both = first;
    both.insert(both.end(), {"start", "initialize", "notifications/initialized", "tools/call echo"});
    CHECK(notes.lines() == both);
}

TEST_CASE("a server that ends whatever it is sent is in error, as before") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("mortal", {"--crash-at-start", "7"})};
    const gateway gate(std::move(options));
    CHECK(number_at(gate.call("mortal", "echo"), "error.code") == -32001);
    CHECK(gate.status("mortal") == "error");
}

TEST_CASE("a server that says nothing to server/discover is initialized after 3 s") {
    const diary silent, late;
    gateway_options options;
    options.servers = {silent.server("silent", {"--silent-at-unknown"}),
                       late.server("late", {"--wait-at-start", "4500"})};
    const gateway gate(std::move(options));
    const auto began = std::chrono::steady_clock::now();
    auto slow = std::async(std::launch::async,
                           [&] { return tool_text(gate.call("late", "echo", R"({"text":"b"})")); });
    CHECK(tool_text(gate.call("silent", "echo", R"({"text":"a"})")) == "a");
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(took >= 3s);
    CHECK(took < 25s);
    CHECK(silent.lines() ==
          lines{"start", "server/discover", "initialize", "notifications/initialized", "tools/call echo"});
    // One that was only slow to start answers the first question first, and is not harmed.
    CHECK(slow.get() == "b");
    CHECK(late.lines() ==
          lines{"start", "server/discover", "initialize", "notifications/initialized", "tools/call echo"});
}

TEST_CASE("drawbridge.era legacy: nobody is asked server/discover") {
    const diary notes;
    const remote_server far;
    const std::string legacy = R"({"era":"legacy"})";
    gateway_options options;
    options.servers = {notes.server("near", {"--end-at-unknown"}, R"("drawbridge":)" + legacy),
                       remote("far", far.url(), legacy)};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("near", "echo", R"({"text":"a"})")) == "a");
    CHECK(tool_text(gate.call("far", "echo", R"({"text":"b"})")) == "b");
    CHECK(notes.lines() == lines{"start", "initialize", "notifications/initialized", "tools/call echo"});
    CHECK(methods_of(far) == lines{"initialize", "notifications/initialized", "tools/call"});
}

TEST_CASE("drawbridge.era modern: a server without server/discover is taken at its configuration's word") {
    const remote_server far([](const remote_request& request) {
        if (!asks_for(request, "server/discover")) return modern_server(request);
        return answered(request, "error", R"({"code":-32601,"message":"Method not found"})", 404);
    });
    gateway_options options;
    options.servers = {remote("far", far.url(), R"({"era":"modern"})")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("far", "echo")) == "modern");
    for (const auto& method : methods_of(far))
        CHECK(method != "initialize");
}

TEST_CASE("a remote server that refuses server/discover in whatever way is an older one") {
    const remote_answer empty{400, "", "text/plain", ""};
    const remote_answer page{404, "<html>no</html>", "text/html", ""};
    const remote_answer unfit{406, "", "text/plain", ""};
    for (const auto& refusal : {empty, page, unfit}) {
        CAPTURE(refusal.status);
        const remote_server far([&](const remote_request& request) {
            return asks_for(request, "server/discover") ? refusal : no_answer_of_its_own();
        });
        gateway_options options;
        options.servers = {remote("far", far.url())};
        const gateway gate(std::move(options));
        CHECK(tool_text(gate.call("far", "echo", R"({"text":"a"})")) == "a");
        CHECK(methods_of(far) ==
              lines{"server/discover", "initialize", "notifications/initialized", "tools/call"});
    }
}

TEST_CASE("refused credentials and an outage say nothing about the era") {
    for (const unsigned status : {401U, 403U, 500U, 503U}) {
        CAPTURE(status);
        std::atomic<bool> down = true;
        const remote_server far([&](const remote_request& request) {
            if (!down) return modern_server(request);
            remote_answer told;
            told.status = status;
            return told;
        });
        gateway_options options;
        options.servers = {remote("far", far.url())};
        const gateway gate(std::move(options));
        CHECK(number_at(gate.call("far", "echo"), "error.code") == -32001);
        down = false;
        CHECK(eventually(60s, [&] { return tool_text(gate.call("far", "echo")) == "modern"; }));
        for (const auto& method : methods_of(far))
            CHECK(method != "initialize");
    }
}

TEST_CASE("a server of 2026-07-28, for a client of sessions and for one without") {
    const remote_server far(modern_server);
    gateway_options options;
    options.servers = {remote("far", far.url())};
    const gateway gate(std::move(options));
    const auto session = legacy_session(gate, "/mcp/far");
    REQUIRE_FALSE(session.empty());
    http_client client(gate.port());
    const auto called = client.send("POST", "/mcp/far", call_text("echo", R"({"text":"ä"})", R"("x")"),
                                    legacy_headers(session));
    CHECK(tool_text(parse(called.body)) == "modern");
    CHECK(text_at(parse(called.body), "id") == "x");
    CHECK(called.body.find("resultType") == std::string::npos);
    const auto call = modern_call("echo", R"({"text":"b"})");
    const auto unsaid = send_modern(gate, "/mcp/far", call); // its schema mirrors the argument
    CHECK(unsaid.status == 400);
    CHECK(number_at(parse(unsaid.body), "error.code") == -32020);
    const auto direct =
        client.send("POST", "/mcp/far", call.text(), with(call.headers(), "Mcp-Param-Text", "b"));
    CHECK(text_at(parse(direct.body), "result.resultType") == "complete");
    std::size_t calls = 0;
    for (const auto& each : far.seen()) {
        CHECK_FALSE(each.headers.contains("mcp-session-id"));
        if (each.method != "POST") continue;
        CHECK(each.headers.at("mcp-protocol-version") == modern_revision);
        CHECK(each.headers.at("mcp-method") == text_at(parse(each.body), "method"));
        CHECK_FALSE(asks_for(each, "initialize"));
        if (!asks_for(each, "tools/call")) continue;
        CHECK(each.headers.at("mcp-name") == "echo");
        CHECK(each.headers.at("mcp-param-text") == (++calls == 1 ? "=?base64?w6Q=?=" : "b"));
    }
    CHECK(calls == 2);
}

TEST_CASE("no client's words become headers of the gateway's requests") {
    const remote_server far(modern_server);
    gateway_options options;
    options.servers = {remote("far", far.url())};
    const gateway gate(std::move(options));
    const auto session = legacy_session(gate, "/mcp/far");
    http_client client(gate.port());
    const std::string smuggled =
        R"(x\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\nX: )";
    for (const std::string& method : {smuggled, std::string(R"(x\nX-Evil: 1)"), std::string(R"(x\r)")}) {
        const auto text = R"({"jsonrpc":"2.0","id":1,"method":")" + method + "\"}";
        const auto answer = client.send("POST", "/mcp/far", text, legacy_headers(session));
        CHECK(number_at(parse(answer.body), "error.code") == -32601);
        const auto note = R"({"jsonrpc":"2.0","method":")" + method + "\"}";
        CHECK(client.send("POST", "/mcp/far", note, legacy_headers(session)).status == 202);
    }
    CHECK(tool_text(gate.call("far", "echo")) == "modern");
    for (const auto& each : far.seen()) {
        CHECK_FALSE(each.headers.contains("x-evil"));
        CHECK(each.path == "/mcp");
    }
}

TEST_CASE("a remote server hears at once that nobody waits any more, also before it has begun to answer") {
    const remote_server far([](const remote_request& request) {
        auto told = modern_server(request);
        told.never = text_at(parse(request.body), "params.name") == "stuck";
        return told;
    });
    gateway_options options;
    options.servers = {remote("far", far.url())};
    options.gateway_extra = R"("toolTimeout":6)";
    const gateway gate(std::move(options));
    const auto asked = [&](std::size_t count) {
        return eventually(20s, [&] {
            std::size_t stuck = 0;
            for (const auto& each : far.seen())
                stuck += text_at(parse(each.body), "params.name") == "stuck";
            return stuck == count;
        });
    };
    const auto call = modern_call("stuck");
    {
        http_client leaves(gate.port());
        leaves.write(request_text("POST", "/mcp/far", call.text(), call.headers()));
        CHECK(asked(1));
    }
    CHECK(eventually(5s, [&] { return far.given_up() == 1; })); // before toolTimeout
    const auto late = send_modern(gate, "/mcp/far", call);
    CHECK(number_at(parse(late.body), "error.code") == -32000);
    CHECK(eventually(20s, [&] { return far.given_up() == 2; }));
    const auto shown = details(gate, "far");
    CHECK(number_at(shown, "calls.inFlight") == 0);
    CHECK(text_at(shown, "status") == "running");
}

TEST_CASE("a server of 2026-07-28 whose place an older one takes is found out by its next check") {
    std::atomic<bool> older = false;
    const remote_server far([&](const remote_request& request) {
        if (!older) return modern_server(request);
        if (asks_for(request, "server/discover"))
            return answered(request, "error", R"({"code":-32601,"message":"no"})");
        return no_answer_of_its_own();
    });
    gateway_options options;
    options.servers = {remote("far", far.url(), R"({"checks":{"interval":0.2}})")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("far", "echo")) == "modern");
    older = true;
    CHECK(eventually(60s, [&] { return tool_text(gate.call("far", "echo", R"({"text":"old"})")) == "old"; }));
}

TEST_CASE("a server that refuses the version of server/discover, and offers it, is modern") {
    const remote_server far([](const remote_request& request) {
        if (!asks_for(request, "server/discover")) return modern_server(request);
        return answered(request, "error",
                        R"({"code":-32022,"message":"no","data":{"supported":["2026-07-28"],)"
                        R"("requested":"x"}})",
                        400);
    });
    gateway_options options;
    options.servers = {remote("far", far.url())};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("far", "echo")) == "modern");
    for (const auto& method : methods_of(far))
        CHECK(method != "initialize");
}
