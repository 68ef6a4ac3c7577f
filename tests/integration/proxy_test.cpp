// A message of a client on its way to a containerized server and back (Gateway 5.2).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE("T-PTL-001: stdio request/response cycle") {
    gateway_options options;
    options.servers = {scripted("ptl1")};
    const gateway gate(std::move(options));
    CHECK(gate.status("ptl1") == "stopped"); // started by the first request
    CHECK(gate.containers("ptl1").empty());
    const auto begun = gate.rpc("ptl1", "initialize",
                                R"({"protocolVersion":"2025-06-18","capabilities":{},)"
                                R"("clientInfo":{"name":"test","version":"1"}})");
    CHECK(text_at(begun, "result.protocolVersion") == "2025-06-18");
    CHECK(text_at(begun, "result.serverInfo.name") == "scripted");
    CHECK(gate.post("/mcp/ptl1", R"({"jsonrpc":"2.0","method":"notifications/initialized"})").status == 202);
    CHECK(tool_text(gate.call("ptl1", "echo", R"({"text":"hello"})")) == "hello");
    CHECK(gate.status("ptl1") == "running");
    // The container is kept for the next request: initialize, echo, count.
    CHECK(tool_text(gate.call("ptl1", "count")) == "3");
    CHECK(gate.containers("ptl1").size() == 1);
}

TEST_CASE("T-PTL-003: tool signature preservation: results and lists arrive byte for byte") {
    gateway_options options;
    options.servers = {scripted("ptl3")};
    const gateway gate(std::move(options));
    const auto exotic = gate.post("/mcp/ptl3", call_text("exotic", "{}", R"("\u0061\/b")"));
    CHECK(exotic.body ==
          R"({"result" : {"z":1,"a":{"deep":[1.0,1e2,12345678901234567890,-0.0,1E+2]},)"
          R"("_meta":{"x.y/z":"\u00e4\/"},"structuredContent":{"n":0.10},"content":[],)"
          R"("unknown":null,"isError":false},"jsonrpc":"2.0" ,"extra":true, "id":"\u0061\/b"})");
    const auto list = gate.post("/mcp/ptl3", rpc_text("tools/list", "{}", "12345678901234567890123"));
    CHECK(list.body == R"({"jsonrpc":"2.0","id":12345678901234567890123,"result":{"tools":[)"
                       R"({"name":"echo","inputSchema":{"type":"object"}},)"
                       R"({"inputSchema":{"type":"object"},"name":"crash"},)"
                       R"({"name":"slow","inputSchema":{"type":"object"},"x":1.50}],"more":true}})");
    // A server's own error is the server's, code and data included.
    const auto error = gate.call("ptl3", "no such tool");
    CHECK(number_at(error, "error.code") == -32602);
    CHECK(text_at(error, "error.data.from") == "server");
}

TEST_CASE("a request body over several lines reaches the server as one line") {
    gateway_options options;
    options.servers = {scripted("pretty")};
    const gateway gate(std::move(options));
    const std::string body =
        "{\r\n  \"jsonrpc\": \"2.0\",\n  \"id\": 5,\n  \"method\": \"tools/call\",\n"
        "  \"params\": {\n    \"name\": \"echo\",\n    \"arguments\": {\"text\": \"a\\nb\"}\n  }\n}\n";
    CHECK(tool_text(parse(gate.post("/mcp/pretty", body).body)) == "a\nb");
}

TEST_CASE("T-PTL-004: concurrent request handling: many clients with the same ids get their own answers") {
    gateway_options options;
    options.servers = {scripted("ptl4")};
    const gateway gate(std::move(options));
    gate.call("ptl4", "echo"); // it runs
    constexpr int clients = 16, calls = 50;
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int number = 0; number < clients; ++number)
        threads.emplace_back([&, number] {
            http_client client(gate.port());
            for (int call = 0; call < calls; ++call) {
                const auto text = std::to_string(number) + "/" + std::to_string(call);
                const auto body = call_text("echo", R"({"text":")" + text + R"("})", std::to_string(call));
                const auto answer = client.send("POST", "/mcp/ptl4", body, rpc_headers());
                const auto wanted = R"({"jsonrpc":"2.0","id":)" + std::to_string(call) +
                                    R"(,"result":{"content":[{"type":"text","text":")" + text + R"("}]}})";
                right += answer.status == 200 && answer.body == wanted ? 1 : 0;
            }
        });
    for (auto& thread : threads)
        thread.join();
    CHECK(right == clients * calls);
    // Towards the server each call had an id of its own.
    CHECK(tool_text(gate.call("ptl4", "id", "{}", "7")) != "7");
}

