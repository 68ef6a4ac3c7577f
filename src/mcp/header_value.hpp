// Values of Mcp-Name and Mcp-Param-* (MCP 2026-07-28 transports): as they are where HTTP can carry them, else
// as Base64 between the markers `=?base64?` and `?=`. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

// A value that HTTP would change (blanks around it, control characters, anything but ASCII) or that looks
// like the markers is encoded.
std::string encode_header_value(std::string_view utf8);

// nullopt: the markers stand around something that is no strict Base64 of UTF-8, or a character is there that
// no field value may have.
std::optional<std::string> decode_header_value(std::string_view field);

} // namespace drawbridge::mcp
