// JSON strings in and out, and one line out of many.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::jsonrpc {

// The value of a JSON string token (with its quotes). nullopt: not a string token, a raw control character, a
// bad escape or a lone surrogate. UTF-8 in the token is passed on unchecked.
std::optional<std::string> unescape(std::string_view token);

// True when `token` is a JSON string whose value is `value`, however it is spelled. Does not allocate unless
// the token has escapes.
bool string_equals(std::string_view token, std::string_view value);

// `utf8` as a JSON string with quotes. Control characters are escaped; invalid UTF-8 becomes U+FFFD.
std::string quote(std::string_view utf8);
void append_quoted(std::string& out, std::string_view utf8);

// A validated message on one line: line breaks between tokens (a pretty-printed body) become blanks, as the
// stdio transport forbids them (MCP "stdio": no embedded newlines). Valid JSON has no raw line break inside a
// string.
bool has_line_break(std::string_view text);
void flatten(std::string& text);

} // namespace drawbridge::jsonrpc
