// How many lines of one kind are told: some at once, and so many a second in the long run (a token bucket),
// so that a flood neither buries the rest nor keeps a loop busy. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace drawbridge::telemetry {

class line_limit {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    line_limit(double burst, double per_second) : burst_(burst), per_second_(per_second), allowed_(burst) {}

    // A line is there. Empty: it is left out. Otherwise it is told, and with it how many were left out since
    // the last one that was.
    std::optional<std::size_t> admit(time_point now);

  private:
    double burst_;
    double per_second_;
    double allowed_; // lines, now
    time_point filled_at_{};
    std::size_t left_out_ = 0;
};

} // namespace drawbridge::telemetry
