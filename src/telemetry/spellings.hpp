// What a text says when its escapes are read: a secret may be hidden in a JSON string, a URL or base64.
#pragma once

#include "telemetry/token_shapes.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::telemetry {

// A decoded text, and for each of its bytes the place in the original that it came from. As in a sanitized
// text, line breaks and tabs are blanks here and other control characters are left out.
struct decoded_text {
    std::string bytes;
    std::vector<hidden> source;

    void add(char c, hidden from);
    // The place in the original of [begin, end) here; begin < end.
    hidden origin(hidden place) const { return {source[place.begin].begin, source[place.end - 1].end}; }

  private:
    bool after_return_ = false;
};

// Backslash escapes of JSON, and those that other languages print: \n \" \/ \u00e9 \x41.
decoded_text unescaped(std::string_view text);
// %41
decoded_text percent_decoded(std::string_view text);

// Every run of 8 or more characters of base64 (either alphabet), decoded without its first `skipped`
// characters (0 to 3: where its first whole group begins is not known). Runs are kept apart by a NUL; each
// byte comes from the whole run.
decoded_text base64_decoded(std::string_view text, std::size_t skipped);

} // namespace drawbridge::telemetry
