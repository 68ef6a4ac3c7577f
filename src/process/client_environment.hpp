// Which variables the runtime's client sees, and how a server's variables get past it. Pure.
//
// A server's variables must reach its container without standing in an argument list, where every user of the
// machine can read them. `--env NAME` makes the client take the value from its own environment. But some
// names the client, its loader or its library obey themselves: PATH or LD_PRELOAD of a server would steer the
// client, with our rights. Those go through `--env-file`, a file of lines NAME=VALUE, handed over as a memfd.
#pragma once

#include "config/config.hpp"
#include "process/instance.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::process {

// The client's environment from the gateway's own, by an allow-list: where it finds its programs, its
// configuration, its engine and its credentials. The proxies are needed for pulls only, and hold passwords.
std::vector<std::string> client_environment(const variable_lookup& lookup);
std::vector<std::string> pull_environment(const variable_lookup& lookup);

// True for names that a client, its loader, its shell wrapper or its helpers obey.
bool steers_client(std::string_view name);

struct split_variables {
    std::vector<config::variable> by_name; // --env NAME, value in the client's environment
    std::string file;                      // content of --env-file, each line ended by '\n'
    std::vector<std::string> in_file;      // the names in it
    std::vector<std::string> errors;       // names the variable, never the value
};

// Of several variables with one name the last counts.
split_variables split(const std::vector<config::variable>& variables);

} // namespace drawbridge::process
