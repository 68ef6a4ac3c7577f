// Is this text JSON? Boost.JSON's parser with a handler that keeps nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::jsonrpc {

inline constexpr std::size_t max_depth = 256;

// nullopt: exactly one JSON value (blanks around it allowed), valid UTF-8, at most max_depth levels deep.
// Otherwise why not and at which byte, for humans, without the content. Lone surrogates in escapes are
// refused.
std::optional<std::string> find_syntax_fault(std::string_view text);

} // namespace drawbridge::jsonrpc
