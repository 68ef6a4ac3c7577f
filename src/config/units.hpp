// Durations and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace drawbridge::config {

// A Go duration ("1h30m", "90s", "1.5h", "500ms", "0"), rounded up to whole seconds; negative ones too.
// Nothing where the text is none, or is longer than 100 years.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

// "512MiB", "2g", "1073741824": binary units, with or without "iB" or "B", as docker's --memory reads them.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

} // namespace drawbridge::config