TEST_CASE("T-PTL-005: large payload handling") {
    gateway_options options;
    options.servers = {scripted("ptl5")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("ptl5", "big", R"({"bytes":10000000})")).size() == 10'000'000);
    const std::string text(2'000'000, 'y');
    CHECK(tool_text(gate.call("ptl5", "echo", R"({"text":")" + text + R"("})")) == text);
}

TEST_CASE("an answer above maxMessageBytes is an error that names the limit, and the server lives on") {
    gateway_options options;
    options.servers = {scripted("toolarge")};
    options.gateway_extra = R"("drawbridge":{"maxMessageBytes":100000})";
    const gateway gate(std::move(options));
    const auto refused = gate.call("toolarge", "big", R"({"bytes":200000})", R"("x")");
    CHECK(number_at(refused, "error.code") == -32000);
    CHECK(text_at(refused, "id") == "x");
    CHECK(text_at(refused, "error.data.detail").find("100000") != std::string::npos);
    CHECK(tool_text(gate.call("toolarge", "big", R"({"bytes":50000})")).size() == 50'000);
    CHECK(gate.status("toolarge") == "running");
    CHECK(tool_text(gate.call("toolarge", "count")) == "4"); // the same process
}

TEST_CASE("T-PTL-006: partial response buffering") {
    gateway_options options;
    options.servers = {scripted("ptl6")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("ptl6", "split")) == "in pieces: äöü");
}

TEST_CASE("lines on stdout that are no messages are skipped, and the server lives on") {
    gateway_options options;
    options.servers = {scripted("babble", {"--banner"})};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("babble", "babble")) == "after the babble");
    CHECK(gate.status("babble") == "running");
    CHECK(eventually(5s, [&] { return gate.log().find("not an MCP message") != std::string::npos; }));
}

TEST_CASE("a server's own ping is answered by the gateway") {
    gateway_options options;
    options.servers = {scripted("pinger")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("pinger", "ping_client")) ==
          R"({"jsonrpc":"2.0","id":"server-1","result":{}})");
}

TEST_CASE("an answer that was written before the server ended is not lost") {
    gateway_options options;
    options.servers = {scripted("lastwords")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("lastwords", "answer_and_exit")) == "last words");
}

TEST_CASE("tools: what is not on the list is neither shown nor callable") {
    gateway_options options;
    options.servers = {scripted("filtered", {}, R"("tools":["echo","slow"])")};
    const gateway gate(std::move(options));
    const auto list = gate.post("/mcp/filtered", rpc_text("tools/list", "{}", "1"));
    CHECK(list.body ==
          R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","inputSchema":{"type":"object"}},)"
          R"({"name":"slow","inputSchema":{"type":"object"},"x":1.50}],"more":true}})");
    CHECK(tool_text(gate.call("filtered", "echo", R"({"text":"yes"})")) == "yes");
    const auto refused = gate.call("filtered", "crash", "{}", "9");
    CHECK(number_at(refused, "error.code") == -32602);
    CHECK(number_at(refused, "id") == 9);
    CHECK(text_at(refused, "error.data.server") == "filtered");
    CHECK(gate.status("filtered") == "running");
    // Spelled otherwise it is the same tool.
    const auto spelled =
        gate.post("/mcp/filtered",
                  R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"n\u0061me":"cr\u0061sh"}})");
    CHECK(number_at(parse(spelled.body), "error.code") == -32602);
    CHECK(gate.status("filtered") == "running");
}
