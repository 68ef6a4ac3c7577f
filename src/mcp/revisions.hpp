// The MCP revisions that the gateway speaks in sessions, newest first.
#pragma once

#include <array>
#include <string_view>

namespace drawbridge::mcp {

inline constexpr std::array<std::string_view, 4> legacy_revisions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                                     "2024-11-05"};
inline constexpr std::string_view latest_legacy_revision = legacy_revisions.front();

constexpr bool is_legacy_revision(std::string_view version) {
    for (const auto known : legacy_revisions)
        if (known == version) return true;
    return false;
}

// What a server answers to a client that asks for `requested`: the same if it is known, else the newest (MCP
// lifecycle, version negotiation).
constexpr std::string_view negotiate(std::string_view requested) {
    return is_legacy_revision(requested) ? requested : latest_legacy_revision;
}

} // namespace drawbridge::mcp
