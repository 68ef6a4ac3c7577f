// Reading a configuration: text in, values or every problem at once out (Gateway 4.1 - 4.3).
// Pure: the environment is handed in, nothing is fetched, nothing is logged.
#pragma once

#include "config/config.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::config {

// One fault, told so that the reader can mend it. Never holds an expanded value.
struct problem {
    std::string path; // "mcpServers.github.mounts[0]", "gateway.port"; empty for the document itself
    // 1-based, columns in bytes; 0 where there is no place. A missing field has the place of its object.
    std::size_t line = 0;
    std::size_t column = 0;
    std::string message;    // what is wrong
    std::string suggestion; // what to do
};

struct reading {
    std::optional<configuration> value; // set exactly when there are no errors
    std::vector<problem> errors;
    std::vector<problem> warnings; // accepted, but without effect or deprecated
};

// Looks a variable up in the gateway's environment; nullopt where it is not set.
using environment = std::function<std::optional<std::string>(std::string_view name)>;

reading read(std::string_view document, const environment& lookup);

} // namespace drawbridge::config
