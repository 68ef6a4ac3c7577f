#include "jsonrpc/text.hpp"

#include "jsonrpc/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace drawbridge::jsonrpc {

namespace {

bool is_string_token(std::string_view token) {
    return token.size() >= 2 && token.front() == '"' && token.back() == '"';
}

std::optional<std::uint32_t> read_hex4(std::string_view text, std::size_t at) {
    if (text.size() < 4 || at > text.size() - 4) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const char c = text[i];
        std::uint32_t digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<std::uint32_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<std::uint32_t>(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<std::uint32_t>(c - 'A' + 10);
        else
            return std::nullopt;
        value = value << 4 | digit;
    }
    return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | code >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | code >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

// `at` stands after "\u"; moves it after the escape, the second half of a surrogate pair included.
bool append_unicode_escape(std::string& out, std::string_view body, std::size_t& at) {
    const auto first = read_hex4(body, at);
    if (!first) return false;
    at += 4;
    if (*first < 0xD800 || *first > 0xDFFF) {
        append_utf8(out, *first);
        return true;
    }
    if (*first > 0xDBFF || body.substr(at, 2) != "\\u") return false;
    const auto second = read_hex4(body, at + 2);
    if (!second || *second < 0xDC00 || *second > 0xDFFF) return false;
    at += 6;
    append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
    return true;
}

// The character of a two-character escape, 0 for none.
char simple_escape(char c) {
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

void append_escaped(std::string& out, char c) {
    constexpr char digits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\b':
        out += "\\b";
        return;
    case '\f':
        out += "\\f";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        break;
    }
    const auto value = static_cast<unsigned char>(c);
    out += "\\u00";
    out += digits[value >> 4];
    out += digits[value & 15];
}

} // namespace

std::optional<std::string> unescape(std::string_view token) {
    if (!is_string_token(token)) return std::nullopt;
    const std::string_view body = token.substr(1, token.size() - 2);
    std::string out;
    out.reserve(body.size());
    std::size_t run = 0; // begin of what can be copied as it is
    for (std::size_t at = 0; at < body.size();) {
        const char c = body[at];
        if (static_cast<unsigned char>(c) < 0x20 || c == '"') return std::nullopt;
        if (c != '\\') {
            ++at;
            continue;
        }
        out.append(body, run, at - run);
        if (++at == body.size()) return std::nullopt;
        const char kind = body[at++];
        if (kind == 'u') {
            if (!append_unicode_escape(out, body, at)) return std::nullopt;
        } else if (const char plain = simple_escape(kind); plain != 0) {
            out += plain;
        } else {
            return std::nullopt;
        }
        run = at;
    }
    out.append(body, run);
    return out;
}

bool string_equals(std::string_view token, std::string_view value) {
    if (!is_string_token(token)) return false;
    const std::string_view body = token.substr(1, token.size() - 2);
    if (body.find('\\') == std::string_view::npos) return body == value;
    // An escape only makes a spelling longer, at most six times ("\u0061"), so most strings need no
    // unescaping.
    if (body.size() < value.size() || body.size() > value.size() * 6) return false;
    return unescape(token) == value;
}

void append_quoted(std::string& out, std::string_view utf8) {
    out.reserve(out.size() + utf8.size() + 2);
    out += '"';
    std::size_t run = 0; // begin of what can be copied as it is
    for (std::size_t at = 0; at < utf8.size();) {
        const auto value = static_cast<unsigned char>(utf8[at]);
        const std::size_t length = value < 0x80 ? 1 : utf8_length(utf8, at);
        const bool escape = value < 0x20 || value == 0x7F || value == '"' || value == '\\';
        if (length != 0 && !escape) {
            at += length;
            continue;
        }
        out.append(utf8, run, at - run);
        if (escape)
            append_escaped(out, utf8[at]);
        else
            out += replacement_character;
        run = ++at;
    }
    out.append(utf8, run);
    out += '"';
}

std::string quote(std::string_view utf8) {
    std::string out;
    append_quoted(out, utf8);
    return out;
}

bool has_line_break(std::string_view text) {
    return text.find('\n') != std::string_view::npos || text.find('\r') != std::string_view::npos;
}

void flatten(std::string& text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

} // namespace drawbridge::jsonrpc
