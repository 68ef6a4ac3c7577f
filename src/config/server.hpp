// One entry of `mcpServers` (Gateway 4.1.2).
#pragma once

#include "config/config.hpp"
#include "config/reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drawbridge::config {

// Nothing where the entry is of no kind that could be read; problems go to `shared` in any case.
std::optional<server> read_server(context& shared, const std::string& name, const boost::json::value& entry,
                                  const gateway& defaults, const std::vector<std::string>& custom_types);

// The halves that only one kind has. They are complete only when no error was reported.
void read_stdio(object_reader& fields, server& out);
void read_http(object_reader& fields, server& out, const gateway& defaults);

// The `drawbridge` object of a server: what both kinds have, and what only one of them has. After the halves.
void read_extension(object_reader& fields, server& out);

// `toolTimeout`, with the reference gateway's other spelling `tool_timeout`.
std::optional<std::int64_t> integer_with_alias(object_reader& fields, std::string_view key,
                                               std::string_view alias, range allowed);

} // namespace drawbridge::config
