// Percent-encoding as it stands in URLs and in OTEL_EXPORTER_OTLP_HEADERS. Pure.
#pragma once

#include "config/characters.hpp"

#include <string>
#include <string_view>

namespace drawbridge::config {

inline int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// A '%' that begins no escape stands for itself: tokens hold it more often than anybody encodes it.
inline std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape = text[at] == '%' && at + 2 < text.size();
        const int high = escape ? hex_digit(text[at + 1]) : -1;
        const int low = escape ? hex_digit(text[at + 2]) : -1;
        if (high < 0 || low < 0) {
            out += text[at];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        at += 2;
    }
    return out;
}

} // namespace drawbridge::config
