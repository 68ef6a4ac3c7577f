// The MCP revisions that the gateway speaks, newest first.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace drawbridge::mcp {

// How two sides talk: in sessions that begin with a handshake (2024-11-05 to 2025-11-25), or in requests that
// each say everything (2026-07-28).
enum class era : std::uint8_t { legacy, modern };

inline constexpr std::array<std::string_view, 4> legacy_revisions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                                     "2024-11-05"};
inline constexpr std::string_view latest_legacy_revision = legacy_revisions.front();
inline constexpr std::string_view modern_revision = "2026-07-28";

constexpr bool is_legacy_revision(std::string_view version) {
    for (const auto known : legacy_revisions)
        if (known == version) return true;
    return false;
}

constexpr bool is_modern_revision(std::string_view version) {
    return version == modern_revision;
}

// What a server answers to a client that asks for `requested`: the same if it is known, else the newest (MCP
// lifecycle, version negotiation).
constexpr std::string_view negotiate(std::string_view requested) {
    return is_legacy_revision(requested) ? requested : latest_legacy_revision;
}

// Every revision that a client may speak, as a JSON array; the modern one first.
inline constexpr std::string_view supported_revisions_json =
    R"(["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"])";

} // namespace drawbridge::mcp
