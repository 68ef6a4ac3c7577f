#include "telemetry/spellings.hpp"

#include <algorithm>
#include <array>

namespace drawbridge::telemetry {

namespace {

constexpr std::size_t shortest_run = 8;

// The value of hexadecimal digits, or -1 where they are not all there.
int hex_value(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (const char c : text.substr(at, digits)) {
        const bool digit = c >= '0' && c <= '9';
        const char small = static_cast<char>(c | 0x20);
        if (!digit && (small < 'a' || small > 'f')) return -1;
        value = value * 16 + (digit ? c - '0' : small - 'a' + 10);
    }
    return value;
}

void add_utf8(decoded_text& out, unsigned code, hidden from) {
    const auto tail = [&](unsigned shift) {
        out.add(static_cast<char>(0x80 | (code >> shift & 0x3F)), from);
    };
    if (code < 0x80) return out.add(static_cast<char>(code), from);
    if (code < 0x800) {
        out.add(static_cast<char>(0xC0 | code >> 6), from);
        return tail(0);
    }
    if (code < 0x10000) {
        out.add(static_cast<char>(0xE0 | code >> 12), from);
    } else {
        out.add(static_cast<char>(0xF0 | code >> 18), from);
        tail(12);
    }
    tail(6);
    tail(0);
}

// The end of the \uXXXX whose backslash stands at `at`, surrogate pairs as one; `at` where it is none.
std::size_t unicode_escape(std::string_view text, std::size_t at, decoded_text& out) {
    const int first = hex_value(text, at + 2, 4);
    if (first < 0) return at;
    std::size_t end = at + 6;
    auto code = static_cast<unsigned>(first);
    if (code >= 0xD800 && code < 0xDC00 && text.substr(end, 2) == "\\u") {
        const int second = hex_value(text, end + 2, 4);
        if (second >= 0xDC00 && second < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10U) + static_cast<unsigned>(second - 0xDC00);
            end += 6;
        }
    }
    add_utf8(out, code, {at, end});
    return end;
}

// The value of \c where that is a control character, otherwise c itself.
char simple_escape(char c) {
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'a':
    case 'b':
    case 'e':
    case 'f':
    case 'v':
    case '0':
        return '\x01'; // left out, as any control character
    default:
        return c;
    }
}

constexpr std::array<signed char, 256> base64_digits = [] {
    std::array<signed char, 256> table{};
    table.fill(-1);
    signed char value = 0;
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
        table[static_cast<unsigned char>(c)] = value++;
    table['-'] = 62;
    table['_'] = 63;
    return table;
}();

int digit_of(char c) {
    return base64_digits[static_cast<unsigned char>(c)];
}

// The bytes of a run; those that come from a cleaned text hold blanks where a secret holds line breaks.
void decode_run(std::string_view run, std::string& out) {
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : run) {
        bits = bits << 6U | static_cast<unsigned>(digit_of(c));
        count += 6;
        if (count < 8) continue;
        count -= 8;
        const char byte = static_cast<char>(bits >> count & 0xFFU);
        out += byte == '\n' || byte == '\r' || byte == '\t' ? ' ' : byte;
    }
}

} // namespace

void decoded_text::add(char c, hidden from) {
    const auto code = static_cast<unsigned char>(c);
    const bool blank = c == '\n' || c == '\t' || c == '\r';
    if (!blank && (code < 0x20 || code == 0x7F)) return;
    const bool pair = c == '\n' && after_return_;
    after_return_ = c == '\r';
    if (pair) { // the two are one blank
        source.back().end = from.end;
        return;
    }
    bytes += blank ? ' ' : c;
    source.push_back(from);
}

decoded_text unescaped(std::string_view text) {
    decoded_text out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            out.add(text[at], {at, at + 1});
            ++at;
            continue;
        }
        const char kind = text[at + 1];
        if (kind == 'u') {
            const auto end = unicode_escape(text, at, out);
            if (end != at) {
                at = end;
                continue;
            }
        }
        const int byte = kind == 'x' ? hex_value(text, at + 2, 2) : -1;
        const std::size_t end = at + (byte < 0 ? 2 : 4);
        out.add(byte < 0 ? simple_escape(kind) : static_cast<char>(byte), {at, end});
        at = end;
    }
    return out;
}

decoded_text percent_decoded(std::string_view text) {
    decoded_text out;
    for (std::size_t at = 0; at < text.size();) {
        const int byte = text[at] == '%' ? hex_value(text, at + 1, 2) : -1;
        const std::size_t end = at + (byte < 0 ? 1 : 3);
        out.add(byte < 0 ? text[at] : static_cast<char>(byte), {at, end});
        at = end;
    }
    return out;
}

decoded_text base64_decoded(std::string_view text, std::size_t skipped) {
    decoded_text out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && digit_of(text[end]) >= 0)
            ++end;
        if (end - at < shortest_run) {
            at = std::max(end, at + 1);
            continue;
        }
        if (!out.bytes.empty()) {
            out.bytes += '\0';
            out.source.push_back({at, at});
        }
        decode_run(text.substr(at + skipped, end - at - skipped), out.bytes);
        std::size_t padded = end;
        while (padded < text.size() && padded - end < 2 && text[padded] == '=')
            ++padded;
        out.source.resize(out.bytes.size(), {at, padded});
        at = end;
    }
    return out;
}

} // namespace drawbridge::telemetry
