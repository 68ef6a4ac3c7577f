#include "core/task_group.hpp"

#include "core/run.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace drawbridge;
using testing::run;
using namespace std::chrono_literals;

namespace {

core::task<> wait_for(core::event& what, int& ended) {
    co_await what.wait();
    ++ended;
}

core::task<> fail_after(core::event& what, bool known) {
    co_await what.wait();
    if (known) throw std::runtime_error("broken");
    throw 42;
}

core::task<> spawn_another(core::task_group& group, core::event& what, int& ended) {
    co_await what.wait();
    group.spawn("second", wait_for(what, ended));
    ++ended;
}

} // namespace

TEST_CASE("task group: join waits for all, and is at once for none") {
    core::asio::io_context loop{1};
    core::task_group group(loop.get_executor(), nullptr);
    run(loop, group.join());
    core::event go(loop.get_executor());
    int ended = 0;
    group.spawn("a", wait_for(go, ended));
    group.spawn("b", wait_for(go, ended));
    CHECK(group.size() == 2);
    CHECK_FALSE(run(loop, group.join_until(core::clock::now() + 5ms)));
    CHECK(ended == 0);
    go.set();
    run(loop, group.join());
    CHECK(ended == 2);
    CHECK(group.size() == 0);
    CHECK(run(loop, group.join_until(core::clock::now() - 1s)));
}

TEST_CASE("task group: a task that throws is reported by its name and joined") {
    core::asio::io_context loop{1};
    std::vector<std::string> reports;
    core::task_group group(loop.get_executor(), [&](const std::string& name, const std::string& what) {
        reports.push_back(name + ": " + what);
    });
    core::event go(loop.get_executor());
    int ended = 0;
    go.set();
    group.spawn("known", fail_after(go, true));
    group.spawn("odd", fail_after(go, false));
    group.spawn("fine", wait_for(go, ended));
    run(loop, group.join());
    CHECK(reports == std::vector<std::string>{"known: broken", "odd: unknown exception"});
    CHECK(ended == 1);
}

TEST_CASE("task group: without a handler a failure is still joined") {
    core::asio::io_context loop{1};
    core::task_group group(loop.get_executor(), nullptr);
    core::event go(loop.get_executor());
    go.set();
    group.spawn("known", fail_after(go, true));
    run(loop, group.join());
    CHECK(group.size() == 0);
}

TEST_CASE("task group: a task that starts another one is joined with it") {
    core::asio::io_context loop{1};
    core::task_group group(loop.get_executor(), nullptr);
    core::event go(loop.get_executor());
    int ended = 0;
    group.spawn("first", spawn_another(group, go, ended));
    go.set();
    run(loop, group.join());
    CHECK(ended == 2);
    CHECK(group.size() == 0);
}
