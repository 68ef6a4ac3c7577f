#include "health/aggregator.hpp"

#include "core/run.hpp"
#include "core/task_group.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::health;
using backend::state;
using backend::status;
using testing::run;
using namespace std::chrono_literals;

namespace {

const core::time_point start{1000h};

transition change(state from, state to, status now_is, core::duration at, std::string why = {}) {
    transition made(0, from, to, now_is, reason(cause::internal, std::move(why)));
    made.at = start + at;
    return made;
}

server_health after(server_health before, const transition& what) {
    return health::after(std::move(before), std::make_shared<const record>(1, "time", what));
}

std::vector<server_facts> named(const std::vector<std::string>& names) {
    std::vector<server_facts> facts(names.size());
    for (std::size_t i = 0; i < names.size(); ++i)
        facts[i].name = names[i];
    return facts;
}

core::task<> count_change(board& from, int& changes) {
    co_await from.next_change();
    ++changes;
}

} // namespace

TEST_CASE("health: running since the first state that runs, kept through degraded and draining") {
    server_health now;
    now.name = "time";
    now = after(now, change(state::initializing, state::ready, status::running, 5s));
    CHECK(now.running_since == start + 5s);
    now = after(now, change(state::ready, state::degraded, status::running, 9s, "slow"));
    CHECK(now.running_since == start + 5s);
    CHECK(now.since == start + 9s);
    CHECK(now.why.text == "slow");
    now = after(now, change(state::degraded, state::draining, status::running, 10s));
    CHECK(now.running_since == start + 5s);
    CHECK(now.name == "time");
    CHECK(now.transitions == 3);
}

TEST_CASE("health: a new run counts from its own start") {
    server_health now;
    now = after(now, change(state::initializing, state::ready, status::running, 5s));
    auto lost = change(state::ready, state::backoff, status::error, 60s, "it exited");
    lost.next_try = start + 61s;
    lost.incarnation = 3;
    now = after(now, lost);
    CHECK_FALSE(now.running_since);
    CHECK(now.status == status::error);
    CHECK(now.state == state::backoff);
    CHECK(now.next_try == start + 61s);
    CHECK(now.incarnation == 3);
    now = after(now, change(state::backoff, state::pulling, status::error, 61s));
    CHECK_FALSE(now.running_since);
    CHECK_FALSE(now.next_try);
    now = after(now, change(state::initializing, state::ready, status::running, 70s));
    CHECK(now.running_since == start + 70s);
}

TEST_CASE("health: an error anywhere makes the gateway unhealthy, a stopped server does not") {
    snapshot now;
    CHECK(now.healthy());
    now.servers.resize(3);
    CHECK(now.healthy());
    now.servers[1].status = status::running;
    CHECK(now.healthy());
    now.servers[2].status = status::error;
    CHECK_FALSE(now.healthy());
}

TEST_CASE("aggregator: servers in the order of the configuration from the start") {
    core::asio::io_context loop{1};
    board target(loop.get_executor());
    feed events(loop.get_executor());
    const aggregator made(loop.get_executor(), named({"b", "a"}), target, events, telemetry::log());
    const auto now = target.current();
    REQUIRE(now->servers.size() == 2);
    CHECK(now->servers[0].name == "b");
    CHECK(now->servers[1].name == "a");
    CHECK(now->servers[0].status == status::stopped);
    CHECK(now->healthy());
}

TEST_CASE("aggregator: every transition sent before finish is published; old snapshots do not change") {
    core::asio::io_context loop{1};
    board target(loop.get_executor());
    feed events(loop.get_executor());
    aggregator made(loop.get_executor(), named({"a", "b"}), target, events, telemetry::log());
    const auto before = target.current();
    core::task_group group(loop.get_executor(), nullptr);
    int changes = 0;
    group.spawn("reader", count_change(target, changes));
    testing::settle(loop);
    CHECK(changes == 0);

    const auto to = made.address();
    for (std::uint64_t i = 0; i < 500; ++i) {
        transition each(1, state::backoff, state::pulling, status::error, reason(cause::retry, "again"));
        each.incarnation = i;
        to.send(message(each));
    }
    made.finish();
    run(loop, made.run());
    run(loop, group.join());
    CHECK(changes == 1);
    const auto now = target.current();
    CHECK(now->servers[1].transitions == 500);
    CHECK(now->servers[1].incarnation == 499);
    CHECK(now->servers[0].transitions == 0);
    CHECK_FALSE(now->healthy());
    CHECK(before->servers[1].transitions == 0);
    CHECK(before->healthy());
}
