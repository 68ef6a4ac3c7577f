#include "mcp/header_value.hpp"

#include "jsonrpc/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace drawbridge::mcp {

namespace {

constexpr std::string_view opening = "=?base64?";
constexpr std::string_view closing = "?=";
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Also "=?base64?=", where the markers overlap: readers do not agree on what that is.
bool has_markers(std::string_view value) {
    return value.starts_with(opening) && value.ends_with(closing);
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_printable(char c) {
    return c >= 0x20 && c <= 0x7E;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = jsonrpc::utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string to_base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (i < count ? static_cast<std::uint8_t>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out += i <= count ? alphabet[group >> (18 - 6 * i) & 0x3F] : '=';
    }
    return out;
}

constexpr auto values = [] {
    std::array<std::int8_t, 256> out{};
    out.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        out[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
    return out;
}();

// Strict: whole groups, padding only where it has to be, and no bits set behind the last byte, so that each
// value has one spelling only.
std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned waiting = 0; // bits that have not become a byte yet
    for (const char c : text) {
        const auto value = values[static_cast<std::uint8_t>(c)];
        if (value < 0) return std::nullopt;
        bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFF;
        waiting += 6;
        if (waiting < 8) continue;
        waiting -= 8;
        out += static_cast<char>(bits >> waiting & 0xFF);
    }
    if (waiting != padding * 2 || (bits & ((1U << waiting) - 1)) != 0) return std::nullopt;
    return out;
}

} // namespace

std::string encode_header_value(std::string_view utf8) {
    const bool plain = std::all_of(utf8.begin(), utf8.end(), is_printable) && !has_markers(utf8) &&
                       (utf8.empty() || (!is_blank(utf8.front()) && !is_blank(utf8.back())));
    if (plain) return std::string(utf8);
    std::string out(opening);
    out += to_base64(utf8);
    out += closing;
    return out;
}

std::optional<std::string> decode_header_value(std::string_view field) {
    if (!has_markers(field)) {
        const auto allowed = [](char c) { return is_printable(c) || c == '\t'; };
        if (!std::all_of(field.begin(), field.end(), allowed)) return std::nullopt;
        return std::string(field);
    }
    if (field.size() < opening.size() + closing.size()) return std::nullopt;
    field.remove_prefix(opening.size());
    field.remove_suffix(closing.size());
    auto out = from_base64(field);
    if (!out || !is_utf8(*out)) return std::nullopt;
    return out;
}

} // namespace drawbridge::mcp
