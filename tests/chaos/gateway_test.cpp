// The gateway itself dies, or is told to.
#include "chaos/stage.hpp"

#include "support/eventually.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <future>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE("kill -9 of the gateway under load: the next one takes its place and removes what was left") {
    // This one stays when its gateway is gone.
    stage here(scripted_victim({"--ignore-eof", "--ignore-term"}));
    const auto left = here.container();
    here.gate().signal(SIGKILL);
    REQUIRE(here.gate().wait_exit(10s) == 128 + SIGKILL);
    CHECK(containers_of(here.instance(), victim) == std::vector<std::string>{left});
    here.start_again();
    for (const auto& each : {std::string("calm1"), std::string("calm2"), std::string("distant"), victim})
        CHECK(here.gate().becomes(each, "running", 30s));
    here.expect_recovery();
    CHECK(here.container() != left);
    here.end(true);
}

TEST_CASE("SIGTERM under load: calls in flight are answered, the rest is refused, nothing is left") {
    stage here(scripted_victim({}, {}, 10));
    here.calls().hold(victim);
    auto slow = std::async(std::launch::async, [&] {
        return here.gate().post("/mcp/" + victim, call_text("slow", R"({"ms":2000})", "1"));
    });
    REQUIRE(eventually(10s, [&] { return number_at(here.detail(victim), "calls.inFlight") == 1; }));
    here.gate().signal(SIGTERM);
    const auto status = here.gate().wait_exit(30s);
    CHECK_MESSAGE(status == 0, here.last_of_log());
    CHECK(tool_text(parse(slow.get().body)) == "done");
    here.calls().stop();
    for (const auto& each : {std::string("calm1"), std::string("calm2"), std::string("distant")}) {
        const auto seen = here.calls().of(each);
        CAPTURE(each);
        CHECK_MESSAGE(seen.wrong == 0, seen.first_wrong);
        CHECK(seen.answered() + seen.lost == seen.sent);
        // A request that was on its way when the gateway closed its connection: one for each caller at most.
        CHECK(seen.lost <= callers);
        for (const auto& [code, count] : seen.errors)
            CHECK_MESSAGE(code == -32001, "code " << code << ", " << count << " times");
        tell("calls answered after the signal with an error", static_cast<double>(seen.failed()), "");
        tell("calls cut off", static_cast<double>(seen.lost), "");
    }
    here.expect_nothing_left();
}
