#include "backend/checkup.hpp"

#include <doctest/doctest.h>

using namespace drawbridge;
using backend::checkup;
using verdict = backend::checkup::verdict;
using namespace std::chrono_literals;

namespace {

config::health_checks made() {
    config::health_checks settings;
    settings.interval = 30s;
    settings.fast_interval = 2s;
    settings.timeout = 5s;
    settings.rise = 2;
    settings.fall = 3;
    return settings;
}

} // namespace

TEST_CASE("checkup: the first miss degrades, `fall` in a row are the end") {
    checkup checks(made());
    checks.begin();
    CHECK(checks.passed() == verdict::unchanged);
    CHECK_FALSE(checks.degraded());
    CHECK(checks.missed(false) == verdict::degraded);
    CHECK(checks.degraded());
    CHECK(checks.missed(false) == verdict::unchanged);
    CHECK(checks.missed(false) == verdict::dead);
}

TEST_CASE("checkup: `rise` in a row recover; a miss in between starts the count anew") {
    checkup checks(made());
    checks.begin();
    checks.missed(false);
    CHECK(checks.passed() == verdict::unchanged);
    CHECK(checks.missed(false) == verdict::unchanged);
    CHECK(checks.misses() == 1);
    CHECK(checks.passed() == verdict::unchanged);
    CHECK(checks.passed() == verdict::recovered);
    CHECK_FALSE(checks.degraded());
    CHECK(checks.missed(false) == verdict::degraded);
}

TEST_CASE("checkup: what has a reason to be slow is degraded at most") {
    checkup checks(made());
    checks.begin();
    CHECK(checks.missed(true) == verdict::degraded);
    for (int i = 0; i < 20; ++i)
        CHECK(checks.missed(true) == verdict::unchanged);
    CHECK(checks.missed(false) == verdict::dead); // the reason is gone, and it is silent still
}

TEST_CASE("checkup: an answer that takes more than half of the timeout degrades at once") {
    checkup checks(made());
    checks.begin();
    CHECK(checks.slow_after() == 2500ms);
    CHECK(checks.answered(2500ms) == verdict::unchanged);
    CHECK_FALSE(checks.degraded());
    CHECK(checks.answered(2501ms) == verdict::degraded);
    CHECK(checks.degraded());
    CHECK(checks.next_wait(0.5) == 2s);
}

TEST_CASE("checkup: slow is alive: it never counts towards `fall`, and misses begin anew") {
    checkup checks(made());
    checks.begin();
    CHECK(checks.answered(4s) == verdict::degraded);
    for (int i = 0; i < 20; ++i)
        CHECK(checks.answered(4s) == verdict::unchanged);
    CHECK(checks.misses() == 0);
    CHECK(checks.missed(false) == verdict::unchanged);
    CHECK(checks.missed(false) == verdict::unchanged);
    CHECK(checks.misses() == 2);
    CHECK(checks.answered(4s) == verdict::unchanged);
    CHECK(checks.misses() == 0);
    CHECK(checks.missed(false) == verdict::unchanged);
    CHECK(checks.missed(false) == verdict::unchanged);
    CHECK(checks.missed(false) == verdict::dead);
}

TEST_CASE("checkup: recovery needs `rise` answers in time; a slow one in between starts the count anew") {
    checkup checks(made());
    checks.begin();
    CHECK(checks.answered(4s) == verdict::degraded);
    CHECK(checks.answered(1ms) == verdict::unchanged);
    CHECK(checks.answered(4s) == verdict::unchanged);
    CHECK(checks.answered(1ms) == verdict::unchanged);
    CHECK(checks.degraded());
    CHECK(checks.answered(1ms) == verdict::recovered);
    CHECK(checks.missed(false) == verdict::degraded); // the same after a miss
    CHECK(checks.answered(1ms) == verdict::unchanged);
    CHECK(checks.answered(4s) == verdict::unchanged);
    CHECK(checks.answered(1ms) == verdict::unchanged);
    CHECK(checks.answered(1ms) == verdict::recovered);
    CHECK_FALSE(checks.degraded());
}

TEST_CASE("checkup: a handshake counts as `rise`") {
    checkup checks(made());
    checks.begin();
    checks.missed(false);
    checks.begin();
    CHECK_FALSE(checks.degraded());
    CHECK(checks.misses() == 0);
}

TEST_CASE("checkup: the spread only shortens; in transition it looks more often") {
    checkup checks(made());
    checks.begin();
    CHECK(checks.next_wait(0) == 30s);
    CHECK(checks.next_wait(0.999) >= 27s);
    CHECK(checks.next_wait(0.999) < 30s);
    checks.missed(false);
    CHECK(checks.next_wait(0.5) == 2s);
}

TEST_CASE("checkup: with fall 1 one miss is enough, with rise 1 one pass") {
    auto settings = made();
    settings.fall = 1;
    checkup strict(settings);
    strict.begin();
    CHECK(strict.answered(4s) == verdict::degraded); // slow, and that is all
    CHECK(strict.missed(false) == verdict::dead);
    settings.fall = 2;
    settings.rise = 1;
    checkup lenient(settings);
    lenient.begin();
    lenient.missed(false);
    CHECK(lenient.passed() == verdict::recovered);
}
