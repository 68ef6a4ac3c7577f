#include "backend/stderr_tail.hpp"

#include "telemetry/sanitize.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

// A line longer than this is taken as it is so far; the rest of it is skipped.
constexpr std::size_t raw_limit = 8 * 1024;

} // namespace

std::vector<std::string> stderr_tail::feed(std::string_view chunk, core::time_point now) {
    std::vector<std::string> lines;
    while (!chunk.empty()) {
        const auto end = chunk.find('\n');
        const auto piece = chunk.substr(0, end);
        if (!skipping_) partial_.append(piece);
        if (end == std::string_view::npos && partial_.size() < raw_limit) break;
        if (!skipping_) take_line(partial_, lines, now);
        partial_.clear();
        skipping_ = end == std::string_view::npos;
        if (skipping_) break;
        chunk.remove_prefix(end + 1);
    }
    return lines;
}

std::vector<std::string> stderr_tail::finish(core::time_point now) {
    std::vector<std::string> lines;
    if (!skipping_) take_line(partial_, lines, now);
    partial_.clear();
    return lines;
}

void stderr_tail::take_line(std::string_view raw, std::vector<std::string>& lines, core::time_point now) {
    if (raw.find_first_not_of(" \t\r") == std::string_view::npos) return;
    kept_.emplace_back(raw);
    if (kept_.size() > kept_lines) kept_.pop_front();
    const auto left_out = limit_.admit(now);
    if (!left_out) return;
    if (*left_out > 0) lines.push_back("(" + std::to_string(*left_out) + " lines left out)");
    auto clean = telemetry::sanitize(raw, secrets_, line_limit);
    if (clean.find_first_not_of(" \t") != std::string::npos) lines.push_back(std::move(clean));
}

std::string stderr_tail::text() const {
    std::string all;
    for (const auto& line : kept_) {
        const auto clean = telemetry::sanitize(line, secrets_, line_limit);
        if (clean.find_first_not_of(" \t") == std::string::npos) continue;
        if (!all.empty()) all += " | ";
        all += clean;
    }
    return all;
}

} // namespace drawbridge::backend
