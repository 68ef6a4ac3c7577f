#include "core/backoff.hpp"

#include <doctest/doctest.h>

#include <utility>

using drawbridge::core::backoff;
using namespace std::chrono_literals;

namespace {

constexpr double middle = 0.5; // no jitter
constexpr double highest = 0.999999;
const backoff::clock::time_point start{1000h}; // a clock of our own: nothing here waits

} // namespace

TEST_CASE("backoff: one second first, doubled each time, at most a minute") {
    backoff wait;
    CHECK(wait.attempts() == 0);
    unsigned attempt = 0;
    for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
        CHECK(wait.failed(start, middle) == expected);
        CHECK(wait.attempts() == ++attempt);
    }
}

TEST_CASE("backoff: the cap holds after any number of failures") {
    backoff wait;
    for (int i = 0; i < 100000; ++i)
        wait.failed(start, middle);
    CHECK(wait.failed(start, middle) == 60s);
    CHECK(wait.attempts() == 100001);
}

TEST_CASE("backoff: 20 % jitter to both sides, of the cap as well") {
    backoff low, high;
    CHECK(low.failed(start, 0.0) == 800ms);
    const auto longest = high.failed(start, highest);
    CHECK(longest >= 1199ms);
    CHECK(longest <= 1200ms);
    for (int i = 0; i < 10; ++i) {
        low.failed(start, middle);
        high.failed(start, middle);
    }
    CHECK(low.failed(start, 0.0) == 48s);
    const auto capped = high.failed(start, highest);
    CHECK(capped >= 71900ms);
    CHECK(capped <= 72s);
}

TEST_CASE("backoff: the random number moves the wait, and nothing else") {
    for (const double random : {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, highest}) {
        backoff wait;
        for (const auto plain : {1000ms, 2000ms, 4000ms, 8000ms}) {
            const auto given = wait.failed(start, random);
            CHECK(given >= plain * 8 / 10);
            CHECK(given <= plain * 12 / 10);
        }
    }
}

TEST_CASE("backoff: it starts anew only after a minute of being well") {
    for (const auto& [well, expected] :
         {std::pair{0ms, 8000ms}, {1ms, 8000ms}, {59999ms, 8000ms}, {60000ms, 1000ms}, {3600000ms, 1000ms}}) {
        CAPTURE(well.count());
        backoff wait;
        for (int i = 0; i < 3; ++i)
            wait.failed(start, middle);
        wait.succeeded(start);
        CHECK(wait.failed(start + well, middle) == expected);
    }
}

TEST_CASE("backoff: time without success does not start it anew") {
    backoff wait;
    wait.failed(start, middle);
    CHECK(wait.failed(start + 10h, middle) == 2s);
}

TEST_CASE("backoff: one good time does not excuse a later failure") {
    backoff wait;
    wait.succeeded(start);
    CHECK(wait.failed(start + 60s, middle) == 1s);
    // Well only once; from here on it fails all the time.
    CHECK(wait.failed(start + 200s, middle) == 2s);
    CHECK(wait.failed(start + 400s, middle) == 4s);
}

TEST_CASE("backoff: settings of one's own") {
    backoff::settings values;
    values.first = 10ms;
    values.cap = 25ms;
    values.stable = 5ms;
    values.jitter = 0;
    backoff wait(values);
    CHECK(wait.failed(start, 0.0) == 10ms);
    CHECK(wait.failed(start, 0.9) == 20ms);
    CHECK(wait.failed(start, 0.0) == 25ms);
    wait.succeeded(start);
    CHECK(wait.failed(start + 5ms, 0.0) == 10ms);
}
