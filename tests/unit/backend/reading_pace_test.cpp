#include "backend/reading_pace.hpp"

#include "core/run.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>

using namespace drawbridge;
using backend::reading_pace;

namespace {

// As a link does with the texts of one read.
core::task<> take(reading_pace& pace, std::size_t texts, std::size_t bytes, bool messages) {
    for (std::size_t i = 0; i < texts; ++i) {
        if (pace.due()) co_await pace.rest();
        pace.took(bytes, messages);
    }
}

// Texts of this size until the reader has to rest.
std::size_t until_due(std::size_t bytes, bool messages) {
    core::asio::io_context loop{1};
    reading_pace pace(loop.get_executor());
    std::size_t texts = 0;
    for (; !pace.due(); ++texts)
        pace.took(bytes, messages);
    return texts;
}

} // namespace

TEST_CASE("reading pace: a reader that finds little at a time never rests") {
    core::asio::io_context loop{1};
    reading_pace pace(loop.get_executor());
    for (int i = 0; i < 10000; ++i) {
        pace.begin_turn();
        CHECK_FALSE(pace.due());
        pace.took(500, true);
        CHECK_FALSE(pace.due());
    }
}

TEST_CASE("reading pace: what one turn may take, in bytes and in texts") {
    CHECK(until_due(reading_pace::turn_limit, true) == 1);
    CHECK(until_due(10 * reading_pace::turn_limit, true) == 1);
    CHECK(until_due(reading_pace::turn_limit / 2, true) == 2);
    CHECK(until_due(0, true) == reading_pace::turn_limit / reading_pace::per_text);
    CHECK(until_due(1, false) <= reading_pace::turn_limit / reading_pace::per_text);
}

TEST_CASE("reading pace: others have a turn of the loop between two of the reader's") {
    core::asio::io_context loop{1};
    reading_pace pace(loop.get_executor());
    int others = 0;
    bool reading = true;
    const std::function<void()> other = [&] {
        ++others;
        if (reading) core::asio::post(loop, other);
    };
    core::asio::post(loop, other);
    constexpr std::size_t turns = 50;
    const auto whole_turn = reading_pace::turn_limit - reading_pace::per_text;
    testing::run(loop, take(pace, turns, whole_turn, true));
    reading = false;
    CHECK(others >= static_cast<int>(turns) - 1);
    testing::settle(loop);
}

TEST_CASE("reading pace: much noise in a row makes a pause, a message in between does not") {
    core::asio::io_context loop{1};
    reading_pace pace(loop.get_executor());
    pace.took(reading_pace::noise_limit, false);
    pace.begin_turn();
    CHECK(pace.due()); // a new read does not excuse noise
    auto began = core::clock::now();
    testing::run(loop, pace.rest());
    CHECK(core::clock::now() - began >= reading_pace::noise_pause);
    CHECK_FALSE(pace.due());

    pace.took(reading_pace::noise_limit, false);
    pace.took(0, true);
    pace.begin_turn();
    CHECK_FALSE(pace.due());

    // Four times what makes a pause, and three of the pauses come before the last text.
    const auto bytes = reading_pace::turn_limit - reading_pace::per_text;
    const auto texts = 4 * reading_pace::noise_limit / reading_pace::turn_limit;
    began = core::clock::now();
    testing::run(loop, take(pace, texts, bytes, false));
    CHECK(core::clock::now() - began >= 3 * reading_pace::noise_pause);
}
