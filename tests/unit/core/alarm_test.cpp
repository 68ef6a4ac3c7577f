#include "core/alarm.hpp"

#include "core/event.hpp"
#include "core/run.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>

#include <memory>
#include <optional>
#include <string>

using namespace drawbridge;
using testing::run;
using namespace std::chrono_literals;

namespace {

// Everything that is due on this loop has happened after it.
void pass(core::asio::io_context& loop, core::duration time) {
    core::event never(loop.get_executor());
    run(loop, never.wait_until(core::clock::now() + time));
    testing::settle(loop);
}

} // namespace

TEST_CASE("alarm: rings once, on the loop and not inside set") {
    core::asio::io_context loop{1};
    core::event rung(loop.get_executor());
    int count = 0;
    core::alarm clock(loop.get_executor());
    CHECK_FALSE(clock.is_set());
    clock.set(core::clock::now() - 1s, [&] {
        ++count;
        rung.set();
    });
    CHECK(count == 0); // although its time has passed
    CHECK(clock.is_set());
    run(loop, rung.wait());
    CHECK(count == 1);
    CHECK_FALSE(clock.is_set());
    pass(loop, 2ms);
    CHECK(count == 1);
}

TEST_CASE("alarm: not before its time") {
    core::asio::io_context loop{1};
    core::event rung(loop.get_executor());
    const auto when = core::clock::now() + 20ms;
    core::time_point at{};
    core::alarm clock(loop.get_executor(), when, [&] {
        at = core::clock::now();
        rung.set();
    });
    run(loop, rung.wait());
    CHECK(at >= when);
}

TEST_CASE("alarm: called off it stays silent, even when its time has passed already") {
    core::asio::io_context loop{1};
    bool rung = false;
    core::alarm clock(loop.get_executor(), core::clock::now() - 1s, [&] { rung = true; });
    core::asio::post(loop, [&] { clock.call_off(); }); // its handler may be queued by now
    clock.call_off();
    CHECK_FALSE(clock.is_set());
    pass(loop, 2ms);
    CHECK_FALSE(rung);
    clock.call_off(); // twice does no harm
}

TEST_CASE("alarm: a handler that is queued already belongs to the past after set") {
    core::asio::io_context loop{1};
    std::string rung;
    core::event second(loop.get_executor());
    core::alarm clock(loop.get_executor());
    core::alarm mover(loop.get_executor());
    // Both are due when the loop looks at its timers, so both handlers are queued before the first one runs.
    mover.set(core::clock::now() - 2s, [&] {
        clock.set(core::clock::now(), [&] {
            rung += "new";
            second.set();
        });
    });
    clock.set(core::clock::now() - 1s, [&] { rung += "old"; });
    run(loop, second.wait());
    pass(loop, 2ms);
    CHECK(rung == "new");
}

TEST_CASE("alarm: moved to an earlier and to a later time") {
    core::asio::io_context loop{1};
    core::event rung(loop.get_executor());
    int count = 0;
    core::alarm clock(loop.get_executor(), core::clock::now() + 1h, [&] { count += 100; });
    clock.set(core::clock::now() + 1ms, [&] {
        ++count;
        rung.set();
    });
    run(loop, rung.wait());
    CHECK(count == 1);
    clock.set(core::clock::now() + 1ms, [&] { count += 100; });
    clock.set(core::clock::now() + 1h, [&] { count += 100; });
    pass(loop, 10ms);
    CHECK(count == 1);
}

TEST_CASE("alarm: destroyed it never rings, and lets go of what it holds") {
    core::asio::io_context loop{1};
    const auto witness = std::make_shared<int>(0);
    {
        const core::alarm clock(loop.get_executor(), core::clock::now() - 1s, [witness] { ++*witness; });
        CHECK(witness.use_count() == 2);
    }
    CHECK(witness.use_count() == 1);
    pass(loop, 2ms);
    CHECK(*witness == 0);
}

TEST_CASE("alarm: its action may set it again, or destroy it") {
    core::asio::io_context loop{1};
    core::event done(loop.get_executor());
    int count = 0;
    std::optional<core::alarm> clock(std::in_place, loop.get_executor());
    clock->set(core::clock::now(), [&] {
        ++count;
        clock->set(core::clock::now(), [&] {
            ++count;
            clock.reset();
            done.set();
        });
    });
    run(loop, done.wait());
    CHECK(count == 2);
}
