// subscriptions/listen of MCP 2026-07-28: what a client wants to be told, and the messages of that stream.
// Pure.
#pragma once

#include "jsonrpc/envelope.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

struct listen_filter {
    bool tools = false;                      // toolsListChanged
    bool prompts = false;                    // promptsListChanged
    bool resources = false;                  // resourcesListChanged
    std::set<std::string, std::less<>> uris; // resourceSubscriptions

    bool empty() const { return !tools && !prompts && !resources && uris.empty(); }
    bool operator==(const listen_filter&) const = default;
};

// params.notifications of a request. nullopt: it is missing, no object, or a member is of a wrong type.
std::optional<listen_filter> read_listen_filter(std::string_view text, const jsonrpc::envelope& message);

// The part of it that a server with these capabilities (raw JSON) can honour: listChanged of each kind, and
// resources.subscribe.
listen_filter honoured(const listen_filter& wanted, std::string_view server_capabilities);

// {"notifications":{...}} without the members that are not wanted.
std::string listen_params(const listen_filter& filter);

// notifications/subscriptions/acknowledged for the request with this id (its token, with its JSON type).
std::string acknowledgement(std::string_view id_token, const listen_filter& honoured);
// The filter in an acknowledgement of a server; nullopt: it is none.
std::optional<listen_filter> read_acknowledgement(std::string_view text, const jsonrpc::envelope& message);

// The subscription that a server's notification belongs to: the token of _meta.subscriptionId. Empty: none,
// or it cannot be read. Links that carry several subscriptions tell them apart by it.
std::string_view subscription_of(std::string_view text, const jsonrpc::envelope& message);

// Whether the filter asks for this notification: list_changed of a kind, resources/updated of exactly one of
// its URIs.
bool wants(const listen_filter& filter, std::string_view text, const jsonrpc::envelope& message);

// The notification with _meta.subscriptionId (replaced where it stands), everything else as it was.
std::string tagged(std::string_view text, const jsonrpc::envelope& message, std::string_view id_token);
// The notification as a legacy client knows it: without _meta.subscriptionId (an empty _meta goes).
std::string untagged(std::string_view text, const jsonrpc::envelope& message);

// The graceful end of a stream: {resultType:"complete", _meta:{subscriptionId}}.
std::string listen_end(std::string_view id_token);

} // namespace drawbridge::mcp
