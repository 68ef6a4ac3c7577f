// A server as a session sees it.
#pragma once

#include "backend/handle.hpp"
#include "health/meters.hpp"
#include "mcp/tool_filter.hpp"

#include <string>
#include <utility>

namespace drawbridge::session {

// Immutable; lives as long as the gateway.
struct upstream {
    upstream(std::string server, backend::handle target, mcp::tool_filter allowed)
        : name(std::move(server))
        , backend(std::move(target))
        , tools(std::move(allowed)) {}

    std::string name;
    backend::handle backend;
    mcp::tool_filter tools;
    health::server_meters* counted = nullptr; // outlives everything; null: nobody counts
};

} // namespace drawbridge::session
