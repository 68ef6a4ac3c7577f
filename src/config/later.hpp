// What the specification has and this version has not: validated in full, so that a fault is found today, and
// then refused. A guard must never be ignored.
#pragma once

#include "config/reader.hpp"

#include <string>
#include <vector>

namespace drawbridge::config {

inline constexpr std::string_view not_supported = "not supported by this version";

// Gateway 10.3 and 10.8.2.
void refuse_guard_policies(object_reader& server);

// `customSchemas` (Gateway 4.1.4): the names registered, also those of faulty entries.
std::vector<std::string> read_custom_types(object_reader& document);

// A `type` that is neither stdio nor http.
void refuse_custom_type(context& shared, const std::string& path, const std::string& type, origin from,
                        const std::vector<std::string>& registered);

} // namespace drawbridge::config
