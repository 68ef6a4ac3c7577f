// Small helpers of the rules for single values. ASCII only, whatever the locale says.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::config {

inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

inline bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

inline bool is_alnum(char c) {
    return is_alpha(c) || is_digit(c);
}

template <class Predicate>
inline bool all(std::string_view text, Predicate predicate) {
    return std::all_of(text.begin(), text.end(), predicate);
}

inline bool one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

inline std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

inline std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

} // namespace drawbridge::config
