// Finds credentials by what they look like, where the value itself is not known.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace drawbridge::telemetry {

// Bytes [begin, end) of a text that have to be hidden.
struct hidden {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// True where a name ends like that of a secret, in any case: "GITHUB_TOKEN", "--api-key".
bool names_secret(std::string_view name);

// Appends what looks like a credential in `text` (sanitize.hpp lists the shapes). Linear.
void find_token_shapes(std::string_view text, std::vector<hidden>& out);

} // namespace drawbridge::telemetry
