// The HTTP interface: who may ask what, and how faults are told (Gateway 4, 5.1, 7).
#include "support/gateway.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::test;

namespace {

// A gateway whose server is never started: everything here is decided in front of it.
gateway_options front_only() {
    gateway_options options;
    options.servers = {scripted("front")};
    return options;
}

const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";

http_answer post(const gateway& gate, std::string_view body, const http_headers& headers,
                 std::string_view path = "/mcp/front") {
    http_client client(gate.port());
    return client.send("POST", path, body, headers);
}

http_headers with(http_headers headers, const std::string& name, const std::string& value) {
    headers.emplace_back(name, value);
    return headers;
}

} // namespace

TEST_CASE("T-AUTH-001: valid token acceptance: plain and after Bearer") {
    const gateway gate(front_only());
    CHECK(gate.post("/mcp/front", ping).status == 200);
    CHECK(gate.post("/mcp/front", ping, "Bearer " + std::string(agent)).status == 200);
    CHECK(gate.post("/mcp/front", ping, "bearer " + std::string(agent)).status == 200);
}

TEST_CASE("T-AUTH-002: invalid token rejection") {
    const gateway gate(front_only());
    for (const auto* wrong :
         {"x", "Bearer x", "test-agent-7f3a9", "test-agent-7f3a911", "Basic dGVzdDp0ZXN0"}) {
        CAPTURE(wrong);
        const auto answer = gate.post("/mcp/front", ping, wrong);
        CHECK(answer.status == 401);
        CHECK(answer.headers.at("www-authenticate") == "Bearer");
        CHECK(number_at(parse(answer.body), "error.code") == -32003);
    }
    CHECK(gate.post("/mcp/front", ping, "Bearer ").status == 400); // malformed
    http_client client(gate.port());
    CHECK(client.send("POST", "/mcp/front", ping, with(rpc_headers(), "Authorization", "second")).status ==
          400);
    CHECK(gate.log().find("7f3a9") == std::string::npos);
}

TEST_CASE("T-AUTH-003: missing token rejection, before anything is told about servers") {
    const gateway gate(front_only());
    CHECK(gate.post("/mcp/front", ping, "").status == 401);
    CHECK(gate.post("/mcp/no-such-server", ping, "").status == 401);
    CHECK(gate.get("/mcp/front").status == 401);
}

TEST_CASE("T-AUTH-004: health endpoint exemption") {
    const gateway gate(front_only());
    CHECK(gate.get("/health").status == 200);
    CHECK(gate.get("/livez").status == 200);
    CHECK(gate.get("/readyz").status == 200);
}

TEST_CASE("T-AUTH-005: token rotation support: several identifiers at once") {
    auto options = front_only();
    const auto port = free_port();
    options.port = port;
    options.configuration = R"({"mcpServers":{"front":)" + options.servers.front().json +
                            R"(},"gateway":{"port":)" + std::to_string(port) +
                            R"(,"domain":"localhost","agentIds":["old-id","new-id"]}})";
    const gateway gate(std::move(options));
    CHECK(gate.post("/mcp/front", ping, "old-id").status == 200);
    CHECK(gate.post("/mcp/front", ping, "new-id").status == 200);
    CHECK(gate.post("/mcp/front", ping, "other-id").status == 401);
}

TEST_CASE("T-ERR-003: invalid request handling") {
    const gateway gate(front_only());
    const auto refused = [&](std::string_view body, std::int64_t code) {
        CAPTURE(body);
        const auto answer = gate.post("/mcp/front", body);
        CHECK(answer.status == 400);
        CHECK(number_at(parse(answer.body), "error.code") == code);
    };
    refused("{not json", -32700);
    refused("", -32700);
    refused(R"({"jsonrpc":"2.0","id":1,"method":"ping"} x)", -32700);
    refused(R"({"id":1,"method":"ping"})", -32600);
    refused(R"({"jsonrpc":"2.0","id":null,"method":"ping"})", -32600);
    refused(R"({"jsonrpc":"2.0","id":{},"method":"ping"})", -32600);
    refused(R"({"jsonrpc":"2.0","id":1,"method":5})", -32600);
    refused(R"({"jsonrpc":"2.0","id":1,"method":"a","m\u0065thod":"b"})", -32600);
    refused("[" + ping + "]", -32600);
    const auto named = gate.post("/mcp/front", R"({"jsonrpc":"1.0","id":"mine","method":"ping"})");
    CHECK(text_at(parse(named.body), "id") == "mine");
}

