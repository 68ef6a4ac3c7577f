// Steps over JSON text at memory speed. Structural only: what is stepped over has balanced brackets of the
// right kind and terminated strings, but is not validated further. Never reads beyond the text, never
// recurses. For the scanner and for the few filters that look inside a result.
#pragma once

#include "jsonrpc/span.hpp"

#include <cstddef>
#include <string_view>

namespace drawbridge::jsonrpc {

inline constexpr std::size_t npos = std::string_view::npos;

inline bool is_blank(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

inline std::size_t skip_blank(std::string_view text, std::size_t at) {
    while (at < text.size() && is_blank(text[at]))
        ++at;
    return at;
}

// The place after the string whose opening quote stands at `at`; npos if it is not terminated.
std::size_t string_end(std::string_view text, std::size_t at);

// The place after the value that begins at `at` (no blanks before it); npos if none begins there or it does
// not end.
std::size_t value_end(std::string_view text, std::size_t at);

// The first `"` or `\` at or after `at`; text.size() if there is none.
std::size_t find_quote_or_backslash(std::string_view text, std::size_t at);

struct member {
    span key; // token with its quotes
    span value;
};

// The members of the object whose `{` stands at `at`.
class object_walker {
  public:
    object_walker(std::string_view text, std::size_t at) : text_(text), at_(at + 1) {}
    // False at the end of the object and on a fault.
    bool next(member& out);
    // The same in two steps, to walk into a value instead of over it: the value begins at at() and ends where
    // the caller says. It may be missing altogether; the caller looks.
    bool next_key(span& key);
    std::size_t at() const { return at_; }
    void resume(std::size_t value_end) { at_ = value_end; }

    bool failed() const { return failed_; }
    std::size_t end() const { return at_; } // after the `}`, once next() was false without a fault

  private:
    bool fail();

    std::string_view text_;
    std::size_t at_;
    bool first_ = true;
    bool failed_ = false;
};

// The value of the first member `key` of the object that stands at `object`; not present where there is none,
// or no object. For what has been validated, or where a wrong answer harms nobody.
span find_member(std::string_view text, span object, std::string_view key);

// The elements of the array whose `[` stands at `at`.
class array_walker {
  public:
    array_walker(std::string_view text, std::size_t at) : text_(text), at_(at + 1) {}
    bool next(span& element);
    bool failed() const { return failed_; }
    std::size_t end() const { return at_; }

  private:
    bool fail();

    std::string_view text_;
    std::size_t at_;
    bool first_ = true;
    bool failed_ = false;
};

} // namespace drawbridge::jsonrpc
