#include "telemetry/prometheus.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using drawbridge::telemetry::histogram;
using drawbridge::telemetry::prometheus;
using kind = prometheus::kind;

TEST_CASE("prometheus: nothing at all") {
    prometheus out;
    CHECK(out.text().empty());
    out.add("empty", "Never sampled.", kind::gauge);
    CHECK(out.text().empty());
}

TEST_CASE("prometheus: samples with and without labels") {
    prometheus out;
    out.add("sessions", "Sessions.", kind::gauge).sample({}, std::uint64_t{3});
    auto& calls = out.add("calls_total", "Calls.", kind::counter);
    calls.sample({{"server", "a"}, {"method", "other"}}, std::uint64_t{18446744073709551615u});
    calls.sample({{"server", "b"}}, 0.25);
    CHECK(out.text() == "# HELP sessions Sessions.\n"
                        "# TYPE sessions gauge\n"
                        "sessions 3\n"
                        "# HELP calls_total Calls.\n"
                        "# TYPE calls_total counter\n"
                        "calls_total{server=\"a\",method=\"other\"} 18446744073709551615\n"
                        "calls_total{server=\"b\"} 0.25\n");
}

TEST_CASE("prometheus: a family stands together and is introduced once, whatever the order") {
    prometheus out;
    for (const char* name : {"a", "b"}) {
        out.add("x", "First.", kind::gauge).sample({{"server", name}}, std::uint64_t{1});
        out.add("y", "Second.", kind::gauge).sample({{"server", name}}, std::uint64_t{2});
    }
    CHECK(out.text() == "# HELP x First.\n"
                        "# TYPE x gauge\n"
                        "x{server=\"a\"} 1\n"
                        "x{server=\"b\"} 1\n"
                        "# HELP y Second.\n"
                        "# TYPE y gauge\n"
                        "y{server=\"a\"} 2\n"
                        "y{server=\"b\"} 2\n");
}

TEST_CASE("prometheus: a family's reference outlives later ones") {
    prometheus out;
    auto& first = out.add("first", "First.", kind::gauge);
    for (int i = 0; i < 1000; ++i)
        out.add("f" + std::to_string(i), "More.", kind::gauge);
    first.sample({}, std::uint64_t{1});
    CHECK(out.text() == "# HELP first First.\n# TYPE first gauge\nfirst 1\n");
}

TEST_CASE("prometheus: the name of a counter ends in _total") {
    prometheus out;
    out.add("drops", "Drops.", kind::counter).sample({{"at", "1"}}, std::uint64_t{1});
    out.add("drops_total", "Drops.", kind::counter).sample({{"at", "2"}}, std::uint64_t{2});
    CHECK(out.text() == "# HELP drops_total Drops.\n"
                        "# TYPE drops_total counter\n"
                        "drops_total{at=\"1\"} 1\n"
                        "drops_total{at=\"2\"} 2\n");
}

TEST_CASE("prometheus: escaping of values and help") {
    prometheus out;
    out.add("x", "One\\two\nand \"three\".", kind::gauge)
        .sample({{"server", "a\\b\"c\nd,}{ \xC3\xA9"}}, std::uint64_t{1});
    CHECK(out.text() == "# HELP x One\\\\two\\nand \"three\".\n"
                        "# TYPE x gauge\n"
                        "x{server=\"a\\\\b\\\"c\\nd,}{ \xC3\xA9\"} 1\n");
}

TEST_CASE("prometheus: numbers read back as they were, and the odd ones have names") {
    prometheus out;
    auto& x = out.add("x", "Numbers.", kind::gauge);
    using limits = std::numeric_limits<double>;
    for (const double each : {0.0, 0.1, 1e-7, 1e300, 1795225639.51, limits::infinity(), -limits::infinity(),
                              limits::quiet_NaN(), -limits::quiet_NaN()})
        x.sample({}, each);
    CHECK(out.text() == "# HELP x Numbers.\n"
                        "# TYPE x gauge\n"
                        "x 0\nx 0.1\nx 1e-07\nx 1e+300\nx 1795225639.51\nx +Inf\nx -Inf\nx NaN\nx NaN\n");
}

TEST_CASE("prometheus: a histogram") {
    histogram times;
    times.record(0.0005);
    times.record(0.001);
    times.record(0.0625);
    times.record(3.0);
    times.record(90.0);
    prometheus out;
    auto& family = out.add("took_seconds", "Times.", kind::histogram);
    family.sample({{"server", "a"}}, times);
    family.sample({}, histogram());
    const std::string text = out.text();
    CHECK(text.starts_with("# HELP took_seconds Times.\n"
                           "# TYPE took_seconds histogram\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.001\"} 2\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.0025\"} 2\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.005\"} 2\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.01\"} 2\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.025\"} 2\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.05\"} 2\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.1\"} 3\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.25\"} 3\n"
                           "took_seconds_bucket{server=\"a\",le=\"0.5\"} 3\n"
                           "took_seconds_bucket{server=\"a\",le=\"1\"} 3\n"
                           "took_seconds_bucket{server=\"a\",le=\"2.5\"} 3\n"
                           "took_seconds_bucket{server=\"a\",le=\"5\"} 4\n"
                           "took_seconds_bucket{server=\"a\",le=\"10\"} 4\n"
                           "took_seconds_bucket{server=\"a\",le=\"30\"} 4\n"
                           "took_seconds_bucket{server=\"a\",le=\"60\"} 4\n"
                           "took_seconds_bucket{server=\"a\",le=\"+Inf\"} 5\n"
                           "took_seconds_sum{server=\"a\"} 93.064\n"
                           "took_seconds_count{server=\"a\"} 5\n"
                           "took_seconds_bucket{le=\"0.001\"} 0\n"));
    CHECK(text.ends_with("took_seconds_bucket{le=\"+Inf\"} 0\n"
                         "took_seconds_sum 0\n"
                         "took_seconds_count 0\n"));
}
