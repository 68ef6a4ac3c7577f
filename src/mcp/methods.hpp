// Names of requests.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace drawbridge::mcp {

// A method as it is told to others than its caller (log, stdout, traces): a client may have written anything
// there.
inline std::string_view shown_method(std::string_view method) {
    constexpr std::array<std::string_view, 20> known = {"completion/complete",
                                                        "initialize",
                                                        "logging/setLevel",
                                                        "ping",
                                                        "prompts/get",
                                                        "prompts/list",
                                                        "resources/list",
                                                        "resources/read",
                                                        "resources/subscribe",
                                                        "resources/templates/list",
                                                        "resources/unsubscribe",
                                                        "server/discover",
                                                        "subscriptions/listen",
                                                        "tasks/cancel",
                                                        "tasks/get",
                                                        "tasks/list",
                                                        "tasks/result",
                                                        "tasks/update",
                                                        "tools/call",
                                                        "tools/list"};
    return std::find(known.begin(), known.end(), method) != known.end() ? method : "a request";
}

// Notifications that are about the server, not about a call.
inline bool tells_everybody(std::string_view method) {
    return method == "notifications/tools/list_changed" || method == "notifications/prompts/list_changed" ||
           method == "notifications/resources/list_changed";
}

// Requests in which a server may need input of its client (MCP 2026-07-28, multi round-trip requests).
inline bool may_need_input(std::string_view method) {
    return method == "tools/call" || method == "prompts/get" || method == "resources/read";
}

} // namespace drawbridge::mcp
