// Problems of a configuration as text: one JSON line for stdout, readable blocks for people.
#pragma once

#include "config/read.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::config {

// The error payload of Gateway 4.2.2 and 4.3.3, one line with its line end:
// {"error":{"type":"configuration","message":...,"problems":[{"path","line","column","message","suggestion"}]}}
std::string to_json_payload(const std::vector<problem>& problems);

// As a compiler writes it, one block a problem:
//   config.json:12:9: error: gateway.port: must be an integer from 1 to 65535
//       try: choose a value in this range
// `source` is what stands before the place ("config.json", "<stdin>"), `kind` is "error" or "warning".
std::string to_text(const std::vector<problem>& problems, std::string_view source = "<stdin>",
                    std::string_view kind = "error");

} // namespace drawbridge::config
