// startupTimeout and toolTimeout (Gateway 5.3).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE("T-TMO-001: startup timeout enforcement") {
    gateway_options options;
    options.servers = {scripted("tmo1", {"--never-initialize"}, R"("drawbridge":{"stopGrace":1})")};
    options.gateway_extra = R"("startupTimeout":2)";
    const gateway gate(std::move(options));
    const auto answer = gate.call("tmo1", "echo");
    CHECK(number_at(answer, "error.code") == -32001);
    CHECK(text_at(answer, "error.data.detail").find("startupTimeout") != std::string::npos);
    CHECK(gate.status("tmo1") == "error");
    // Killed, and what was started meanwhile is one container at most.
    CHECK(eventually(60s, [&] { return gate.containers("tmo1").size() <= 1; }));
    CHECK(eventually(5s, [&] { return gate.log().find("did not answer initialize") != std::string::npos; }));
}

TEST_CASE("T-TMO-002: tool timeout enforcement") {
    gateway_options options;
    options.servers = {scripted("tmo2", {}, R"("toolTimeout":1)"), scripted("tmo2long")};
    const gateway gate(std::move(options));
    const auto late = gate.call("tmo2", "slow", R"({"ms":3000})");
    CHECK(number_at(late, "error.code") == -32002);
    // The late answer reaches nobody; the next caller gets its own.
    CHECK(tool_text(gate.call("tmo2long", "slow", R"({"ms":2000})")) == "done"); // its own limit is 60 s
    CHECK(eventually(30s,
                     [&] { return tool_text(gate.call("tmo2", "echo", R"({"text":"mine"})")) == "mine"; }));
}

TEST_CASE("T-TMO-003: timeout error messaging") {
    gateway_options options;
    options.servers = {scripted("tmo3", {}, R"("toolTimeout":1)")};
    const gateway gate(std::move(options));
    const auto late = gate.call("tmo3", "silent", "{}", R"("call-7")");
    CHECK(text_at(late, "id") == "call-7");
    CHECK(text_at(late, "error.data.server") == "tmo3");
    CHECK(text_at(late, "error.data.detail").find("tools/call") != std::string::npos);
    const auto logged = [&] {
        const auto log = gate.log();
        return log.find("tmo3") != std::string::npos &&
               log.find("tools/call timed out after 1") != std::string::npos;
    };
    CHECK(eventually(5s, logged));
}

TEST_CASE("T-TMO-004: partial response timeout") {
    gateway_options options;
    options.servers = {scripted("tmo4", {}, R"("toolTimeout":1)")};
    const gateway gate(std::move(options));
    CHECK(number_at(gate.call("tmo4", "half"), "error.code") == -32002);
}

TEST_CASE("T-TMO-005: concurrent timeout handling") {
    gateway_options options;
    options.servers = {scripted("tmo5", {}, R"("toolTimeout":2)")};
    const gateway gate(std::move(options));
    gate.call("tmo5", "echo");
    std::vector<std::thread> threads;
    std::vector<std::int64_t> codes(8, 0);
    for (auto& code : codes)
        threads.emplace_back([&] { code = number_at(gate.call("tmo5", "silent"), "error.code"); });
    // Calls that are answered are not held up by those that are not.
    CHECK(tool_text(gate.call("tmo5", "echo", R"({"text":"quick"})")) == "quick");
    for (auto& thread : threads)
        thread.join();
    for (const auto code : codes)
        CHECK(code == -32002);
}

TEST_CASE("a server that stops answering altogether is in error and is started again") {
    gateway_options options;
    options.servers = {scripted("hanging", {}, R"("toolTimeout":1,"drawbridge":{"stopGrace":1})")};
    const gateway gate(std::move(options));
    CHECK(number_at(gate.call("hanging", "hang"), "error.code") == -32002);
    CHECK(gate.becomes("hanging", "error"));
    CHECK(gate.becomes("hanging", "running"));
    CHECK(tool_text(gate.call("hanging", "echo", R"({"text":"back"})")) == "back");
}

TEST_CASE("a server that is only slow stays running after a timeout") {
    gateway_options options;
    options.servers = {scripted("slowly", {}, R"("toolTimeout":1)")};
    const gateway gate(std::move(options));
    CHECK(number_at(gate.call("slowly", "slow", R"({"ms":2500})"), "error.code") == -32002);
    CHECK(eventually(30s, [&] { return tool_text(gate.call("slowly", "echo", R"({"text":"a"})")) == "a"; }));
    CHECK(gate.status("slowly") == "running");
    CHECK(gate.log().find("stopped answering") == std::string::npos);
}

TEST_CASE("a server that does not read its input holds up nobody for good") {
    gateway_options options;
    options.servers = {scripted("deaf", {"--no-read"}, R"("toolTimeout":2,"drawbridge":{"stopGrace":1})")};
    const gateway gate(std::move(options));
    const auto answer = gate.call("deaf", "echo", R"({"text":")" + std::string(3'000'000, 'z') + R"("})");
    CHECK(number_at(answer, "error.code") == -32002);
    CHECK(gate.becomes("deaf", "error"));
}
