// From method and path to what is asked for: one table (Gateway 5.1.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace drawbridge::http {

enum class endpoint : std::uint8_t {
    mcp,            // one server
    federation,     // all of them
    legacy_stream,  // HTTP+SSE of MCP 2024-11-05
    legacy_message, // and where its messages go
    health,         // the specification's
    health_servers, // the detail of all servers
    health_server,  // and of one
    health_events,  // transitions as they happen
    metrics,
    status_page,
    livez,
    readyz,
    startupz,
    close
};

struct route {
    enum class result : std::uint8_t { found, not_found, method_not_allowed };

    result what = result::not_found;
    endpoint target = endpoint::health;
    std::string_view server; // of /mcp/{server} and what is below it, and of /health/servers/{server}
    std::string_view allow;  // the methods of the path, for the Allow header
    bool authenticated = false;
};

// The views point into `path` and into the table.
route find_route(std::string_view method, std::string_view path);

} // namespace drawbridge::http
