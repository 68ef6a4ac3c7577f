// How a stdio link ends: what is asked of the container runtime's client, in which order, and that no call is
// forgotten.
#include "backend/stdio_link.hpp"

#include "backend/fake_client.hpp"
#include "core/run.hpp"
#include "jsonrpc/envelope.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::backend;
using namespace std::chrono_literals;
using kind = link_report::kind;
using words = std::vector<std::string>;

namespace {

// One link and its server; several of them may share a loop.
struct actor_of_one {
    actor_of_one(core::asio::io_context& on, const std::string& script)
        : loop(on)
        , changed(on.get_executor())
        , group(on.get_executor(), nullptr) {
        client.server(script);
        settings.server = "test";
        settings.client = client.runtime();
        settings.talk.startup_timeout = 15s;
        settings.talk.tool_timeout = 15s;
        settings.stop_grace = 1s;
        settings.max_message_bytes = 4096;
        settings.talk.max_queued_calls = 10000;
        plan.argv = {client.path("client"), "run"};
        plan.environment = settings.client.environment;
        plan.container_name = "box";
        plan.pid_file = client.path("container-pid"); // names nobody unless a script writes it
    }
    actor_of_one(const actor_of_one&) = delete;
    ~actor_of_one() {
        if (server) server->stop();
        testing::run(loop, group.join());
    }

    void start() {
        const auto report = [this](link_report what) {
            reports.push_back(std::move(what));
            changed.set();
        };
        server = std::make_unique<stdio_link>(loop.get_executor(), 1, settings, plan, nullptr, nullptr,
                                              report, telemetry::log());
        group.spawn("link", server->run());
    }
    void up() {
        start();
        testing::run(loop, wait_for(kind::initialized));
        REQUIRE(reported(kind::initialized));
    }
    bool reported(kind what) const {
        return std::any_of(reports.begin(), reports.end(),
                           [&](const link_report& each) { return each.what == what; });
    }
    core::task<> wait_for(kind what) {
        while (!reported(what) && !reported(kind::closed)) {
            changed.reset();
            co_await changed.wait();
        }
    }
    void end() { testing::run(loop, wait_for(kind::closed)); }
    std::string reason_of(kind what) const {
        for (const auto& each : reports)
            if (each.what == what) return each.reason;
        return "(not reported)";
    }

    reply_sink::receiver submit(const std::string& method, const std::string& params = "{}") {
        auto [sender, receiver] = reply_sink::make(loop.get_executor());
        std::string text =
            R"({"jsonrpc":"2.0","id":"c","method":")" + method + R"(","params":)" + params + "}";
        const auto id = jsonrpc::scan(text).id;
        server->talk().submit(call(std::move(text), id, method, std::move(sender)));
        return std::move(receiver);
    }
    outcome answer(reply_sink::receiver& from) {
        auto next = testing::run(loop, from.next());
        REQUIRE(next.index() == 1);
        return std::get<1>(std::move(next));
    }
    // Until the engine has been asked about the container and its answer has been taken: the one who asked is
    // reaped in the same turn of the loop.
    void pass_inspection() {
        const auto inspected = [&] {
            const auto pid = client.lines("inspector");
            return !pid.empty() && ::kill(std::stoi(pid[0]), 0) != 0;
        };
        while (!inspected()) {
            auto answered = submit("a");
            CHECK_FALSE(answer(answered).failure);
        }
    }
    // The calls of the client but its own start.
    words asked() const {
        auto all = client.calls();
        all.erase(std::remove(all.begin(), all.end(), "run"), all.end());
        return all;
    }

    testing::fake_client client;
    core::asio::io_context& loop;
    core::event changed;
    std::vector<link_report> reports;
    stdio_settings settings;
    process::launch_plan plan;
    std::unique_ptr<stdio_link> server;
    core::task_group group;
};

core::task<bool> wait_ended(process::process_watch& watch) {
    const bool ended = co_await watch.wait();
    co_return ended;
}

} // namespace

