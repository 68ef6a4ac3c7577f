// Closing the gateway (Gateway 5.1.3).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE("T-LIFE-001: close endpoint authentication") {
    gateway_options options;
    options.servers = {scripted("life1")};
    const gateway gate(std::move(options));
    CHECK(gate.post("/close", {}, "").status == 401);
    CHECK(gate.post("/close", {}, "wrong").status == 401);
    CHECK(gate.get("/close").status == 401); // not even the method is told
    CHECK(gate.get("/livez").status == 200);
    // Attempts are logged, without what was tried.
    CHECK(eventually(5s, [&] { return gate.log().find("POST /close was refused") != std::string::npos; }));
    CHECK(gate.log().find("wrong") == std::string::npos);
}

TEST_CASE("T-LIFE-002: close endpoint success response") {
    gateway_options options;
    options.servers = {scripted("life2a"), scripted("life2b"), scripted("life2c")};
    gateway gate(std::move(options));
    gate.call("life2a", "echo");
    gate.call("life2b", "echo");
    const auto answer = gate.close();
    CHECK(answer.status == 200);
    CHECK(answer.body ==
          R"({"status":"closed","message":"Gateway shutdown initiated","serversTerminated":2})");
    CHECK(gate.wait_exit(30s) == 0);
}

TEST_CASE(
    "T-LIFE-003, T-LIFE-006, T-LIFE-007: a call in flight ends well, new ones get 503, a second close 410") {
    gateway_options options;
    options.servers = {scripted("life3")};
    gateway gate(std::move(options));
    gate.call("life3", "echo");
    http_client client(gate.port());
    const auto body = call_text("slow", R"({"ms":4000})", "1");
    REQUIRE(client.write(request_text("POST", "/mcp/life3", body, rpc_headers())));
    REQUIRE(eventually(10s, [&] { return gate.status("life3") == "running"; }));
    // The slow call has reached the server when a probe sent behind it waits: close only then.
    http_client behind(gate.port());
    REQUIRE(behind.write(request_text("POST", "/mcp/life3", call_text("echo", "{}", "2"), rpc_headers())));
    CHECK(gate.close().status == 200);
    const auto refused = gate.post("/mcp/life3", call_text("echo", "{}", "3"));
    CHECK(refused.status == 503);
    const auto again = gate.close();
    CHECK(again.status == 410);
    CHECK(again.body == R"({"error":"Gateway has already been closed"})");
    CHECK(gate.get("/readyz").status == 503);
    CHECK(tool_text(parse(client.read().body)) == "done");
    CHECK(gate.wait_exit(30s) == 0);
}

TEST_CASE(
    "T-LIFE-004: container termination on close: also of one that ignores the end of its input and SIGTERM") {
    gateway_options options;
    options.servers = {scripted("life4"), scripted("life4stubborn", {"--ignore-term", "--ignore-eof"},
                                                   R"("drawbridge":{"stopGrace":1})")};
    gateway gate(std::move(options));
    gate.call("life4", "echo");
    gate.call("life4stubborn", "echo");
    CHECK(gate.containers("life4").size() == 1);
    CHECK(gate.close().status == 200);
    CHECK(gate.wait_exit(60s) == 0);
    CHECK(gate.containers("life4").empty());
    CHECK(gate.containers("life4stubborn").empty());
    CHECK(gate.log().find("after the end of its input") != std::string::npos);
    CHECK(gate.log().find("after SIGKILL") != std::string::npos);
}

TEST_CASE("T-LIFE-005: resource cleanup on close: no network, no process, and the port is free again") {
    gateway_options options;
    options.servers = {scripted("life5")};
    const auto networks = [] {
        return runtime_command(
                   {"network", "ls", "--filter", "label=io.drawbridge.instance", "--format", "{{.Name}}"})
            .output;
    };
    gateway gate(options);
    gate.call("life5", "echo");
    CHECK(networks().find("life5") != std::string::npos);
    CHECK(gate.close().status == 200);
    CHECK(gate.wait_exit(30s) == 0);
    CHECK(networks().find("life5") == std::string::npos);
    CHECK(!http_client(gate.port()).connected());
    options.port = gate.port();
    const gateway next(std::move(options)); // at once, at the same place
    CHECK(tool_text(next.call("life5", "echo", R"({"text":"next"})")) == "next");
}

TEST_CASE("SIGTERM and SIGINT end the gateway as /close does") {
    for (const int number : {SIGTERM, SIGINT}) {
        gateway_options options;
        options.servers = {scripted("signals")};
        gateway gate(std::move(options));
        gate.call("signals", "echo");
        gate.signal(number);
        CHECK(gate.wait_exit(30s) == 0);
        CHECK(gate.containers("signals").empty());
    }
}

TEST_CASE("a signal during a start leaves nothing behind") {
    gateway_options options;
    options.servers = {
        scripted("early", {"--wait-at-start", "2000"}, R"("drawbridge":{"start":"eager","stopGrace":1})")};
    gateway gate(std::move(options));
    REQUIRE(eventually(30s, [&] { return !gate.containers("early").empty(); }));
    gate.signal(SIGTERM);
    CHECK(gate.wait_exit(60s) == 0);
    CHECK(gate.containers("early").empty());
}

TEST_CASE("a second signal does not wait for running calls") {
    gateway_options options;
    options.servers = {scripted("impatient", {}, R"("drawbridge":{"stopGrace":1})")};
    gateway gate(std::move(options));
    gate.call("impatient", "echo");
    http_client client(gate.port());
    REQUIRE(
        client.write(request_text("POST", "/mcp/impatient", call_text("silent", "{}", "1"), rpc_headers())));
    REQUIRE(eventually(10s, [&] { return std::stoi(tool_text(gate.call("impatient", "count"))) >= 4; }));
    gate.signal(SIGTERM);
    REQUIRE(eventually(10s, [&] { return gate.get("/readyz").status == 503; }));
    gate.signal(SIGTERM);
    const auto answer = client.read();
    CHECK(number_at(parse(answer.body), "error.code") == -32001);
    CHECK(gate.wait_exit(20s) == 0);
}
