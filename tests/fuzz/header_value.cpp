// Any field can be decoded, and what was encoded is decoded again. A decoded field has one spelling, but for
// what did not have to be encoded.
#include "mcp/header_value.hpp"

#include "jsonrpc/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace drawbridge;

namespace {

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = jsonrpc::utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

bool can_be_sent(std::string_view field) {
    return std::all_of(field.begin(), field.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

void check_round_trip(std::string_view value) {
    const auto field = mcp::encode_header_value(value);
    if (!can_be_sent(field) || field.starts_with(' ') || field.ends_with(' ')) std::abort();
    const auto again = mcp::decode_header_value(field);
    if (is_utf8(value) ? again != value : again.has_value()) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_round_trip(text);
    for (const auto& field : {std::string(text), "=?base64?" + std::string(text) + "?="}) {
        const auto value = mcp::decode_header_value(field);
        if (!value) continue;
        if (!is_utf8(*value)) std::abort();
        const auto spelled = mcp::encode_header_value(*value);
        const bool plain = spelled == *value;
        // Encoded without need, or a literal that would have been encoded here (blanks around it, a tab).
        if (spelled != field && !plain && *value != field) std::abort();
        check_round_trip(*value);
    }
    return 0;
}
