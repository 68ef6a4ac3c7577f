// Containers that die, in every way that an operator or the kernel can bring about.
#include "chaos/stage.hpp"

#include "support/eventually.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

// The death is known before its exit status is.
void expect_signal(const stage& here, const std::string& name) {
    CHECK(eventually(2s, [&] { return text_at(here.detail(victim), "lastError.exit.signal") == name; }));
}

void expect_another_container(const stage& here, const std::string& before) {
    CHECK(eventually(10s, [&] {
        const auto now = containers_of(here.instance(), victim);
        return now.size() == 1 && now.front() != before;
    }));
    const auto now = here.detail(victim);
    CHECK(number_at(now, "restarts") >= 1);
    CHECK(number_at(now, "incarnation") >= 2);
}

} // namespace

TEST_CASE("kill -9 of a container's server process") {
    stage here(scripted_victim());
    const auto before = here.container();
    const auto process = server_process(before);
    REQUIRE(process > 0);
    here.expect_death(process, [&] { ::kill(process, SIGKILL); });
    here.expect_code({"killed"});
    expect_signal(here, "SIGKILL");
    here.expect_recovery();
    expect_another_container(here, before);
    here.end();
}

TEST_CASE("the container is killed with the runtime's kill") {
    stage here(scripted_victim());
    const auto before = here.container();
    here.expect_death(main_process(before), [&] { runtime_command({"kill", before}); });
    here.expect_code({"killed"});
    expect_signal(here, "SIGKILL");
    here.expect_recovery();
    expect_another_container(here, before);
    here.end();
}

TEST_CASE("the container is removed with the runtime's rm --force") {
    stage here(scripted_victim());
    const auto before = here.container();
    here.expect_death(main_process(before), [&] { runtime_command({"rm", "--force", before}); });
    here.expect_code({"killed", "exited"});
    here.expect_recovery();
    expect_another_container(here, before);
    here.end();
}

TEST_CASE("kill -9 of the runtime's client, which leaves its container without anybody to talk to") {
    stage here(scripted_victim({"--ignore-eof", "--ignore-term"}));
    const auto before = here.container();
    pid_t client = 0;
    for (const auto each : children_of(here.gate().pid()))
        for (const auto named : processes_with(before))
            if (each == named) client = each;
    REQUIRE(client > 0);
    here.expect_death(client, [&] { ::kill(client, SIGKILL); });
    here.expect_code({"killed", "exited", "output_closed"});
    here.expect_recovery();
    expect_another_container(here, before);
    here.end();
}

TEST_CASE("the server ends by itself in the middle of calls, and its exit code is told") {
    stage here(scripted_victim());
    const auto before = here.container();
    const auto code = number_at(here.gate().call(victim, "crash", R"({"code":7})"), "error.code");
    CHECK(code == -32001);
    here.expect_error("its exit", steady::now(), 0ms);
    here.expect_code({"exited"});
    CHECK(eventually(2s, [&] { return number_at(here.detail(victim), "lastError.exit.code") == 7; }));
    here.expect_recovery();
    expect_another_container(here, before);
    here.end();
}
