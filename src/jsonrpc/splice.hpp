// Replacing spans of a message; everything between them stays byte for byte as it was.
#pragma once

#include "jsonrpc/span.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace drawbridge::jsonrpc {

struct edit {
    span at;               // length 0: insert before at.begin
    std::string_view with; // empty: remove
};

// One allocation. Edits in any order (sorted by place; edits at one place stay in the order given). They must
// not overlap nor reach beyond the text: that is a programming error, asserted; without assertions such an
// edit is left out.
std::string splice(std::string_view text, std::span<const edit> edits);
std::string splice(std::string_view text, std::initializer_list<edit> edits);

} // namespace drawbridge::jsonrpc
