#include "core/gate.hpp"

#include "core/run.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>

#include <utility>

using namespace drawbridge;
using testing::run;
using namespace std::chrono_literals;

TEST_CASE("gate: counts who is inside") {
    core::asio::io_context loop{1};
    core::gate way(loop.get_executor());
    CHECK(way.inside() == 0);
    {
        const auto first = way.enter();
        CHECK(static_cast<bool>(first));
        const auto second = way.enter();
        CHECK(way.inside() == 2);
    }
    CHECK(way.inside() == 0);
}

TEST_CASE("gate: closed, nothing new enters, and those inside stay") {
    core::asio::io_context loop{1};
    core::gate way(loop.get_executor());
    const auto before = way.enter();
    CHECK_FALSE(way.closed());
    way.close();
    CHECK(way.closed());
    const auto after = way.enter();
    CHECK_FALSE(static_cast<bool>(after));
    CHECK(static_cast<bool>(before));
    CHECK(way.inside() == 1);
}

TEST_CASE("gate: a pass counts once, however it is moved or left") {
    core::asio::io_context loop{1};
    core::gate way(loop.get_executor());
    auto pass = way.enter();
    auto moved = std::move(pass);
    CHECK_FALSE(static_cast<bool>(pass));
    CHECK(way.inside() == 1);
    auto other = way.enter();
    moved = std::move(other); // gives its own one back
    CHECK(way.inside() == 1);
    moved.leave();
    moved.leave();
    CHECK(way.inside() == 0);
    core::gate::pass empty;
    empty.leave();
    CHECK(way.inside() == 0);
}

TEST_CASE("gate: the closer waits until all have left") {
    core::asio::io_context loop{1};
    core::gate way(loop.get_executor());
    CHECK(run(loop, way.wait_empty(core::clock::now() - 1s))); // empty from the start
    auto first = way.enter();
    auto second = way.enter();
    way.close();
    CHECK_FALSE(run(loop, way.wait_empty(core::clock::now() + 5ms)));
    core::asio::post(loop, [&] {
        first.leave();
        core::asio::post(loop, [&] { second.leave(); });
    });
    CHECK(run(loop, way.wait_empty(core::clock::now() + 1h)));
    CHECK(way.inside() == 0);
}

TEST_CASE("gate: a deadline ends the wait while somebody is inside") {
    core::asio::io_context loop{1};
    core::gate way(loop.get_executor());
    const auto stays = way.enter();
    CHECK_FALSE(run(loop, way.wait_empty(core::clock::now())));
    CHECK(way.inside() == 1);
}
