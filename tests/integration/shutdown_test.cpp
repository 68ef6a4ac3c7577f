// Closing at awkward moments, and gateways beside each other (Gateway 5.1.3).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// True while a client of a container runtime that starts a container of this server runs.
bool being_started(const std::string& server) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        if (line.find("--label=io.drawbridge.server=" + server) != std::string::npos) return true;
    }
    return false;
}

} // namespace

TEST_CASE("T-LIFE-006: a call that is never answered holds up the end for drainTimeout at most, and gets an "
          "error") {
    gateway_options options;
    options.servers = {scripted("drain", {}, R"("drawbridge":{"stopGrace":1})")};
    options.gateway_extra = R"("drawbridge":{"drainTimeout":1})";
    gateway gate(std::move(options));
    gate.call("drain", "echo");
    http_client client(gate.port());
    REQUIRE(
        client.write(request_text("POST", "/mcp/drain", call_text("silent", "{}", R"("s")"), rpc_headers())));
    // initialize, echo, silent, count
    REQUIRE(eventually(30s, [&] { return std::stoi(tool_text(gate.call("drain", "count"))) >= 4; }));
    CHECK(gate.close().status == 200);
    const auto answer = parse(client.read().body);
    CHECK(text_at(answer, "id") == "s");
    CHECK(number_at(answer, "error.code") == -32001);
    CHECK(text_at(answer, "error.data.server") == "drain");
    CHECK(gate.wait_exit(30s) == 0);
}

TEST_CASE("T-LIFE-007: calls that wait for a server's start are refused when the gateway is closed") {
    gateway_options options;
    options.servers = {scripted("never", {"--never-initialize"}, R"("drawbridge":{"stopGrace":1})")};
    gateway gate(std::move(options));
    http_client client(gate.port());
    REQUIRE(client.write(request_text("POST", "/mcp/never", call_text("echo", "{}", "1"), rpc_headers())));
    REQUIRE(eventually(30s, [&] { return !gate.containers("never").empty(); }));
    CHECK(gate.close().status == 200);
    const auto answer = client.read();
    CHECK(answer.status == 503);
    CHECK(number_at(parse(answer.body), "id") == 1);
    CHECK(gate.wait_exit(60s) == 0);
    CHECK(gate.containers("never").empty());
}

TEST_CASE("closing during a backoff does not wait for the next start") {
    gateway_options options;
    options.servers = {scripted("hopeless", {"--crash-at-start", "1"})};
    gateway gate(std::move(options));
    gate.call("hopeless", "echo");
    REQUIRE(gate.becomes("hopeless", "error"));
    const auto answer = gate.close();
    CHECK(answer.status == 200);
    CHECK(gate.wait_exit(30s) == 0);
    CHECK(gate.containers("hopeless").empty());
}

TEST_CASE("a close while servers are killed under it ends in order") {
    gateway_options options;
    options.servers = {scripted("both1"), scripted("both2")};
    gateway gate(std::move(options));
    gate.call("both1", "echo");
    gate.call("both2", "echo");
    const auto names = gate.containers("both1");
    REQUIRE(names.size() == 1);
    std::thread killer([&] { runtime_command({"kill", names.front()}); });
    CHECK(gate.close().status == 200);
    killer.join();
    CHECK(gate.wait_exit(60s) == 0);
    CHECK(gate.containers("both1").empty());
    CHECK(gate.containers("both2").empty());
}

TEST_CASE("T-LIFE-004: how each container ended stands in the log") {
    gateway_options options;
    options.servers = {scripted("toldend")};
    gateway gate(std::move(options));
    gate.call("toldend", "echo");
    const auto names = gate.containers("toldend");
    REQUIRE(names.size() == 1);
    CHECK(gate.close().status == 200);
    CHECK(gate.wait_exit(30s) == 0);
    const auto log = gate.log();
    CHECK(log.find(names.front() + " closed") != std::string::npos);
    CHECK(log.find("POST /close: shutting down") != std::string::npos);
}

TEST_CASE("gateways at different ports leave each other's containers alone") {
    gateway_options options;
    options.servers = {scripted("neighbour")};
    const gateway first(options);
    first.call("neighbour", "echo");
    REQUIRE(first.containers("neighbour").size() == 1);
    {
        gateway second(options); // the same configuration, but for its port
        second.call("neighbour", "echo");
        CHECK(second.containers("neighbour").size() == 2);
        CHECK(second.close().status == 200);
        CHECK(second.wait_exit(30s) == 0);
    }
    const auto elsewhere = "127.0.0.1:" + std::to_string(free_port());
    CHECK(run({program_path(), "reap", "--listen", elsewhere, "--runtime", runtime()}).status == 0);
    CHECK(first.containers("neighbour").size() == 1);
    CHECK(tool_text(first.call("neighbour", "count")) == "3"); // one process all the time
}

TEST_CASE("after kill -9 in the middle of a container's start, the next gateway cleans up") {
    gateway_options options;
    options.servers = {scripted("halfway", {"--ignore-eof", "--ignore-term"},
                                R"("drawbridge":{"start":"eager","stopGrace":1})")};
    gateway first(options);
    REQUIRE(eventually(30s, [] { return being_started("halfway"); }));
    first.signal(SIGKILL);
    REQUIRE(first.wait_exit(10s));
    options.port = first.port();
    options.servers = {scripted("bystander")};
    const gateway second(std::move(options));
    // A client that had just begun may still bring its container up.
    CHECK(eventually(60s, [&] { return !being_started("halfway") && second.containers("halfway").empty(); }));
    CHECK(tool_text(second.call("bystander", "echo", R"({"text":"serves"})")) == "serves");
}
