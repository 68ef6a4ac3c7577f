// Requests that are wrong, many, or given up (Gateway 5.1, 5.2, 9.3).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE(
    "T-ERR-003: invalid request handling: refused by the gateway, with what was wrong, and never forwarded") {
    gateway_options options;
    options.servers = {scripted("err3")};
    const gateway gate(std::move(options));
    gate.call("err3", "echo");
    struct wrong {
        const char* body;
        std::int64_t code;
    };
    const wrong cases[] = {
        {"{", -32700},
        {"", -32700},
        {"nonsense", -32700},
        {R"({"jsonrpc":"2.0","id":1,"method":"ping"}{})", -32700},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}", -32700},
        {R"("text")", -32600},
        {R"({"jsonrpc":"2.0","id":1})", -32600},
        {R"({"jsonrpc":"1.0","id":1,"method":"tools/list"})", -32600},
        {R"({"jsonrpc":"2.0","id":{},"method":"tools/list"})", -32600},
        {R"({"jsonrpc":"2.0","id":1,"method":7})", -32600},
        {R"([{"jsonrpc":"2.0","id":1,"method":"tools/list"}])", -32600},
    };
    http_client client(gate.port());
    for (const auto& each : cases) {
        CAPTURE(each.body);
        const auto answer = client.send("POST", "/mcp/err3", each.body, rpc_headers());
        CHECK(answer.status == 400);
        const auto error = parse(answer.body);
        CHECK(text_at(error, "jsonrpc") == "2.0");
        CHECK(number_at(error, "error.code") == each.code);
        CHECK(!text_at(error, "error.message").empty());
        CHECK(text_at(error, "error.data.server") == "err3");
        CHECK(!text_at(error, "error.data.detail").empty());
    }
    // What the server refuses is the server's answer, on 200.
    const auto unknown =
        client.send("POST", "/mcp/err3", rpc_text("no/such/method", "{}", "5"), rpc_headers());
    CHECK(unknown.status == 200);
    CHECK(unknown.body == R"({"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"Method not found"}})");
    // It has seen initialize, echo, no/such/method, count: nothing of the above.
    CHECK(tool_text(gate.call("err3", "count")) == "4");
    CHECK(gate.status("err3") == "running");
}

TEST_CASE("a client that hangs up takes nobody with it, and its answer goes to nobody") {
    gateway_options options;
    options.servers = {scripted("hangup")};
    const gateway gate(std::move(options));
    gate.call("hangup", "echo");
    for (int round = 0; round < 5; ++round) {
        http_client gone(gate.port());
        REQUIRE(gone.write(
            request_text("POST", "/mcp/hangup", call_text("slow", R"({"ms":100})", "1"), rpc_headers())));
    }
    CHECK(tool_text(gate.call("hangup", "echo", R"({"text":"for me"})")) == "for me");
    CHECK(gate.status("hangup") == "running");
}

TEST_CASE("requests on one connection: one after the other, and several sent ahead") {
    gateway_options options;
    options.servers = {scripted("ahead")};
    const gateway gate(std::move(options));
    http_client client(gate.port());
    std::string bytes;
    for (int number = 0; number < 4; ++number)
        bytes += request_text(
            "POST", "/mcp/ahead",
            call_text("echo", R"({"text":"no )" + std::to_string(number) + R"("})", std::to_string(number)),
            rpc_headers());
    REQUIRE(client.write(bytes));
    for (int number = 0; number < 4; ++number) {
        const auto answer = parse(client.read().body);
        CHECK(number_at(answer, "id") == number);
        CHECK(tool_text(answer) == "no " + std::to_string(number));
    }
}

TEST_CASE("a request that comes in small pieces is one request") {
    gateway_options options;
    options.servers = {scripted("pieces")};
    const gateway gate(std::move(options));
    gate.call("pieces", "echo");
    http_client client(gate.port());
    const auto text =
        request_text("POST", "/mcp/pieces", call_text("echo", R"({"text":"whole"})", "1"), rpc_headers());
    for (const char c : text)
        REQUIRE(client.write(std::string_view(&c, 1)));
    CHECK(tool_text(parse(client.read().body)) == "whole");
}

TEST_CASE("large answers for many clients at once, and small ones beside them") {
    gateway_options options;
    options.servers = {scripted("heavy"), scripted("light")};
    const gateway gate(std::move(options));
    gate.call("heavy", "echo");
    gate.call("light", "echo");
    std::atomic<int> whole = 0;
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number)
        threads.emplace_back([&] {
            const auto answer = gate.post("/mcp/heavy", call_text("big", R"({"bytes":10000000})", "1"));
            const std::string begin =
                R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":")";
            const std::string end = R"("}]}})";
            whole += answer.body == begin + std::string(10'000'000, 'x') + end ? 1 : 0;
        });
    for (int number = 0; number < 20; ++number)
        CHECK(tool_text(gate.call("light", "echo", R"({"text":"small"})")) == "small");
    for (auto& thread : threads)
        thread.join();
    CHECK(whole == 4);
}

TEST_CASE("requests and answers of exactly maxMessageBytes pass, one byte more does not") {
    constexpr std::size_t limit = 4096;
    gateway_options options;
    options.servers = {scripted("exact")};
    options.gateway_extra = R"("drawbridge":{"maxMessageBytes":4096})";
    const gateway gate(std::move(options));
    const auto sized = [](std::size_t bytes) {
        const auto empty = call_text("count", R"({"pad":""})", "1").size();
        return call_text("count", R"({"pad":")" + std::string(bytes - empty, '.') + R"("})", "1");
    };
    CHECK(gate.post("/mcp/exact", sized(limit)).status == 200);
    CHECK(gate.post("/mcp/exact", sized(limit + 1)).status == 413);
    CHECK(tool_text(gate.call("exact", "count")) == "3"); // initialize, the first one, and this
}

TEST_CASE("a notification is taken and starts nothing") {
    gateway_options options;
    options.servers = {scripted("noted")};
    const gateway gate(std::move(options));
    const auto answer = gate.post("/mcp/noted", R"({"jsonrpc":"2.0","method":"notifications/other"})");
    CHECK(answer.status == 202);
    CHECK(answer.body.empty());
    // ping is the gateway's own, too.
    const auto ping = gate.post("/mcp/noted", rpc_text("ping", "{}", R"("p")"));
    CHECK(ping.body == R"({"jsonrpc":"2.0","id":"p","result":{}})");
    CHECK(gate.status("noted") == "stopped");
    CHECK(gate.containers("noted").empty());
}