TEST_CASE("unknown places, wrong methods and media types") {
    const gateway gate(front_only());
    const auto unknown = gate.post("/mcp/nobody", ping);
    CHECK(unknown.status == 404);
    CHECK(text_at(parse(unknown.body), "error.data.server") == "nobody");
    CHECK(gate.get("/").status == 404);
    CHECK(gate.get("/mcp/front/x").status == 404);
    http_client client(gate.port());
    const auto wrong = client.send("GET", "/mcp/front", {}, rpc_headers());
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.at("allow") == "POST");
    const auto health = client.send("POST", "/health");
    CHECK(health.status == 405);
    CHECK(health.headers.at("allow") == "GET, HEAD");
    const http_headers form{{"Authorization", std::string(agent)}, {"Content-Type", "text/plain"}};
    CHECK(post(gate, ping, form).status == 415);
    const http_headers charset{{"Authorization", std::string(agent)},
                               {"Content-Type", "Application/JSON; charset=utf-8"}};
    CHECK(post(gate, ping, charset).status == 200);
}

TEST_CASE("too much: bodies, headers, and bytes that are no HTTP") {
    auto options = front_only();
    options.gateway_extra = R"("drawbridge":{"maxMessageBytes":4096,"maxHeaderBytes":4096})";
    const gateway gate(std::move(options));
    CHECK(post(gate, std::string(5000, ' '), rpc_headers()).status == 413);
    http_client chunked(gate.port());
    std::string request = request_text("POST", "/mcp/front", "", rpc_headers());
    request.replace(request.find("Content-Length: 0"), 17, "Transfer-Encoding: chunked");
    CHECK(chunked.send_raw(request + "1388\r\n" + std::string(5000, ' ') + "\r\n0\r\n\r\n").status == 413);
    CHECK(post(gate, ping, with(rpc_headers(), "X-Long", std::string(5000, 'x'))).status == 431);
    http_client garbage(gate.port());
    CHECK(garbage.send_raw("\x16\x03\x01 this is no HTTP\r\n\r\n").status == 400);
    CHECK(gate.post("/mcp/front", ping).status == 200);
}

TEST_CASE("HTTP details: HEAD, chunked bodies, Expect, protocol versions, notifications") {
    const gateway gate(front_only());
    http_client client(gate.port());
    for (const auto* path : {"/health", "/livez", "/readyz"}) {
        const auto head = client.send("HEAD", path);
        CHECK(head.status == 200);
        CHECK(head.body.empty());
        CHECK(head.headers.at("content-length") != "0");
    }
    auto request = request_text("POST", "/mcp/front", "", rpc_headers());
    request.replace(request.find("Content-Length: 0"), 17, "Transfer-Encoding: chunked");
    const auto chunked = client.send_raw(request + "a\r\n" + ping.substr(0, 10) + "\r\n" + "1e\r\n" +
                                         ping.substr(10) + "\r\n0\r\n\r\n");
    CHECK(ping.size() == 40);
    CHECK(chunked.body == R"({"jsonrpc":"2.0","id":1,"result":{}})");
    CHECK(client.send("POST", "/mcp/front", ping, with(rpc_headers(), "Expect", "100-continue")).status ==
          200);
    CHECK(client.send("POST", "/mcp/front", ping, with(rpc_headers(), "MCP-Protocol-Version", "2025-06-18"))
              .status == 200);
    const auto unknown =
        client.send("POST", "/mcp/front", ping, with(rpc_headers(), "MCP-Protocol-Version", "2199-01-01"));
    CHECK(unknown.status == 400);
    CHECK(unknown.body.find("2025-11-25") != std::string::npos);
    CHECK(number_at(parse(unknown.body), "id") == 1);
    const auto note = client.send("POST", "/mcp/front",
                                  R"({"jsonrpc":"2.0","method":"notifications/initialized"})", rpc_headers());
    CHECK(note.status == 202);
    CHECK(note.body.empty());
    CHECK(gate.status("front") == "stopped"); // nothing of this needed the server
}
