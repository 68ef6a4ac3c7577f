#include "telemetry/line_limit.hpp"

#include <doctest/doctest.h>

using drawbridge::telemetry::line_limit;
using namespace std::chrono_literals;

namespace {

const line_limit::time_point start(1h);

// How many of so many lines at one time are told.
int told(line_limit& limit, int lines, line_limit::time_point now) {
    int count = 0;
    for (int i = 0; i < lines; ++i)
        count += limit.admit(now).has_value();
    return count;
}

} // namespace

TEST_CASE("line limit: what is rare is told, and nothing is said to be left out") {
    line_limit limit(20, 1);
    for (int i = 0; i < 1000; ++i)
        CHECK(limit.admit(start + i * 1s) == 0U);
}

TEST_CASE("line limit: a burst at once, then so many a second") {
    line_limit limit(20, 1);
    CHECK(told(limit, 1000, start) == 20);
    CHECK(told(limit, 1000, start + 500ms) == 0);
    CHECK(told(limit, 1000, start + 1s) == 1);
    CHECK(told(limit, 1000, start + 4s) == 3);
    CHECK(told(limit, 1000, start + 10h) == 20); // a long silence allows no more than a burst
}

TEST_CASE("line limit: the next line that is told knows how many were left out, once") {
    line_limit limit(2, 1);
    CHECK(limit.admit(start) == 0U);
    CHECK(limit.admit(start) == 0U);
    for (int i = 0; i < 7; ++i)
        CHECK_FALSE(limit.admit(start));
    CHECK(limit.admit(start + 1s) == 7U);
    CHECK_FALSE(limit.admit(start + 1s));
    CHECK(limit.admit(start + 3s) == 1U);
    CHECK(limit.admit(start + 3s) == 0U);
}

TEST_CASE("line limit: a time before the last one changes nothing") {
    line_limit limit(1, 1);
    CHECK(limit.admit(start + 10s) == 0U);
    CHECK_FALSE(limit.admit(start));
    CHECK_FALSE(limit.admit(start + 10s));
    CHECK(limit.admit(start + 11s) == 2U);
}
