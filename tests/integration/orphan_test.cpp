// Never an orphan: what a killed gateway leaves behind.
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE(
    "after kill -9: servers that read the end of their input are gone in 5 s, the rest at the next start") {
    gateway_options options;
    options.servers = {scripted("orphan"), scripted("clinging", {"--ignore-eof", "--ignore-term"},
                                                    R"("drawbridge":{"stopGrace":1})")};
    gateway first(options);
    first.call("orphan", "echo");
    first.call("clinging", "echo");
    const auto left = first.containers("clinging");
    REQUIRE(left.size() == 1);
    first.signal(SIGKILL);
    CHECK(first.wait_exit(10s) == 128 + SIGKILL);
    CHECK(eventually(5s, [&] { return first.containers("orphan").empty(); }));
    CHECK(first.containers("clinging") == left);

    options.port = first.port();
    const gateway second(std::move(options));
    CHECK(second.containers("clinging").empty());
    CHECK(eventually(5s,
                     [&] { return second.log().find("earlier gateway left behind") != std::string::npos; }));
    CHECK(tool_text(second.call("clinging", "echo", R"({"text":"fresh"})")) == "fresh");
}

TEST_CASE("drawbridge reap removes what a killed gateway left, and nothing of one that lives") {
    gateway_options options;
    options.servers = {
        scripted("reaped", {"--ignore-eof", "--ignore-term"}, R"("drawbridge":{"stopGrace":1})")};
    gateway gate(options);
    gate.call("reaped", "echo");
    const std::vector<std::string> reap{program_path(), "reap",
                                        "--listen",     "127.0.0.1:" + std::to_string(gate.port()),
                                        "--runtime",    runtime()};
    const auto refused = run(reap);
    CHECK(refused.status == 1); // a gateway of this instance lives
    CHECK(gate.containers("reaped").size() == 1);
    gate.signal(SIGKILL);
    REQUIRE(gate.wait_exit(10s));
    const auto done = run(reap);
    CHECK(done.status == 0);
    CHECK(done.output.find("removed container") != std::string::npos);
    CHECK(gate.containers("reaped").empty());
    CHECK(run(reap).output.find("nothing was left behind") != std::string::npos);
}

TEST_CASE("a second gateway at the same place is refused, and the first one is unharmed") {
    gateway_options options;
    options.servers = {scripted("twice")};
    const gateway first(options);
    first.call("twice", "echo");
    options.port = first.port();
    options.wait_ready = false;
    gateway second(std::move(options));
    CHECK(second.wait_exit(30s) == 1);
    CHECK(second.stdout_text().find("\"error\"") != std::string::npos);
    CHECK(second.log().find(std::to_string(first.port())) != std::string::npos);
    CHECK(tool_text(first.call("twice", "echo", R"({"text":"unharmed"})")) == "unharmed");
    CHECK(tool_text(first.call("twice", "count")) == "4"); // the same process
}
