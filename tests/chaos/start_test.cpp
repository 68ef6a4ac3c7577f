// Containers that do not come up.
#include "chaos/stage.hpp"

#include "support/eventually.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

double uptime(const boost::json::value& detail) {
    const auto* seconds = find(detail, "uptimeSeconds");
    return seconds && seconds->is_number() ? seconds->to_number<double>() : -1;
}

// Answered at once, with when to come again.
void expect_refusal(stage& here) {
    // Between two tries; a call that comes while one is made waits for its outcome.
    CHECK(eventually(20s, [&] {
        if (here.state(victim) != "backoff") return false;
        const auto began = steady::now();
        const auto answer = here.gate().post("/mcp/" + victim, call_text("echo", "{}", "1"));
        if (here.state(victim) != "backoff") return false;
        CHECK(steady::now() - began < noise);
        CHECK(number_at(parse(answer.body), "error.code") == -32001);
        CHECK(answer.headers.contains("retry-after"));
        return true;
    }));
}

} // namespace

TEST_CASE("a server exits at every start: the tries go on, the crash loop is told, and it heals") {
    const temporary_folder folder;
    folder.write("good", "");
    stage here(scripted_victim({"--crash-unless", "/chaos/good"},
                               R"("mounts":[)" + json_string(folder.path() + ":/chaos:ro") + "]"));
    folder.remove("good");
    const auto process = server_process(here.container());
    REQUIRE(process > 0);
    here.expect_death(process, [&] { ::kill(process, SIGKILL); });
    bool never_well = true;
    const auto looping = [&] {
        const auto now = here.detail(victim);
        never_well = never_well && text_at(now, "status") == "error" && uptime(now) == 0;
        const auto* flag = find(now, "crashLoop");
        return flag && flag->is_bool() && flag->as_bool() && number_at(now, "attempt") >= 3;
    };
    CHECK(eventually(30s, looping));
    CHECK(never_well);
    const auto now = here.detail(victim);
    CHECK(!text_at(now, "nextTry").empty());
    here.expect_code({"exited", "handshake_failed", "spawn_failed"});
    CHECK(number_at(now, "lastError.exit.code") == 3);
    expect_refusal(here);
    folder.write("good", "");
    here.expect_recovery(30s);
    here.end();
}

TEST_CASE("a server hangs in its handshake: error until it answers one, never running") {
    const temporary_folder folder;
    stage here(shell_victim(folder));
    folder.write("mode", "hang");
    const auto process = server_process(here.container());
    REQUIRE(process > 0);
    here.expect_death(process, [&] { ::kill(process, SIGKILL); });
    bool never_well = true;
    const auto failed = [&] {
        const auto now = here.detail(victim);
        never_well = never_well && text_at(now, "status") == "error" && uptime(now) == 0;
        return text_at(now, "lastError.code") == "handshake_failed";
    };
    CHECK(eventually(30s, failed));
    CHECK(never_well);
    expect_refusal(here);
    folder.write("mode", "ok");
    here.expect_recovery(30s);
    here.end();
}
