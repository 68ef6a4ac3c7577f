#include "config/scanner.hpp"

#include <set>

namespace drawbridge::config {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// What stands at the place of a fault. Letters and digits are not quoted: they may belong to a secret.
std::string describe(std::string_view rest) {
    if (rest.empty()) return "the document ends here";
    const char c = rest.front();
    if (c == '\n' || c == '\r') return "the line ends here";
    if (std::string_view("{}[]:,'\"/#;=()<>`").find(c) != std::string_view::npos)
        return std::string("found '") + c + "'";
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "found a control character";
    return "found something else";
}

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

// Four hexadecimal digits; nothing where they are none.
std::optional<unsigned> hex4(std::string_view text) {
    if (text.size() < 4) return std::nullopt;
    unsigned code = 0;
    for (const char c : text.substr(0, 4)) {
        code <<= 4;
        if (is_digit(c))
            code += static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            code += static_cast<unsigned>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            code += static_cast<unsigned>(c - 'A') + 10;
        else
            return std::nullopt;
    }
    return code;
}

} // namespace

scanner::scanner(std::string_view document) : text_(document) {
    result_.where = locator(document);
}

scan_result scanner::run() {
    blanks();
    if (at_end()) {
        fail_at(0, "the configuration is empty", "give a JSON document with mcpServers and gateway");
        return std::move(result_);
    }
    if (value("", 0)) {
        blanks();
        if (!at_end()) fail("the end of the document", "remove what follows the last '}'");
    }
    return std::move(result_);
}

void scanner::blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
        ++at_;
}

char scanner::peek() const {
    return at_end() ? '\0' : text_[at_];
}

bool scanner::fail(std::string_view expected, std::string_view hint) {
    if (hint.empty() && (peek() == '/' || peek() == '#'))
        hint = "JSON has no comments: remove it";
    else if (hint.empty() && peek() == '\'')
        hint = "JSON strings stand in double quotes";
    return fail_at(
        at_, "not valid JSON: expected " + std::string(expected) + ", " + describe(text_.substr(at_)), hint);
}

bool scanner::fail_at(std::size_t byte, std::string message, std::string_view hint) {
    const auto where = result_.where.offset(byte);
    result_.syntax = problem{"", where.line, where.column, std::move(message),
                             hint.empty() ? "correct the JSON at this place" : std::string(hint)};
    return false;
}

bool scanner::value(const std::string& path, std::size_t depth) {
    result_.where.remember_value(path, at_);
    switch (peek()) {
    case '{':
        return object(path, depth + 1);
    case '[':
        return array(path, depth + 1);
    case '"':
        return string(nullptr);
    case 't':
        return word("true");
    case 'f':
        return word("false");
    case 'n':
        return word("null");
    default:
        if (peek() == '-' || is_digit(peek())) return number();
        return fail("a value");
    }
}

bool scanner::object(const std::string& path, std::size_t depth) {
    if (depth > max_depth)
        return fail_at(at_, "nested deeper than " + std::to_string(max_depth) + " levels",
                       "flatten the document");
    ++at_;
    blanks();
    if (peek() == '}') {
        ++at_;
        return true;
    }
    return members(path, depth);
}

bool scanner::members(const std::string& path, std::size_t depth) {
    std::set<std::string, std::less<>> seen;
    for (;;) {
        if (peek() != '"')
            return fail(seen.empty() ? "a key in double quotes or '}'" : "a key in double quotes",
                        peek() == '}' ? "remove the comma before '}'" : "");
        const auto start = at_;
        std::string key;
        if (!string(&key)) return false;
        const auto inner = member(path, key);
        if (!seen.insert(key).second)
            repeated(inner, start);
        else
            result_.where.remember_key(inner, start);
        blanks();
        if (peek() != ':') return fail("':' after the key");
        ++at_;
        blanks();
        if (!value(inner, depth)) return false;
        blanks();
        if (peek() == '}') {
            ++at_;
            return true;
        }
        if (peek() != ',') return fail("',' or '}' after the value");
        ++at_;
        blanks();
    }
}

