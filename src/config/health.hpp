// What the document says about health: checks, readiness.
#pragma once

#include "config/config.hpp"
#include "config/reader.hpp"

namespace drawbridge::config {

// `checks` of the gateway's or of a server's `drawbridge` object; what it does not name stays as it is.
void read_checks(object_reader& own, health_checks& out);
// `readiness`: "any", "all" or a list of servers.
void read_readiness(object_reader& own, readiness& out);
// Once all servers are known: a list may name configured ones only.
void check_readiness(context& shared, const readiness& given, const std::vector<server>& servers);

} // namespace drawbridge::config
