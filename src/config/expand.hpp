// ${NAME} in string values (Gateway 4.2). It works on single strings after parsing, so a value with quotes or
// line ends can't change the structure of the document.
#pragma once

#include "config/read.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::config {

// How a string came to its value. Only a literal may be quoted in a message.
enum class origin {
    literal,   // as it stands in the document
    mixed,     // variables and text
    whole,     // exactly one variable, nothing else
    undefined, // a variable is missing: already reported, the value means nothing
};

struct expansion {
    std::string value;
    origin from = origin::literal;
    std::vector<std::string> undefined; // names, each once, in order
};

// NAME is [A-Za-z_][A-Za-z0-9_]*. `${{ ... }}` and every other `$` stay as they are. What a variable brings
// in is not expanded again.
expansion expand(std::string_view text, const environment& lookup);

} // namespace drawbridge::config