TEST_CASE("stdio link, the way out: end of input, TERM, KILL, and by force, each only when needed") {
    core::asio::io_context loop{1};
    actor_of_one polite(loop, "shake; serve");
    actor_of_one needs_term(loop, "trap 'exit 143' TERM; shake; serve; while :; do sleep 0.05; done");
    actor_of_one needs_kill(loop, "trap '' TERM; shake; serve; while :; do sleep 0.05; done");
    actor_of_one needs_force(loop, "shake; serve; while :; do sleep 0.05; done");
    needs_force.client.touch("deaf"); // an engine that has stopped doing what it is told
    actor_of_one* all[] = {&polite, &needs_term, &needs_kill, &needs_force};
    for (auto* each : all)
        each->up();
    for (auto* each : all)
        each->server->stop();
    for (auto* each : all)
        each->end();

    CHECK(polite.asked() == words{});
    CHECK(polite.reason_of(kind::closed) == "the container exited with status 0");
    CHECK(needs_term.asked() == words{"kill --signal=TERM box"});
    CHECK(needs_term.reason_of(kind::closed) == "the container was killed by signal 15 (SIGTERM)");
    CHECK(needs_kill.asked() == words{"kill --signal=TERM box", "kill --signal=KILL box",
                                      "rm --force --volumes --time=0 --ignore box"});
    CHECK(needs_force.asked() == words{"kill --signal=TERM box", "kill --signal=KILL box",
                                       "rm --force --volumes --time=0 --ignore box",
                                       "rm --force --volumes --time=0 --ignore box"});
    CHECK(needs_force.reason_of(kind::closed) ==
          "the container runtime's client was killed by signal 9 (SIGKILL)");
    for (auto* each : all)
        CHECK(each->reason_of(kind::lost) == "it was stopped");
}

TEST_CASE("stdio link, the way out: a container whose client failed is removed by its name") {
    core::asio::io_context loop{1};
    for (const std::string last : {"kill -9 $$", "exit 125"}) {
        CAPTURE(last);
        actor_of_one failed(loop, "shake; hear; " + last);
        failed.up();
        auto waiting = failed.submit("a");
        CHECK(failed.answer(waiting).failure);
        failed.end();
        CHECK(failed.asked() == words{"rm --force --volumes --time=0 --ignore box"});
    }
    actor_of_one ended(loop, "shake; hear; exit 1"); // the server's own end
    ended.up();
    auto waiting = ended.submit("a");
    CHECK(ended.answer(waiting).failure);
    ended.end();
    CHECK(ended.asked() == words{});
}

TEST_CASE("stdio link: the end of the container's own process is seen although its client lives on") {
    core::asio::io_context loop{1};
    actor_of_one boxed(loop, R"(sleep 600 >/dev/null 2>&1 & echo $! >"$DIR/container-pid"; shake; serve)");
    boxed.up();
    const auto pids = boxed.client.lines("container-pid");
    REQUIRE(pids.size() == 1);
    auto slow = boxed.submit("slow");
    CHECK(::kill(std::stoi(pids[0]), SIGKILL) == 0);
    const auto end = boxed.answer(slow);
    REQUIRE(end.failure);
    CHECK(end.failure->kind == mcp::fault_kind::call_interrupted);
    CHECK(end.failure->detail ==
          "its container ended while it worked on this call, which may or may not have "
          "been carried out; it was not repeated");
    boxed.end();
    CHECK(boxed.reason_of(kind::lost) == "its container ended");
    CHECK_FALSE(boxed.client.has("container-pid")); // podman leaves it behind
}

