// The `args` of a server stand before the image on the runtime's command line. Most flags are fine; those
// that would break the isolation of the server, or the gateway's hold on it, are refused (Gateway 6.1, 6.3).
#pragma once

#include "config/rules.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace drawbridge::config {

struct judged_argument {
    std::size_t index; // of the argument at fault
    fault what;        // names flags only, never values
};

// What becomes of the arguments.
struct runtime_args {
    // `--env NAME=VALUE` and `--env NAME`: taken out, because a value must not stand in an argument list.
    // Without a value: the gateway's own variable.
    struct taken_variable {
        std::size_t index;
        std::string name;
        std::optional<std::string> value;
    };

    std::vector<std::string> kept;
    std::vector<taken_variable> variables;
    std::vector<judged_argument> refused;
    std::vector<judged_argument> warnings; // allowed, but they take isolation away
};

// Reads the arguments as docker and podman do: `--flag value`, `--flag=value`, bundled one-letter flags
// (`-itv /a:/b`, `-v/a:/b`). A flag that is not in the table must be written `--flag=value`, so that nothing
// can slip in as its value, or take the place of the image.
runtime_args judge_runtime_args(const std::vector<std::string>& args);

} // namespace drawbridge::config
