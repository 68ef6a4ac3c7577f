// The `gateway` section (Gateway 4.1.3).
#pragma once

#include "config/config.hpp"
#include "config/reader.hpp"

namespace drawbridge::config {

gateway read_gateway(context& shared, const boost::json::object& section);

// Fields that are validated and have no effect in this version.
void read_inert(object_reader& fields);

} // namespace drawbridge::config
