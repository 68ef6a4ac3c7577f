#include "health/cause.hpp"

#include "jsonrpc/utf8.hpp"

#include <array>

namespace drawbridge::health {
namespace {

constexpr std::size_t longest = 512;

constexpr std::array<std::string_view, cause_count> words = {
    "wanted",           "prepared",       "prepare_failed", "spawned",       "spawn_failed",  "initialized",
    "handshake_failed", "exited",         "killed",         "out_of_memory", "output_closed", "input_closed",
    "unreachable",      "http_error",     "unauthorized",   "check_failed",  "check_slow",    "check_passed",
    "silent",           "older_revision", "retry",          "idle",          "session_ended", "place_needed",
    "shutdown",         "drained",        "closed",         "internal"};

} // namespace

std::string_view to_string(cause value) {
    return words[static_cast<std::size_t>(value)];
}

std::string shortened(std::string_view text) {
    if (text.size() <= longest) return std::string(text);
    constexpr std::string_view dots = "...";
    return std::string(text.substr(0, jsonrpc::utf8_border(text, longest - dots.size()))).append(dots);
}

} // namespace drawbridge::health
