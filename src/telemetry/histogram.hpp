// How long things take: counters in fixed buckets. Fine enough for quantiles, and exact for the coarser
// buckets that are shown outside.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace drawbridge::telemetry {

// Buckets from 50 us to 120 s, each at most an eighth wider than the one before. A plain value of about 1.2
// KB; never allocates, never throws. Times are in seconds.
class histogram {
  public:
    // What is below zero or no number counts as zero: a clock never runs backwards, and a sum that is spoiled
    // once would stay so.
    void record(double seconds);
    void record(std::chrono::nanoseconds time) { record(std::chrono::duration<double>(time).count()); }

    std::uint64_t count() const { return count_; }
    double sum() const { return sum_; }

    // How many were at most `bound` seconds. Exact where bound is one of bounds(), else it is rounded down to
    // the next of them.
    std::uint64_t count_up_to(double bound) const;

    // The value that the share q (0 to 1) of all lies at or below, interpolated inside its bucket and never
    // outside of what was recorded. Nothing before the first record.
    std::optional<double> quantile(double q) const;

    // The upper bounds of the buckets, ascending; above the last one is a bucket without a bound.
    static constexpr std::size_t bound_count = 148;
    static const std::array<double, bound_count>& bounds();

    // The bounds for a time series database: few, round, and all of them among bounds().
    static constexpr std::array<double, 15> coarse_bounds = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

  private:
    std::array<std::uint64_t, bound_count + 1> buckets_{};
    std::uint64_t count_ = 0;
    double sum_ = 0;
    double smallest_ = 0;
    double largest_ = 0;
};

} // namespace drawbridge::telemetry
