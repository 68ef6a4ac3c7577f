#include "telemetry/sanitize.hpp"

#include "jsonrpc/text.hpp"
#include "jsonrpc/utf8.hpp"
#include "telemetry/token_shapes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace drawbridge::telemetry {

namespace {

constexpr std::string_view mask = "***";
constexpr std::size_t least_secret = 4; // shorter ones only as whole words
constexpr std::size_t least_line = 8;   // of a secret with several lines
constexpr std::size_t least_beginning = 8;

bool between(char c, int low, int high) {
    const auto value = static_cast<unsigned char>(c);
    return value >= low && value <= high;
}

// The place after the ANSI escape whose ESC stands at `at` (ECMA-48 5.4, 5.6). What is none only loses its
// ESC.
std::size_t escape_end(std::string_view text, std::size_t at) {
    const std::size_t begin = at + 1;
    if (begin >= text.size()) return begin;
    const char kind = text[begin];
    at = begin + 1;
    if (kind == '[') {
        while (at < text.size() && between(text[at], 0x20, 0x3F))
            ++at;
        return at < text.size() && between(text[at], 0x40, 0x7E) ? at + 1 : begin + 1;
    }
    if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
        while (at < text.size() && text[at] != '\x07' && text[at] != '\x1B')
            ++at;
        if (at >= text.size()) return begin + 1;
        if (text[at] == '\x07') return at + 1;
        return text.substr(at, 2) == "\x1B\\" ? at + 2 : at;
    }
    at = begin;
    while (at < text.size() && between(text[at], 0x20, 0x2F))
        ++at;
    return at < text.size() && between(text[at], 0x30, 0x7E) ? at + 1 : begin;
}

// One line of valid UTF-8 without control characters.
std::string clean(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t at = 0; at < raw.size();) {
        const char c = raw[at];
        if (between(c, 0x20, 0x7E)) {
            out += c;
            ++at;
        } else if (c == '\x1B') {
            at = escape_end(raw, at);
        } else if (between(c, 0, 0x7F)) {
            const bool part_of_break = c == '\r' && raw.substr(at + 1, 1) == "\n";
            if ((c == '\n' || c == '\t' || c == '\r') && !part_of_break) out += ' ';
            ++at;
        } else {
            const std::size_t length = jsonrpc::utf8_length(raw, at);
            const bool control = length == 2 && c == '\xC2' && between(raw[at + 1], 0x80, 0x9F);
            if (!control) out += length == 0 ? jsonrpc::replacement_character : raw.substr(at, length);
            at += length == 0 ? 1 : length;
        }
    }
    return out;
}

std::string_view trim(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

std::string percent_encode(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto value = static_cast<unsigned char>(c);
        const bool plain = between(c, '0', '9') || between(c, 'a', 'z') || between(c, 'A', 'Z') || c == '-' ||
                           c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += digits[value >> 4];
            out += digits[value & 15];
        }
    }
    return out;
}

// Every spelling in which a secret may show up in a cleaned text.
void add_spellings(std::string_view secret, std::vector<std::string>& out) {
    const auto add = [&](std::string_view spelling) {
        if (!spelling.empty()) out.emplace_back(spelling);
    };
    const std::string cleaned = clean(secret);
    const std::string_view value = trim(cleaned);
    add(value);
    const std::string quoted = jsonrpc::quote(secret);
    if (const auto body = std::string_view(quoted).substr(1, quoted.size() - 2); body != value) add(body);
    if (const std::string encoded = percent_encode(secret); encoded != value) add(encoded);
    if (secret.find('\n') == std::string_view::npos) return;
    while (!secret.empty()) {
        const std::size_t line_break = std::min(secret.find('\n'), secret.size());
        const std::string line = clean(secret.substr(0, line_break));
        if (trim(line).size() >= least_line) add(trim(line));
        secret.remove_prefix(std::min(line_break + 1, secret.size()));
    }
}

bool is_word(char c) {
    return between(c, '0', '9') || between(c, 'a', 'z') || between(c, 'A', 'Z') || c == '_';
}

bool is_whole_word(std::string_view text, std::size_t begin, std::size_t end) {
    return (begin == 0 || !is_word(text[begin - 1])) && (end == text.size() || !is_word(text[end]));
}

// Knuth, Morris and Pratt: for each prefix of the pattern the length of its longest proper border.
std::vector<std::uint32_t> borders(std::string_view pattern) {
    std::vector<std::uint32_t> out(pattern.size(), 0);
    std::uint32_t length = 0;
    for (std::size_t i = 1; i < pattern.size(); ++i) {
        while (length > 0 && pattern[i] != pattern[length])
            length = out[length - 1];
        if (pattern[i] == pattern[length]) ++length;
        out[i] = length;
    }
    return out;
}

// All places of the secret, overlapping ones too, and a beginning of it at the end of the text. Linear,
// whatever the text is made of; a text without the secret only costs the library's search.
void find_secret(std::string_view text, std::string_view secret, std::vector<hidden>& out) {
    const bool there = ::memmem(text.data(), text.size(), secret.data(), secret.size()) != nullptr;
    if (!there && secret.size() <= least_beginning) return;
    const auto border = borders(secret);
    std::size_t at = there || text.size() < secret.size() ? 0 : text.size() - secret.size() + 1;
    std::size_t matched = 0;
    for (; at < text.size(); ++at) {
        if (matched == secret.size()) matched = border[matched - 1];
        while (matched > 0 && text[at] != secret[matched])
            matched = border[matched - 1];
        if (text[at] == secret[matched]) ++matched;
        if (matched != secret.size()) continue;
        const hidden place{at + 1 - matched, at + 1};
        if (secret.size() >= least_secret || is_whole_word(text, place.begin, place.end))
            out.push_back(place);
    }
    if (matched >= least_beginning && matched < secret.size())
        out.push_back({text.size() - matched, text.size()});
}

std::string hide(std::string_view text, std::vector<hidden>& places) {
    std::sort(places.begin(), places.end(),
              [](const hidden& a, const hidden& b) { return a.begin < b.begin; });
    std::string out;
    out.reserve(text.size());
    std::size_t done = 0;
    for (std::size_t i = 0; i < places.size();) {
        const std::size_t begin = places[i].begin;
        std::size_t end = places[i].end;
        for (++i; i < places.size() && places[i].begin <= end; ++i)
            end = std::max(end, places[i].end);
        out.append(text, done, begin - done);
        out.append(mask);
        done = end;
    }
    out.append(text, done);
    return out;
}

} // namespace

std::string sanitize(std::string_view raw, const std::vector<std::string>& secrets, std::size_t limit) {
    const std::string cleaned = clean(raw);
    const std::string_view text = trim(cleaned);
    std::vector<std::string> spellings;
    for (const auto& secret : secrets)
        add_spellings(secret, spellings);
    std::vector<hidden> places;
    for (const auto& spelling : spellings)
        find_secret(text, spelling, places);
    find_token_shapes(text, places);
    std::string out = hide(text, places);
    if (out.size() <= limit) return out;
    constexpr std::string_view dots = "...";
    if (limit < dots.size()) return out.substr(0, jsonrpc::utf8_border(out, limit));
    out.resize(jsonrpc::utf8_border(out, limit - dots.size()));
    return out += dots;
}

} // namespace drawbridge::telemetry
