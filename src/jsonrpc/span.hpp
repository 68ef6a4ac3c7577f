// A place in a message: where a JSON token stands, so that it can be read or replaced without a rebuild.
#pragma once

#include <cstddef>
#include <string_view>

namespace drawbridge::jsonrpc {

// Bytes [begin, begin + length) of the text that was scanned. A JSON token is never empty, so length 0 means
// "not there"; in an edit, length 0 means "insert here".
struct span {
    std::size_t begin = 0;
    std::size_t length = 0;

    bool present() const { return length != 0; }
    std::size_t end() const { return begin + length; }
    // The token as it is spelled. `text` has to be the text that the span came from.
    std::string_view in(std::string_view text) const { return text.substr(begin, length); }
    bool operator==(const span&) const = default;
};

} // namespace drawbridge::jsonrpc
