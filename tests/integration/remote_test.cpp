// Remote MCP servers over HTTP (Gateway 5.2.2).
#include "support/eventually.hpp"
#include "support/gateway.hpp"
#include "support/remote_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

server_entry remote(const std::string& url, const std::string& extra = {}) {
    return {"remote", R"({"type":"http","url":")" + url + "\"" + extra + "}"};
}

} // namespace

TEST_CASE("T-PTL-002: HTTP request/response cycle, with the configured headers and nothing of the client's") {
    const remote_server server;
    gateway_options options;
    options.servers = {
        remote(server.url() + "?key=v", R"(,"headers":{"X-Token":"t-1","Authorization":"Bearer up"})")};
    const gateway gate(std::move(options));
    CHECK(gate.status("remote") == "stopped");
    http_client client(gate.port());
    auto headers = rpc_headers();
    headers.emplace_back("Cookie", "secret=1");
    const auto answer =
        client.send("POST", "/mcp/remote", call_text("echo", R"({"text":"hi"})", "7"), headers);
    CHECK(tool_text(parse(answer.body)) == "hi");
    CHECK(number_at(parse(answer.body), "id") == 7);
    CHECK(gate.status("remote") == "running");
    const auto seen = server.seen();
    REQUIRE(seen.size() >= 4);
    CHECK(text_at(parse(seen[0].body), "method") == "server/discover");
    CHECK(text_at(parse(seen[1].body), "method") == "initialize");
    CHECK(text_at(parse(seen[2].body), "method") == "notifications/initialized");
    for (const auto& each : seen) {
        CHECK(each.path == "/mcp?key=v");
        CHECK(each.headers.at("x-token") == "t-1");
        CHECK(each.headers.at("authorization") == "Bearer up");
        CHECK_FALSE(each.headers.contains("cookie"));
        CHECK(each.body.find(agent) == std::string::npos);
    }
    const auto call = std::find_if(seen.begin(), seen.end(), [](const auto& each) {
        return each.body.find("tools/call") != std::string::npos;
    });
    REQUIRE(call != seen.end());
    CHECK(call->headers.at("mcp-session-id") == "remote-session-1");
    CHECK(call->headers.at("mcp-protocol-version") == "2025-11-25");
    CHECK(call->headers.at("accept") == "application/json, text/event-stream");
}

TEST_CASE(
    "T-PTL-007, T-PTL-008: a connection that fails is told, turns the server to error, and comes back") {
    const auto port = free_port();
    gateway_options options;
    options.servers = {
        remote("http://user:canary-pw-5520@127.0.0.1:" + std::to_string(port) + "/mcp?key=canary-url-5521",
               R"(,"headers":{"X-Token":"canary-header-5522"})"),
        scripted("beside")};
    const gateway gate(std::move(options));
    const auto answer = gate.post("/mcp/remote", rpc_text("tools/list", "{}", R"("r-1")"));
    CHECK(answer.status == 200);
    const auto error = parse(answer.body);
    CHECK(text_at(error, "id") == "r-1");
    CHECK(number_at(error, "error.code") == -32001);
    CHECK(text_at(error, "error.data.server") == "remote");
    CHECK(gate.status("remote") == "error");
    CHECK(tool_text(gate.call("beside", "echo", R"({"text":"works"})")) == "works");
    {
        const remote_server server({}, port);
        CHECK(gate.becomes("remote", "running"));
        CHECK(tool_text(gate.call("remote", "echo", R"({"text":"back"})")) == "back");
    }
    const auto gone = gate.rpc("remote", "tools/list"); // the first call that notices turns it to error
    CHECK(number_at(gone, "error.code") == -32001);
    CHECK(gate.becomes("remote", "error"));
    for (const auto& text : {answer.body, gate.log(), gate.stdout_text()})
        CHECK(text.find("canary") == std::string::npos);
}

TEST_CASE("a remote server that has forgotten the session gets a new one, and the call its answer") {
    std::atomic<bool> forget = false;
    std::atomic<int> sessions = 0;
    const remote_server server([&](const remote_request& request) {
        remote_answer told;
        told.status = 0;
        if (request.body.find("\"initialize\"") != std::string::npos) {
            ++sessions;
            forget = false;
        } else if (forget) {
            told.status = 404;
        }
        return told;
    });
    gateway_options options;
    options.servers = {remote(server.url())};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("remote", "echo", R"({"text":"one"})")) == "one");
    forget = true;
    CHECK(tool_text(gate.call("remote", "echo", R"({"text":"two"})")) == "two");
    CHECK(sessions == 2);
    CHECK(gate.status("remote") == "running");
}

TEST_CASE("a remote server that refuses the credentials is reported as that") {
    const remote_server server([](const remote_request& request) {
        remote_answer told;
        told.status = request.body.find("tools/call") != std::string::npos ? 403 : 0;
        return told;
    });
    gateway_options options;
    options.servers = {remote(server.url())};
    const gateway gate(std::move(options));
    const auto refused = gate.call("remote", "echo");
    CHECK(number_at(refused, "error.code") == -32001);
    CHECK(text_at(refused, "error.data.detail").find("403") != std::string::npos);
    CHECK(gate.status("remote") == "running"); // it is there
}

TEST_CASE("a remote server's redirect is not followed, and the caller is told") {
    const remote_server server([](const remote_request& request) {
        remote_answer told;
        told.status = request.body.find("tools/call") != std::string::npos ? 307 : 0;
        told.headers = "Location: http://127.0.0.1:1/steal\r\n";
        return told;
    });
    gateway_options options;
    options.servers = {remote(server.url())};
    const gateway gate(std::move(options));
    const auto told = gate.call("remote", "echo");
    CHECK(text_at(told, "error.data.detail").find("307") != std::string::npos);
}

TEST_CASE(
    "github-oidc: a token is fetched once for the audience and replaces a static Authorization header") {
    // header.{"exp":4102444800}.signature
    const std::string token = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln";
    const remote_server tokens([&](const remote_request&) {
        remote_answer told;
        told.body = R"({"value":")" + token + "\"}";
        return told;
    });
    const remote_server server;
    gateway_options options;
    options.servers = {remote(
        server.url(),
        R"(,"headers":{"Authorization":"old"},"auth":{"type":"github-oidc","audience":"https://a b"})")};
    options.environment = {
        {"ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:" + std::to_string(tokens.port()) + "/t?v=1"},
        {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-runner-token"}};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("remote", "echo", R"({"text":"a"})")) == "a");
    CHECK(tool_text(gate.call("remote", "echo", R"({"text":"b"})")) == "b");
    REQUIRE(tokens.seen().size() == 1);
    CHECK(tokens.seen()[0].path == "/t?v=1&audience=https%3A%2F%2Fa%20b");
    CHECK(tokens.seen()[0].headers.at("authorization") == "bearer canary-runner-token");
    for (const auto& each : server.seen())
        CHECK(each.headers.at("authorization") == "Bearer " + token);
    CHECK(gate.log().find("canary-runner-token") == std::string::npos);
    CHECK(gate.log().find(token) == std::string::npos);
}

TEST_CASE("github-oidc without the runner's variables: logged at start, an error at first use") {
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server.url(), R"(,"auth":{"type":"github-oidc"})")};
    const gateway gate(std::move(options));
    CHECK(eventually(10s,
                     [&] { return gate.log().find("ACTIONS_ID_TOKEN_REQUEST_URL") != std::string::npos; }));
    const auto told = gate.call("remote", "echo");
    CHECK(text_at(told, "error.data.detail").find("id-token: write") != std::string::npos);
    CHECK(server.seen().empty());
}
