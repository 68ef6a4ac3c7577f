#include "core/event.hpp"

#include "core/run.hpp"
#include "core/task_group.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>

using namespace drawbridge;
using testing::run;
using namespace std::chrono_literals;

namespace {

core::task<> count_wake(core::event& what, int& woken) {
    co_await what.wait();
    ++woken;
}

} // namespace

TEST_CASE("event: a set one makes nobody wait, whatever the deadline") {
    core::asio::io_context loop{1};
    core::event flag(loop.get_executor());
    CHECK_FALSE(flag.is_set());
    flag.set();
    CHECK(flag.is_set());
    run(loop, flag.wait());
    CHECK(run(loop, flag.wait_until(core::clock::now() - 1h)));
    flag.reset();
    CHECK_FALSE(flag.is_set());
}

TEST_CASE("event: all waiters are woken by one set") {
    core::asio::io_context loop{1};
    core::event flag(loop.get_executor());
    core::task_group group(loop.get_executor(), nullptr);
    int woken = 0;
    for (int i = 0; i < 3; ++i)
        group.spawn("waiter", count_wake(flag, woken));
    testing::settle(loop);
    CHECK(woken == 0);
    flag.set();
    run(loop, group.join());
    CHECK(woken == 3);
}

TEST_CASE("event: set and reset before the waiter runs is not a wake-up") {
    core::asio::io_context loop{1};
    core::event flag(loop.get_executor());
    core::task_group group(loop.get_executor(), nullptr);
    int woken = 0;
    group.spawn("waiter", count_wake(flag, woken));
    testing::settle(loop);
    flag.set();
    flag.reset();
    testing::settle(loop);
    CHECK(woken == 0); // it looks at the flag, not at the signal
    flag.set();
    run(loop, group.join());
    CHECK(woken == 1);
}

TEST_CASE("event: a deadline that passes first gives false") {
    core::asio::io_context loop{1};
    core::event flag(loop.get_executor());
    CHECK_FALSE(run(loop, flag.wait_until(core::clock::now() - 1s)));
    CHECK_FALSE(run(loop, flag.wait_until(core::clock::now() + 5ms)));
    core::asio::post(loop, [&] { flag.set(); });
    CHECK(run(loop, flag.wait_until(core::clock::now() + 1h)));
}