bool scanner::repeated(const std::string& path, std::size_t byte) {
    const auto where = result_.where.offset(byte);
    const auto first = result_.where.key(path);
    result_.duplicates.push_back(
        {path, where.line, where.column,
         "this key stands twice in its object; the first is on line " + std::to_string(first.line),
         "remove one of the two"});
    return false;
}

bool scanner::array(const std::string& path, std::size_t depth) {
    if (depth > max_depth)
        return fail_at(at_, "nested deeper than " + std::to_string(max_depth) + " levels",
                       "flatten the document");
    ++at_;
    blanks();
    if (peek() == ']') {
        ++at_;
        return true;
    }
    return elements(path, depth);
}

bool scanner::elements(const std::string& path, std::size_t depth) {
    for (std::size_t index = 0;; ++index) {
        if (index > 0 && peek() == ']') return fail("a value", "remove the comma before ']'");
        if (!value(element(path, index), depth)) return false;
        blanks();
        if (peek() == ']') {
            ++at_;
            return true;
        }
        if (peek() != ',') return fail("',' or ']' after the value");
        ++at_;
        blanks();
    }
}

bool scanner::string(std::string* decoded) {
    const auto start = at_++;
    for (;;) {
        if (at_end()) return fail_at(start, "not valid JSON: this string has no end", "close it with '\"'");
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            return true;
        }
        if (static_cast<unsigned char>(c) < 0x20)
            return fail_at(at_, "not valid JSON: a control character or line end inside a string",
                           "close the string with '\"', or write \\n, \\t or \\u00XX");
        if (c == '\\') {
            if (!escape(decoded)) return false;
            continue;
        }
        if (decoded != nullptr) *decoded += c;
        ++at_;
    }
}

bool scanner::escape(std::string* decoded) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == 'u') return unicode_escape(decoded);
    const auto which = letters.find(c);
    if (c == '\0' || which == std::string_view::npos)
        return fail_at(at_, "not valid JSON: unknown escape in a string", "write a backslash as \\\\");
    if (decoded != nullptr) *decoded += meanings[which];
    at_ += 2;
    return true;
}

bool scanner::unicode_escape(std::string* decoded) {
    const auto start = at_;
    auto code = hex4(text_.substr(at_ + 2));
    if (!code) return fail_at(start, "not valid JSON: \\u needs four hexadecimal digits", "");
    at_ += 6;
    if (*code >= 0xd800 && *code < 0xdc00) {
        const auto low = text_.substr(at_, 2) == "\\u" ? hex4(text_.substr(at_ + 2)) : std::nullopt;
        if (low && *low >= 0xdc00 && *low < 0xe000) {
            code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
            at_ += 6;
        }
    }
    if (*code >= 0xd800 && *code < 0xe000)
        return fail_at(start, "not valid JSON: half of a surrogate pair",
                       "write both halves, or the character itself");
    if (decoded != nullptr) append_utf8(*decoded, *code);
    return true;
}

bool scanner::digits() {
    const auto start = at_;
    while (is_digit(peek()))
        ++at_;
    return at_ > start;
}

bool scanner::number() {
    if (peek() == '-') ++at_;
    const bool leading_zero = peek() == '0';
    const auto start = at_;
    if (!digits()) return fail("a digit");
    if (leading_zero && at_ - start > 1)
        return fail_at(start, "not valid JSON: a number does not begin with 0", "remove the leading zero");
    if (peek() == '.') {
        ++at_;
        if (!digits()) return fail("a digit after the point");
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        if (!digits()) return fail("a digit of the exponent");
    }
    return true;
}

bool scanner::word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected)
        return fail("a value", "strings stand in double quotes; the words of JSON are true, false and null");
    at_ += expected.size();
    return true;
}

} // namespace drawbridge::config
