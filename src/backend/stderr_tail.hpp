// The last lines that a server wrote to stderr, fit to be shown: sanitized, cut, and few.
#pragma once

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

    explicit stderr_tail(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {}

    // Takes a chunk as it was read; returns the whole lines in it, sanitized, empty ones left out.
    std::vector<std::string> feed(std::string_view chunk);
    // What stands in the buffer without a line break.
    std::vector<std::string> finish();

    // The kept lines, joined by " | ".
    std::string text() const;

  private:
    void take_line(std::string_view raw, std::vector<std::string>& lines);

    std::vector<std::string> secrets_;
    std::string partial_;
    bool skipping_ = false; // inside an over-long line whose first part was taken already
    std::deque<std::string> kept_;
};

} // namespace drawbridge::backend