TEST_CASE(
    "stdio link: without a pid file the engine is asked, and believed only about a process of this machine") {
    const std::string own_process = R"(sleep 600 >/dev/null 2>&1 & boxed=$!
        group=$(head -n 1 /proc/$boxed/cgroup | cut -c 1-60)
        printf '%s %s\n' $boxed "${ID-$group}" >"$DIR/inspect"; echo $boxed >"$DIR/boxed"; shake; serve)";
    core::asio::io_context loop{1};
    {
        actor_of_one known(loop, own_process);
        known.plan.pid_file.clear();
        known.up();
        const auto boxed = std::stoi(known.client.lines("boxed").at(0));
        known.pass_inspection();
        CHECK(::kill(boxed, SIGKILL) == 0);
        known.end();
        CHECK(known.reason_of(kind::lost) == "its container ended");
        CHECK(known.client.calls("container") ==
              words{"container inspect --format={{.State.Pid}} {{.Id}} box"});
    }
    actor_of_one foreign(loop, "ID=0123456789abcdef; " + own_process);
    foreign.plan.pid_file.clear();
    foreign.up();
    const auto boxed = std::stoi(foreign.client.lines("boxed").at(0));
    process::process_watch watch(loop.get_executor(), boxed);
    foreign.pass_inspection();
    CHECK(::kill(boxed, SIGKILL) == 0);
    if (watch.valid()) CHECK(testing::run(loop, wait_ended(watch)));
    auto still = foreign.submit("a");
    CHECK_FALSE(foreign.answer(still).failure);
    CHECK_FALSE(foreign.reported(kind::lost));
}

TEST_CASE("stdio link: variables that must not stand in an environment come on descriptor 3") {
    core::asio::io_context loop{1};
    actor_of_one secret(loop, "cat <&3 >\"$DIR/variables\"; shake; serve");
    secret.plan.env_file = "TOKEN=two words\nLD_PRELOAD=x\n";
    secret.up();
    CHECK(secret.client.lines("variables") == words{"TOKEN=two words", "LD_PRELOAD=x"});
}

TEST_CASE("stdio link: of many calls in flight none is forgotten, whichever way it ends") {
    core::asio::io_context loop{1};
    for (const bool stopped : {false, true}) {
        CAPTURE(stopped);
        actor_of_one busy(loop, stopped ? "shake; serve"
                                        : "shake; while hear; do case $line in *last*) exit 3;; esac; done");
        busy.up();
        std::vector<reply_sink::receiver> waiting;
        for (int i = 0; i < 200; ++i)
            waiting.push_back(busy.submit("slow"));
        CHECK(busy.server->talk().in_flight() == 200);
        waiting.push_back(busy.submit(stopped ? "slow" : "last"));
        if (stopped) busy.server->stop();
        for (auto& each : waiting) {
            const auto end = busy.answer(each);
            REQUIRE(end.failure);
            CHECK(end.failure->kind == mcp::fault_kind::call_interrupted);
        }
        CHECK(busy.server->talk().in_flight() == 0);
        busy.end();
    }
}

TEST_CASE("stdio link: a server that does not read its input gets no more than fits") {
    core::asio::io_context loop{1};
    actor_of_one deaf(loop, "shake; while [ ! -e \"$DIR/go\" ]; do sleep 0.02; done; serve");
    deaf.up();
    const std::string params = "{\"a\":\"" + std::string(3000, 'x') + "\"}";
    std::vector<reply_sink::receiver> accepted;
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
        auto receiver = deaf.submit("a", params);
        testing::settle(loop); // the writer had its chance
        if (deaf.server->talk().in_flight() > accepted.size()) {
            accepted.push_back(std::move(receiver));
            continue;
        }
        ++refused;
        const auto end = deaf.answer(receiver);
        REQUIRE(end.failure);
        CHECK(end.failure->kind == mcp::fault_kind::overloaded);
        CHECK(end.failure->detail == "the server does not read its input");
        CHECK(end.failure->retry_after == 1s);
        if (refused == 3) break;
    }
    CHECK(refused == 3);
    CHECK(accepted.size() * 3000 < (std::size_t{2} << 20));
    deaf.client.touch("go");
    for (auto& each : accepted) // nothing that was accepted got lost on the way
        CHECK_FALSE(deaf.answer(each).failure);
}
