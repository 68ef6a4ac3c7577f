#include "telemetry/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using drawbridge::telemetry::histogram;
using namespace std::chrono_literals;

namespace {

// Spread over the decades, as times are: some below the first bound, some above the last.
std::vector<double> random_times(std::mt19937& random, std::size_t count) {
    std::uniform_real_distribution<double> exponent(-5.5, 2.5);
    std::vector<double> values(count);
    for (double& each : values)
        each = std::pow(10.0, exponent(random));
    return values;
}

histogram filled(const std::vector<double>& values) {
    histogram made;
    for (const double each : values)
        made.record(each);
    return made;
}

// The index of the bucket that holds the value.
std::ptrdiff_t bucket_of(double value) {
    const auto& bounds = histogram::bounds();
    return std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
}

} // namespace

TEST_CASE("histogram: bounds from 50 us to 120 s, ascending in steps of about a tenth") {
    const auto& bounds = histogram::bounds();
    CHECK(bounds.front() == 0.00005);
    CHECK(bounds.back() == 120);
    for (std::size_t i = 1; i < bounds.size(); ++i) {
        const double step = bounds[i] / bounds[i - 1];
        CHECK(step > 1.08);
        CHECK(step < 1.126);
    }
}

TEST_CASE("histogram: the coarse bounds are among the fine ones") {
    const auto& bounds = histogram::bounds();
    for (const double each : histogram::coarse_bounds)
        CHECK(std::find(bounds.begin(), bounds.end(), each) != bounds.end());
    CHECK(std::is_sorted(histogram::coarse_bounds.begin(), histogram::coarse_bounds.end()));
}

TEST_CASE("histogram: empty") {
    const histogram none;
    CHECK(none.count() == 0);
    CHECK(none.sum() == 0);
    CHECK(none.count_up_to(60) == 0);
    CHECK_FALSE(none.quantile(0.5));
}

TEST_CASE("histogram: a value on a bound belongs below it, whichever way it was recorded") {
    for (const double each : histogram::coarse_bounds) {
        histogram one;
        one.record(each);
        one.record(std::nextafter(each, 1000.0));
        CHECK(one.count_up_to(each) == 1);
    }
    histogram one;
    one.record(2500us);
    one.record(std::chrono::nanoseconds(2'500'001));
    CHECK(one.count_up_to(0.0025) == 1);
    CHECK(one.count_up_to(0.005) == 2);
}

TEST_CASE("histogram: a bound between two counts what is certain") {
    histogram one;
    one.record(0.00101);
    CHECK(one.count_up_to(0.00105) == 0);
    CHECK(one.count_up_to(0.0011) == 1);
}

TEST_CASE("histogram: what is no time counts as zero") {
    histogram odd;
    odd.record(-1.0);
    odd.record(std::numeric_limits<double>::quiet_NaN());
    odd.record(std::numeric_limits<double>::infinity());
    CHECK(odd.count() == 3);
    CHECK(odd.sum() == 0);
    CHECK(odd.count_up_to(0.001) == 3);
    CHECK(odd.quantile(1) == 0.0);
}

TEST_CASE("histogram: one value is every quantile") {
    for (const double value : {0.0, 0.00001, 0.2, 7.77, 500.0}) {
        const auto one = filled({value});
        for (const double q : {0.0, 0.01, 0.5, 0.99, 1.0})
            CHECK(*one.quantile(q) == doctest::Approx(value));
    }
}

TEST_CASE("histogram: interpolated inside a bucket") {
    // 0.11 to 0.12 is one bucket.
    const auto two = filled({0.1105, 0.1165, 0.1195});
    CHECK(*two.quantile(1) == doctest::Approx(0.1195));
    CHECK(*two.quantile(0.5) == doctest::Approx(0.1105 + 0.009 * 0.5));
    // Above the last bound it goes up to the largest.
    const auto slow = filled({200, 400});
    CHECK(*slow.quantile(0.5) == doctest::Approx(300));
    CHECK(*slow.quantile(1) == 400);
}

TEST_CASE("histogram: q outside of 0 to 1 is the nearest end") {
    const auto some = filled({0.01, 0.02, 0.5});
    CHECK(some.quantile(-1) == 0.01);
    CHECK(some.quantile(std::numeric_limits<double>::quiet_NaN()) == 0.01);
    CHECK(some.quantile(2) == 0.5);
}

TEST_CASE("histogram: random data, quantiles stay in the bucket of the true one and never fall") {
    std::mt19937 random(20261121); // NOLINT(cert-msc51-cpp): the same data every time
    for (int round = 0; round < 60; ++round) {
        auto values = random_times(random, 1 + random() % 3000);
        const auto recorded = filled(values);
        std::sort(values.begin(), values.end());
        double before = 0;
        for (int percent = 0; percent <= 100; ++percent) {
            const double q = percent / 100.0;
            const double rank = std::ceil(q * static_cast<double>(values.size()));
            const double truth = values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
            const double found = *recorded.quantile(q);
            REQUIRE(found >= before);
            REQUIRE(found >= values.front());
            REQUIRE(found <= values.back());
            const auto bucket = static_cast<std::size_t>(bucket_of(truth));
            if (bucket > 0) REQUIRE(found >= histogram::bounds()[bucket - 1]);
            if (bucket < histogram::bound_count) REQUIRE(found <= histogram::bounds()[bucket]);
            before = found;
        }
        CHECK(recorded.quantile(0) == values.front());
        CHECK(*recorded.quantile(1) == doctest::Approx(values.back()));
    }
}

TEST_CASE("histogram: random data, cumulative counts are exact and the order does not matter") {
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same data every time
    for (int round = 0; round < 30; ++round) {
        auto values = random_times(random, 1 + random() % 2000);
        const auto recorded = filled(values);
        std::shuffle(values.begin(), values.end(), random);
        const auto again = filled(values);
        double sum = 0;
        for (const double each : values)
            sum += each;
        CHECK(recorded.count() == values.size());
        CHECK(recorded.sum() == doctest::Approx(sum));
        for (const double bound : histogram::bounds()) {
            const auto below =
                std::count_if(values.begin(), values.end(), [&](double each) { return each <= bound; });
            REQUIRE(recorded.count_up_to(bound) == static_cast<std::uint64_t>(below));
            REQUIRE(again.count_up_to(bound) == recorded.count_up_to(bound));
        }
        CHECK(again.quantile(0.9) == recorded.quantile(0.9));
    }
}
