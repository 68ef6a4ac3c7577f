// Health that is true (Gateway 8).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

std::int64_t uptime(const gateway& gate, const std::string& server) {
    return number_at(gate.health(), "servers." + server + ".uptime");
}

} // namespace

TEST_CASE("T-HLT-004: server status reporting: stopped, running, error, each when it is true") {
    gateway_options options;
    options.servers = {scripted("hlt4"), scripted("hlt4bad", {"--crash-at-start", "3"}),
                       scripted("hlt4idle")};
    const gateway gate(std::move(options));
    auto now = gate.health();
    CHECK(text_at(now, "status") == "healthy");
    CHECK(text_at(now, "servers.hlt4.status") == "stopped");
    CHECK(number_at(now, "servers.hlt4.uptime") == 0);
    gate.call("hlt4", "echo");
    gate.call("hlt4bad", "echo");
    now = gate.health();
    CHECK(text_at(now, "status") == "unhealthy");
    CHECK(text_at(now, "servers.hlt4.status") == "running");
    CHECK(text_at(now, "servers.hlt4bad.status") == "error");
    CHECK(number_at(now, "servers.hlt4bad.uptime") == 0);
    CHECK(text_at(now, "servers.hlt4idle.status") == "stopped");
    // Uptime counts.
    CHECK(eventually(30s, [&] { return uptime(gate, "hlt4") >= 1; }));
}

TEST_CASE(
    "T-HLT-005: automatic restart behavior: a killed container is seen within a second and comes back") {
    gateway_options options;
    options.servers = {scripted("hlt5", {}, R"("drawbridge":{"start":"eager"})")};
    const gateway gate(std::move(options));
    REQUIRE(gate.becomes("hlt5", "running"));
    REQUIRE(eventually(30s, [&] { return uptime(gate, "hlt5") >= 2; }));
    const auto before = gate.containers("hlt5");
    REQUIRE(before.size() == 1);
    runtime_command({"kill", "--signal", "KILL", before.front()});
    // The promise of the issue: within a second of the container's death.
    CHECK(gate.becomes("hlt5", "error", 1s));
    const auto now = gate.health();
    CHECK(text_at(now, "status") == "unhealthy");
    CHECK(uptime(gate, "hlt5") == 0);
    // Answered at once, with the reason and the server's name.
    const auto refused = gate.call("hlt5", "echo");
    if (number_at(refused, "error.code") == -32001) {
        CHECK(text_at(refused, "error.data.server") == "hlt5");
        CHECK(text_at(refused, "error.data.detail").find("next start") != std::string::npos);
    }
    REQUIRE(gate.becomes("hlt5", "running"));
    CHECK(uptime(gate, "hlt5") <= 1); // from the new start
    CHECK(text_at(gate.health(), "status") == "healthy");
    CHECK(tool_text(gate.call("hlt5", "echo", R"({"text":"again"})")) == "again");
    CHECK(gate.containers("hlt5") != before);
}

TEST_CASE("/health, /livez and /readyz answer while a server hangs in its start") {
    gateway_options options;
    options.servers = {
        scripted("stuck", {"--never-initialize"}, R"("drawbridge":{"start":"eager","stopGrace":1})")};
    const gateway gate(std::move(options));
    REQUIRE(eventually(30s, [&] { return !gate.containers("stuck").empty(); }));
    CHECK(gate.status("stuck") == "stopped"); // a first start is not running before its handshake
    CHECK(gate.get("/livez").status == 200);
    CHECK(gate.get("/readyz").status == 200);
}

TEST_CASE("readyz turns to 503 with reasons when no server is usable, and back") {
    gateway_options options;
    options.servers = {scripted("ready1")};
    const gateway gate(std::move(options));
    gate.call("ready1", "crash", R"({"code":7})");
    REQUIRE(gate.becomes("ready1", "error"));
    const auto answer = gate.get("/readyz");
    if (gate.status("ready1") == "error") {
        CHECK(answer.status == 503);
        CHECK(answer.body.find("ready1") != std::string::npos);
    }
    REQUIRE(gate.becomes("ready1", "running"));
    CHECK(gate.get("/readyz").status == 200);
}

TEST_CASE("a server that closes its output is in error, although its process lives") {
    gateway_options options;
    options.servers = {scripted("mute", {"--ignore-eof"}, R"("toolTimeout":1,"drawbridge":{"stopGrace":1})")};
    const gateway gate(std::move(options));
    // Container runtimes keep the pipe open, so it is the silence that tells.
    const auto code = number_at(gate.call("mute", "close_stdout"), "error.code");
    CHECK((code == -32002 || code == -32001));
    CHECK(gate.becomes("mute", "error"));
    CHECK(gate.becomes("mute", "running"));
}

TEST_CASE("restarts go on for good, and calls in between are answered at once") {
    gateway_options options;
    options.servers = {scripted("loop", {"--crash-at-start", "9"})};
    const gateway gate(std::move(options));
    gate.call("loop", "echo");
    const auto attempts = [&] {
        std::size_t count = 0;
        const auto log = gate.log();
        for (auto at = log.find("start failed"); at != log.npos; at = log.find("start failed", at + 1))
            ++count;
        return count;
    };
    CHECK(eventually(60s, [&] { return attempts() >= 4; }));
    CHECK(gate.status("loop") == "error");
    CHECK(number_at(gate.call("loop", "echo"), "error.code") == -32001);
}
