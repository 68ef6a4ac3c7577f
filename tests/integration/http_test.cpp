// The HTTP interface: who may ask what, and how faults are told (Gateway 4, 5.1, 7).
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

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

// A request whose head says what its body would be; the body is not sent.
std::string head_only(const std::string& fields) {
    return "POST /mcp/front HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
           "application/json\r\nAuthorization: " +
           std::string(agent) + "\r\n" + fields + "\r\n";
}

// The status of the very first line that comes back, 100 too, which the client of these tests passes over.
std::string first_line(std::uint16_t port, const std::string& bytes) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{30, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string line;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
        ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0)
        for (char c = 0; ::recv(socket, &c, 1, 0) == 1 && c != '\r';)
            line += c;
    ::close(socket);
    return line;
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
    const auto wrong = client.send("PUT", "/mcp/front", {}, rpc_headers());
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.at("allow") == "POST, GET, DELETE");
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

TEST_CASE("malformed credentials are 400: two headers with the right id, an empty one, bytes outside ASCII") {
    const gateway gate(front_only());
    const http_headers twice = with(rpc_headers(), "authorization", std::string(agent));
    const http_headers none = with(rpc_headers(""), "Authorization", "");
    const http_headers odd = with(rpc_headers(""), "Authorization", "test-\xc3\xa4gent");
    for (const auto& headers : {twice, none, odd}) {
        const auto answer = post(gate, ping, headers);
        CHECK(answer.status == 400);
        CHECK(number_at(parse(answer.body), "error.code") == -32003);
    }
    CHECK(gate.post("/close", {}, "").status == 401);
    CHECK(gate.post("/close", {}, "wrong").status == 401);
    CHECK(gate.get("/livez").status == 200); // and it was not closed
}

TEST_CASE("ids come back byte for byte, whatever their spelling") {
    const gateway gate(front_only());
    http_client client(gate.port());
    for (const std::string id : {"0", "-7", "12345678901234567890123", R"("")", R"("\u00e4 \/")"}) {
        const auto answer = client.send("POST", "/mcp/front", rpc_text("ping", "{}", id), rpc_headers());
        CHECK(answer.status == 200);
        CHECK(answer.body == R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{}})");
    }
    for (const std::string id : {"1.50", "1e3", "true", "[1]", "02"})
        CHECK(client.send("POST", "/mcp/front", rpc_text("ping", "{}", id), rpc_headers()).status == 400);
    // Two ids: which one would be answered?
    const auto twice = client.send("POST", "/mcp/front", R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})",
                                   rpc_headers());
    CHECK(twice.status == 400);
    CHECK(number_at(parse(twice.body), "error.code") == -32600);
}

TEST_CASE("one connection goes on after refused requests with small bodies") {
    const gateway gate(front_only());
    http_client client(gate.port());
    CHECK(client.send("POST", "/mcp/front", ping, rpc_headers("wrong")).status == 401);
    CHECK(client.send("POST", "/mcp/nobody", ping, rpc_headers()).status == 404);
    CHECK(client.send("GET", "/nowhere").status == 404);
    CHECK(client.send("POST", "/mcp/front", "{", rpc_headers()).status == 400);
    CHECK(client.send("PUT", "/mcp/front", {}, rpc_headers()).status == 405);
    CHECK(client.send("POST", "/mcp/front", ping, rpc_headers()).status == 200);
    const auto last = client.send("POST", "/mcp/front", ping, with(rpc_headers(), "Connection", "close"));
    CHECK(last.status == 200);
    CHECK(client.read().status == 0); // closed, as asked for
}

TEST_CASE("Expect: 100-continue is answered before the body, a refusal instead of it") {
    auto options = front_only();
    options.gateway_extra = R"("drawbridge":{"maxMessageBytes":4096})";
    const gateway gate(std::move(options));
    const std::string expect = "Expect: 100-continue\r\n";
    CHECK(first_line(gate.port(), head_only(expect + "Content-Length: 40\r\n")) == "HTTP/1.1 100 Continue");
    CHECK(
        first_line(gate.port(), head_only(expect + "Content-Length: 5000\r\n")).starts_with("HTTP/1.1 413"));
    // Too long by its own word: no byte of the body is needed to refuse it.
    CHECK(first_line(gate.port(), head_only("Content-Length: 99999999999\r\n")).starts_with("HTTP/1.1 413"));
    const auto stranger =
        "POST /mcp/front HTTP/1.1\r\nHost: localhost\r\n" + expect + "Content-Length: 40\r\n\r\n";
    CHECK(first_line(gate.port(), stranger).starts_with("HTTP/1.1 401"));
}

TEST_CASE("requests whose end can be read in two ways are refused, and nothing behind them is obeyed") {
    const gateway gate(front_only());
    const std::string smuggled =
        "POST /close HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + std::string(agent) +
        "\r\nContent-Length: 0\r\n\r\n";
    for (const std::string fields : {"Content-Length: 40\r\nTransfer-Encoding: chunked\r\n",
                                     "Content-Length: 40\r\nContent-Length: 41\r\n", "Content-Length: -1\r\n",
                                     "Content-Length: 4 0\r\n"}) {
        CAPTURE(fields);
        http_client client(gate.port());
        const auto status = client.send_raw(head_only(fields) + "0\r\n\r\n" + smuggled).status;
        CHECK((status == 400 || status == 501));
        CHECK(client.read().status == 0); // the connection is over
    }
    http_client chunks(gate.port());
    CHECK(chunks.send_raw(head_only("Transfer-Encoding: chunked\r\n") + "xyz\r\n" + smuggled).status == 400);
    CHECK(gate.get("/livez").status == 200);
    CHECK(gate.post("/mcp/front", ping).status == 200); // not closed
}

TEST_CASE("paths: queries and a slash at the end are fine, other spellings of a name are other names") {
    const gateway gate(front_only());
    CHECK(gate.get("/health?probe=1").status == 200);
    CHECK(gate.post("/mcp/front/", ping).status == 200);
    for (const auto* path : {"/mcp/fr%6fnt", "/mcp/FRONT", "/mcp/../mcp/front", "//mcp/front", "/mcp//"})
        CHECK(gate.post(path, ping).status == 404);
}

TEST_CASE("every legacy revision in MCP-Protocol-Version is accepted") {
    const gateway gate(front_only());
    for (const auto* revision : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"})
        CHECK(post(gate, ping, with(rpc_headers(), "MCP-Protocol-Version", revision)).status == 200);
}

TEST_CASE(
    "503-when-unhealthy: an image that is not there turns /health to 503 at the first call, not before") {
    gateway_options options;
    options.servers = {
        {"front503",
         R"({"container":"localhost/drawbridge-test/not-there:1","drawbridge":{"pull":"never"}})"}};
    options.gateway_extra = R"("drawbridge":{"healthStatus":"503-when-unhealthy"})";
    const gateway gate(std::move(options));
    CHECK(gate.get("/health").status == 200);
    const auto answer = gate.rpc("front503", "tools/list");
    CHECK(number_at(answer, "error.code") == -32001);
    CHECK(text_at(answer, "error.data.server") == "front503");
    REQUIRE(gate.becomes("front503", "error"));
    const auto now = gate.get("/health");
    CHECK(now.status == 503);
    CHECK(text_at(parse(now.body), "status") == "unhealthy");
    CHECK(number_at(parse(now.body), "servers.front503.uptime") == 0);
    http_client client(gate.port());
    CHECK(client.send("HEAD", "/health").status == 503);
    CHECK(gate.get("/livez").status == 200);
}
