// What clients need to reach the servers: the document on stdout (Gateway 5.4). Pure.
#pragma once

#include "config/config.hpp"

#include <string>

namespace drawbridge::config {

// Holds the first agent id: it goes to stdout or to a file of mode 0600, never to a log. `port`: the one that
// clients use.
std::string client_configuration(const configuration& from, std::uint16_t port);

} // namespace drawbridge::config
