#include "config/units.hpp"

#include <cmath>
#include <string>

namespace drawbridge::config {

namespace {

constexpr double hundred_years = 100.0 * 366 * 24 * 3600;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Digits with at most one point from the front of `text`; nothing where there is no digit.
std::optional<double> take_number(std::string_view& text) {
    double value = 0;
    double scale = 0; // 0 before the point
    bool any = false;
    while (!text.empty() && (is_digit(text.front()) || (text.front() == '.' && scale == 0))) {
        if (text.front() == '.') {
            scale = 1;
        } else if (scale == 0) {
            value = value * 10 + (text.front() - '0');
            any = true;
        } else {
            scale /= 10;
            value += scale * (text.front() - '0');
            any = true;
        }
        text.remove_prefix(1);
    }
    if (!any) return std::nullopt;
    return value;
}

struct unit {
    std::string_view name;
    double seconds;
};

constexpr unit units[] = {
    {"ns", 1e-9}, {"us", 1e-6}, {"\xc2\xb5s", 1e-6}, {"\xce\xbcs", 1e-6},
    {"ms", 1e-3}, {"s", 1},     {"m", 60},           {"h", 3600},
};

std::optional<double> take_unit(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && !is_digit(text[length]) && text[length] != '.')
        ++length;
    for (const auto& one : units) {
        if (one.name == text.substr(0, length)) {
            text.remove_prefix(length);
            return one.seconds;
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    double sign = 1;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        sign = text.front() == '-' ? -1 : 1;
        text.remove_prefix(1);
    }
    if (text == "0") return std::chrono::seconds{0};
    if (text.empty()) return std::nullopt;
    double total = 0;
    while (!text.empty()) {
        const auto number = take_number(text);
        if (!number) return std::nullopt;
        const auto seconds = take_unit(text);
        if (!seconds) return std::nullopt;
        total += *number * *seconds;
        if (!(total <= hundred_years)) return std::nullopt;
    }
    // A whole number of seconds may come out of the sum a hair above it ("0.1s" ten times).
    return std::chrono::seconds{static_cast<std::int64_t>(std::ceil(sign * total - 1e-9))};
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    constexpr std::string_view prefixes = "kmgt";
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    std::string suffix;
    for (const char c : text)
        suffix += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    double factor = 1;
    std::string_view rest = suffix;
    if (!rest.empty() && prefixes.find(rest.front()) != std::string_view::npos) {
        factor = std::ldexp(1.0, 10 * static_cast<int>(prefixes.find(rest.front()) + 1));
        rest.remove_prefix(1);
        if (rest == "ib") rest = {};
    }
    if (!rest.empty() && rest != "b") return std::nullopt;
    const double bytes = *number * factor;
    if (!(bytes <= std::ldexp(1.0, 60))) return std::nullopt;
    return static_cast<std::uint64_t>(bytes);
}

} // namespace drawbridge::config
