// Names of requests.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace drawbridge::mcp {

// A method as it is told to others than its caller (log, stdout, traces): a client may have written anything
// there.
inline std::string_view shown_method(std::string_view method) {
    constexpr std::array<std::string_view, 13> known = {"completion/complete",
                                                        "initialize",
                                                        "logging/setLevel",
                                                        "ping",
                                                        "prompts/get",
                                                        "prompts/list",
                                                        "resources/list",
                                                        "resources/read",
                                                        "resources/subscribe",
                                                        "resources/unsubscribe",
                                                        "resources/templates/list",
                                                        "tools/call",
                                                        "tools/list"};
    return std::find(known.begin(), known.end(), method) != known.end() ? method : "a request";
}

} // namespace drawbridge::mcp
