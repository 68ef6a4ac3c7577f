// The unified endpoint /mcp: many servers as one. Names and URIs say which server they belong to
// (federated_name.hpp), lists are merged (federated_list.hpp), requests find their server and answers their
// way back (federated_message.hpp). All of it is pure.
#pragma once

#include "mcp/federated_list.hpp"
#include "mcp/federated_message.hpp"
#include "mcp/federated_name.hpp"
#include "mcp/listen_filter.hpp"

#include <span>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

// The result of initialize as raw JSON, for a client with which `revision` was negotiated. The capabilities
// are the endpoint's own, whatever the servers have: they may come and go while a session lives.
// `version`: the gateway's. `servers` in the order in which they are to be told.
std::string federated_initialize(std::string_view revision, std::string_view version,
                                 std::span<const std::string> servers);

// The gateway as an implementation: raw JSON, {"name":...,"version":...}.
std::string gateway_info(std::string_view version);

// What a client of subscriptions/listen wants of this server: its URIs as the server calls them, none of
// others. And the way back: what the server agreed to is added to what others have.
listen_filter filter_for(std::string_view server, const listen_filter& wanted);
void add_agreed(listen_filter& all, std::string_view server, const listen_filter& agreed);

} // namespace drawbridge::mcp
