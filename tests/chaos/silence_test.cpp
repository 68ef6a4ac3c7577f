// Containers that live and say nothing, or nothing of use.
#include "chaos/stage.hpp"

#include "support/eventually.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <future>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

std::future<http_answer> call_beside(stage& here, const std::string& tool, const std::string& arguments) {
    return std::async(std::launch::async, [&here, body = call_text(tool, arguments, "1")] {
        return here.gate().post("/mcp/" + victim, body);
    });
}

// Breaks the shell server with one of its tools. The call gets an answer of the gateway's, once.
void break_with(stage& here, const std::string& tool) {
    const auto limit =
        milliseconds(2000) + silence_bound; // its toolTimeout; it is busy, not dead, until then
    const auto began = steady::now();
    auto answer = call_beside(here, tool, "{}");
    here.expect_error("the break", began, limit);
    const auto code = number_at(parse(answer.get().body), "error.code");
    CHECK((code == -32001 || code == -32002));
}

} // namespace

TEST_CASE("a paused container is found within the bound of the checks, and replaced") {
    stage here(scripted_victim({}, {}, 2, R"("checks":{"interval":2})"));
    const auto before = here.container();
    // The worst moment: right after a check, and after an answer that came right after the check.
    const auto looked = text_at(here.detail(victim), "checks.lastAt");
    REQUIRE(eventually(10s, [&] { return text_at(here.detail(victim), "checks.lastAt") != looked; }));
    const auto answered = here.calls().of(victim).results;
    REQUIRE(eventually(10s, [&] { return here.calls().of(victim).results > answered; }));
    here.calls().hold(victim); // nothing but the checks can find its silence
    const auto began = steady::now();
    REQUIRE(runtime_command({"pause", before}).status == 0);
    here.expect_error("the pause", began, silence_bound + 1500ms);
    here.expect_code({"silent", "check_failed"});
    here.expect_running();
    here.calls().release(victim);
    here.expect_recovery();
    CHECK(here.container() != before);
    here.end();
}

TEST_CASE("SIGSTOP to a server while calls are on their way: each is answered, and the server replaced") {
    stage here(scripted_victim());
    const auto before = here.container();
    const auto process = server_process(before);
    REQUIRE(process > 0);
    const auto began = steady::now();
    ::kill(process, SIGSTOP);
    here.expect_error("SIGSTOP", began, milliseconds(2000) + silence_bound);
    here.expect_code({"silent", "check_failed"});
    here.expect_recovery();
    CHECK(here.container() != before);
    here.end();
}

TEST_CASE("SIGSTOP and SIGCONT: degraded in between, and no restart") {
    stage here(scripted_victim());
    const auto before = here.container();
    const auto process = server_process(before);
    REQUIRE(process > 0);
    here.calls().hold(victim);
    ::kill(process, SIGSTOP);
    const bool degraded = eventually(silence_bound + noise, [&] { return here.state(victim) == "degraded"; });
    ::kill(process, SIGCONT);
    CHECK(degraded);
    CHECK(eventually(10s, [&] { return here.state(victim) == "ready"; }));
    here.calls().release(victim);
    here.expect_recovery();
    CHECK(here.container() == before);
    CHECK(number_at(here.detail(victim), "restarts") == 0);
    CHECK(number_at(here.detail(victim), "incarnation") == 1);
    here.end();
}

TEST_CASE("a server that is busy for longer than the checks wait is not taken for dead") {
    stage here(scripted_victim({}, {}, 10));
    const auto before = here.container();
    here.calls().hold(victim);
    // It answers nothing else meanwhile, pings neither.
    const auto busy = silence_bound + 1s;
    auto answer = call_beside(here, "slow", R"({"ms":)" + std::to_string(busy.count()) + "}");
    CHECK(eventually(busy, [&] { return here.state(victim) == "degraded"; }));
    bool well = true;
    CHECK(eventually(busy + noise, [&] {
        well = well && here.word(victim) == "running";
        return answer.wait_for(0s) == std::future_status::ready;
    }));
    CHECK(well);
    CHECK(tool_text(parse(answer.get().body)) == "done");
    CHECK(eventually(10s, [&] { return here.state(victim) == "ready"; }));
    here.calls().release(victim);
    here.expect_recovery();
    CHECK(here.container() == before);
    here.end();
}

TEST_CASE("a server floods its stdout with lines that are no messages") {
    const temporary_folder folder;
    stage here(shell_victim(folder));
    break_with(here, "flood");
    here.expect_code({"silent", "check_failed"});
    here.expect_recovery();
    tell("memory of the gateway", static_cast<double>(resident_kilobytes(here.gate().pid())), "KiB");
    here.end();
}

TEST_CASE("a server fills its stdout with one line that never ends") {
    const temporary_folder folder;
    stage here(shell_victim(folder));
    break_with(here, "endless");
    here.expect_code({"silent", "check_failed"});
    here.expect_recovery();
    const auto memory = resident_kilobytes(here.gate().pid());
    tell("memory of the gateway", static_cast<double>(memory), "KiB");
    CHECK(memory < 512 * 1024); // an order of magnitude above the largest message
    here.end();
}

TEST_CASE("a server closes its stdin and lives on") {
    const temporary_folder folder;
    stage here(shell_victim(folder));
    break_with(here, "deafen");
    here.expect_code({"silent", "check_failed", "input_closed"});
    here.expect_recovery();
    here.end();
}

TEST_CASE("a server closes its stdout and lives on") {
    stage here(scripted_victim({"--ignore-eof"}));
    break_with(here, "close_stdout");
    here.expect_code({"silent", "check_failed", "output_closed"});
    here.expect_recovery();
    here.end();
}
