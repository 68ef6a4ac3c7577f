// The `args` of a server stand before the image on the runtime's command line. Most flags are fine; those
// that would break the isolation of the server, or the gateway's hold on it, are refused (Gateway 6.1, 6.3).
#pragma once

#include "config/rules.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace drawbridge::config {

struct refused_argument {
    std::size_t index; // of the argument at fault
    fault what;        // names flags only, never values
};

// Reads the arguments as docker and podman do: `--flag value`, `--flag=value`, bundled one-letter flags
// (`-itv /a:/b`, `-v/a:/b`). A flag that is not in the table must be written `--flag=value`, so that nothing
// can slip in as its value, or take the place of the image.
std::vector<refused_argument> check_runtime_args(const std::vector<std::string>& args);

} // namespace drawbridge::config
