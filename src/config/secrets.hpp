// What of the configuration must never be shown: known values for telemetry::sanitize.
#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace drawbridge::config {

// The agent ids; of a container the values of its variables; of a remote server the values of its headers
// (whole, and what follows a scheme such as "Bearer "), and of its url the password (the user where there is
// none) and the values of the query, as they stand and percent-decoded. Each once. Values shorter than 4
// bytes are left out: they are settings such as "1" or "yes", and hiding them would only make the log
// unreadable.
std::vector<std::string> secrets_of(const gateway& gate, const server& one);

} // namespace drawbridge::config
