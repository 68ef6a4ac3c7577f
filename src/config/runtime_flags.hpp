// The table of the flags of docker and podman that runtime_args.cpp judges by.
#pragma once

#include <string_view>

namespace drawbridge::config {

// What becomes of a flag.
enum class flag_ruling {
    allow,
    refuse,
    not_host,          // refused for the values host, container:... and ns:...
    host_with_warning, // the same, but host is the operator's to choose
    not_false,         // refused when switched off
    security_profile,  // a profile is the operator's to choose; what undoes our own options is not
    move_to_env,       // becomes an entry of `env`
    not_our_labels,
};

// A flag of the runtime's `run` command.
struct runtime_flag {
    std::string_view name;
    char letter; // '\0': no one-letter form
    bool takes_value;
    flag_ruling rule;
    std::string_view instead; // what to do where it is refused
};

// Nothing where the table has no such flag.
const runtime_flag* flag_by_name(std::string_view name);
const runtime_flag* flag_by_letter(char letter);

} // namespace drawbridge::config
