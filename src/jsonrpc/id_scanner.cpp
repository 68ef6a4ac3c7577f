#include "jsonrpc/id_scanner.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"

#include <utility>

namespace drawbridge::jsonrpc {

namespace {

constexpr std::size_t max_key = 40; // "method" spelled with escapes takes 38

bool is_structural(char c) {
    return c == '"' || c == '{' || c == '}' || c == '[' || c == ']' || c == ':' || c == ',';
}

bool is_usable_id(std::string_view token) {
    if (token.starts_with('"')) return unescape(token).has_value();
    if (token.starts_with('-')) token.remove_prefix(1);
    return !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
}

} // namespace

void id_scanner::feed(std::string_view chunk) {
    for (std::size_t at = 0; at < chunk.size() && expect_ != expect::nothing;) {
        if (string_)
            at = in_string(chunk, at);
        else
            at = depth_ > 1 ? nested(chunk, at) : outside(chunk, at);
    }
}

std::optional<std::string> id_scanner::id() const {
    if (!id_done_ || id_unfit_ || !is_usable_id(id_)) return std::nullopt;
    return id_;
}

// Keeps a piece of the key or of the id, if one of them is being read.
void id_scanner::capture(std::string_view piece) {
    if (reads_key_) {
        if (key_.size() + piece.size() > max_key)
            key_unfit_ = true;
        else
            key_ += piece;
    } else if (reads_id_) {
        if (id_.size() + piece.size() > max_id)
            id_unfit_ = true;
        else if (!id_unfit_)
            id_ += piece;
    }
}

// Up to the end of the string, or of the chunk.
std::size_t id_scanner::in_string(std::string_view chunk, std::size_t at) {
    const bool kept = reads_key_ || reads_id_;
    while (at < chunk.size()) {
        const std::size_t begin = at;
        bool closed = false;
        if (std::exchange(escape_, false)) {
            ++at;
        } else {
            at = find_quote_or_backslash(chunk, at);
            if (at < chunk.size()) {
                escape_ = chunk[at++] == '\\';
                closed = !escape_;
            }
        }
        if (kept) capture(chunk.substr(begin, at - begin));
        if (!closed) continue;
        string_ = false;
        if (reads_key_)
            end_key();
        else if (depth_ == 1)
            end_value();
        return at;
    }
    return at;
}

// Below the top-level object only the depth counts.
std::size_t id_scanner::nested(std::string_view chunk, std::size_t at) {
    for (; at < chunk.size(); ++at) {
        const char c = chunk[at];
        if (c == '"') {
            string_ = true;
            return at + 1;
        }
        if (c == '{' || c == '[') {
            ++depth_;
        } else if ((c == '}' || c == ']') && --depth_ == 1) {
            return at + 1;
        }
    }
    return at;
}

// In the top-level object, or before it.
std::size_t id_scanner::outside(std::string_view chunk, std::size_t at) {
    const char c = chunk[at];
    if (is_structural(c)) {
        structural(c);
        return at + 1;
    }
    if (is_blank(c)) {
        if (depth_ == 1) end_value(); // a number ends here
        return at + 1;
    }
    // Part of a number or literal.
    if (depth_ == 0) expect_ = expect::nothing; // not an object
    if (expect_ == expect::value) begin_value(c);
    capture(chunk.substr(at, 1));
    return at + 1;
}

void id_scanner::structural(char c) {
    switch (c) {
    case '"':
        begin_string();
        return;
    case '{':
    case '[':
        if (depth_ == 0)
            expect_ = c == '{' ? expect::key : expect::nothing;
        else
            begin_value(c);
        ++depth_;
        return;
    case '}':
    case ']':
        end_value();
        expect_ = expect::nothing;
        return;
    case ':':
        if (expect_ == expect::colon) expect_ = expect::value;
        return;
    default:
        end_value();
        expect_ = depth_ == 1 ? expect::key : expect::nothing;
        return;
    }
}

void id_scanner::begin_string() {
    string_ = true;
    if (depth_ == 0) {
        expect_ = expect::nothing;
        return;
    }
    if (expect_ == expect::key) {
        reads_key_ = true;
        key_.clear();
        key_unfit_ = false;
    } else if (expect_ == expect::value) {
        begin_value('"');
    }
    capture("\"");
}

void id_scanner::begin_value(char c) {
    expect_ = expect::comma;
    if (reads_id_ && (c == '{' || c == '[')) {
        id_unfit_ = true;
        reads_id_ = false;
    }
}

void id_scanner::end_key() {
    reads_key_ = false;
    reads_id_ = false;
    expect_ = expect::colon;
    if (key_unfit_) return;
    if (string_equals(key_, "method")) method_seen_ = true;
    if (!string_equals(key_, "id")) return;
    if (id_seen_) id_unfit_ = true;
    id_seen_ = true;
    reads_id_ = !id_unfit_;
}

void id_scanner::end_value() {
    if (expect_ != expect::comma || !reads_id_) return;
    reads_id_ = false;
    id_done_ = true;
}

} // namespace drawbridge::jsonrpc
