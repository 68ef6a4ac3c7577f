// UTF-8, one sequence at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace drawbridge::jsonrpc {

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD"; // U+FFFD

// The length of the valid sequence at text[at] (1 to 4), or 0 if none begins there: overlong forms,
// surrogates, values above U+10FFFF and truncated sequences are not valid.
inline std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    const std::size_t left = text.size() - at;
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return left >= 2 && follows(1) ? 2 : 0;
    if (lead < 0xF0) {
        if (left < 3 || !follows(1) || !follows(2)) return 0;
        if (lead == 0xE0 && byte(1) < 0xA0) return 0;
        return lead == 0xED && byte(1) > 0x9F ? 0 : 3;
    }
    if (lead > 0xF4 || left < 4 || !follows(1) || !follows(2) || !follows(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    return lead == 0xF4 && byte(1) > 0x8F ? 0 : 4;
}

// The longest prefix of at most `limit` bytes that does not cut a sequence.
inline std::size_t utf8_border(std::string_view text, std::size_t limit) {
    if (limit >= text.size()) return text.size();
    std::size_t at = limit;
    while (at > 0 && limit - at < 4 && (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80)
        --at;
    return (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80 ? limit : at;
}

} // namespace drawbridge::jsonrpc
