#include "telemetry/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace drawbridge::telemetry {

namespace {

using bound_array = std::array<double, histogram::bound_count>;

// Of every power of ten, in hundredths: steps of about a tenth, with the round numbers that people ask for.
constexpr std::array<int, 23> steps = {100, 110, 120, 135, 150, 165, 180, 200, 225, 250, 275, 300,
                                       330, 360, 400, 450, 500, 550, 600, 660, 725, 800, 900};
constexpr std::int64_t lowest = 50'000;           // nanoseconds: 50 us
constexpr std::int64_t highest = 120'000'000'000; // 120 s

// Whole nanoseconds divided once: each is the double nearest to its decimal text, so comparing is exact.
constexpr bound_array make_bounds() {
    bound_array made{};
    std::size_t used = 0;
    for (std::int64_t unit = 100; unit * 100 <= highest; unit *= 10) {
        for (const int step : steps) {
            const std::int64_t bound = unit * step;
            if (bound >= lowest && bound <= highest) made.at(used++) = static_cast<double>(bound) / 1e9;
        }
    }
    return made;
}

constexpr bound_array all_bounds = make_bounds();

constexpr bool coarse_is_subset() {
    for (const double bound : histogram::coarse_bounds) {
        if (std::find(all_bounds.begin(), all_bounds.end(), bound) == all_bounds.end()) return false;
    }
    return true;
}

static_assert(all_bounds.front() == 0.00005 && all_bounds.back() == 120, "bound_count fits the steps");
static_assert(coarse_is_subset(), "the coarse counters are sums of the fine ones");

} // namespace

const std::array<double, histogram::bound_count>& histogram::bounds() {
    return all_bounds;
}

void histogram::record(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) seconds = 0;
    const auto place = std::lower_bound(all_bounds.begin(), all_bounds.end(), seconds);
    ++buckets_[static_cast<std::size_t>(place - all_bounds.begin())];
    smallest_ = count_ == 0 ? seconds : std::min(smallest_, seconds);
    largest_ = std::max(largest_, seconds);
    sum_ += seconds;
    ++count_;
}

std::uint64_t histogram::count_up_to(double bound) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < bound_count && all_bounds[i] <= bound; ++i)
        total += buckets_[i];
    return total;
}

std::optional<double> histogram::quantile(double q) const {
    if (count_ == 0) return std::nullopt;
    if (!(q > 0)) return smallest_;
    const double rank = std::min(q, 1.0) * static_cast<double>(count_);
    double below = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        const auto here = static_cast<double>(buckets_[i]);
        if (here == 0 || below + here < rank) {
            below += here;
            continue;
        }
        const double from = i == 0 ? smallest_ : std::max(all_bounds[i - 1], smallest_);
        const double to = i == bound_count ? largest_ : std::min(all_bounds[i], largest_);
        return std::min(to, from + (to - from) * ((rank - below) / here)); // rounding may lead past the end
    }
    return largest_;
}

} // namespace drawbridge::telemetry
