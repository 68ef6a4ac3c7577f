// Takes elements out of an array, commas included. What comes of it are edits for one splice of the whole
// message. Pure.
#pragma once

#include "jsonrpc/span.hpp"
#include "jsonrpc/splice.hpp"

#include <vector>

namespace drawbridge::mcp {

// `all`: every element, in order. Those marked in `drop`, which is as long, go. Edits are appended.
void remove_elements(const std::vector<jsonrpc::span>& all, const std::vector<bool>& drop,
                     std::vector<jsonrpc::edit>& edits);

} // namespace drawbridge::mcp
