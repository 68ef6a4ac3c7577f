// The unified endpoint /mcp: many servers as one. Names and URIs say which server they belong to
// (federated_name.hpp), lists are merged (federated_list.hpp), requests find their server and answers their
// way back (federated_message.hpp). All of it is pure.
#pragma once

#include "mcp/federated_list.hpp"
#include "mcp/federated_message.hpp"
#include "mcp/federated_name.hpp"

#include <span>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

// The result of initialize as raw JSON, for a client with which `revision` was negotiated. The capabilities
// are the endpoint's own, whatever the servers have: they may come and go while a session lives.
// `version`: the gateway's. `servers` in the order in which they are to be told.
std::string federated_initialize(std::string_view revision, std::string_view version,
                                 std::span<const std::string> servers);

} // namespace drawbridge::mcp
