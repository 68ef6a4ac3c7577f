// Messages of the unified endpoint on their way to one server and back: federated names and URIs become the
// server's own, and the other way round; the rest stays byte for byte. Pure.
#pragma once

#include "jsonrpc/envelope.hpp"
#include "mcp/federated_name.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

struct federated_call {
    std::string server;
    std::string text; // the request as that server has to read it
    std::string name; // what it calls the tool or prompt; empty where a URI decided. For its tool_filter
};

struct routed_call {
    std::optional<federated_call> call;
    // Without a call: the server whose tools or prompts (those that the request is about) have to be listed
    // into the table before the name can be read; empty when no list would help.
    std::string ask;
    std::string reason; // without a call: what is wrong with the request, for its client
};

// True for the methods that go to the one server that a name or URI leads to: tools/call, prompts/get,
// resources/read, resources/subscribe, resources/unsubscribe, completion/complete.
bool is_routed(std::string_view method);

// `text` is a client's request and `message` what jsonrpc::parse read in it. Refused: a member that decides
// and stands twice.
routed_call route_call(std::span<const std::string> servers, const name_table& table, std::string_view text,
                       const jsonrpc::envelope& message);

// A server's answer to `method`, as the client knows the URIs in it: result.contents[] of resources/read;
// resource links and embedded resources in the content of tools/call, tasks/result and prompts/get. What
// cannot be read stays as it is.
std::string rewrite_result(std::string_view server, std::string_view method, std::string response_text);

// A server's notification: params.uri of notifications/resources/updated. What cannot be read stays as it is.
std::string rewrite_notification(std::string_view server, std::string text);

} // namespace drawbridge::mcp
