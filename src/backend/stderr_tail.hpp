// The last lines that a server wrote to stderr, fit to be shown: sanitized, cut, and few.
#pragma once

#include "core/asio.hpp"
#include "telemetry/line_limit.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::backend {

class stderr_tail {
  public:
    static constexpr std::size_t kept_lines = 10;
    static constexpr std::size_t line_limit = 1024; // bytes, after sanitizing
    // So many lines at once, and so many a second in the long run: a flood must not keep the loop busy with
    // cleaning what nobody reads.
    static constexpr double burst = 1000;
    static constexpr double lines_per_second = 100;

    explicit stderr_tail(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {}

    // Takes a chunk as it was read; returns the whole lines in it, sanitized, empty ones left out. Of a flood
    // it returns a part, and how many lines are missing.
    std::vector<std::string> feed(std::string_view chunk, core::time_point now = core::clock::now());
    // What stands in the buffer without a line break.
    std::vector<std::string> finish(core::time_point now = core::clock::now());

    // The kept lines, joined by " | ".
    std::string text() const;

  private:
    void take_line(std::string_view raw, std::vector<std::string>& lines, core::time_point now);

    std::vector<std::string> secrets_;
    std::string partial_;
    bool skipping_ = false;        // inside an over-long line whose first part was taken already
    std::deque<std::string> kept_; // as they came, cut; sanitized when they are shown
    telemetry::line_limit limit_{burst, lines_per_second};
};

} // namespace drawbridge::backend
