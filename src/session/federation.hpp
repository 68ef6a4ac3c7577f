// The unified endpoint: one request of a client towards all servers, or towards the one that its name leads
// to.
#pragma once

#include "core/asio.hpp"
#include "core/task_group.hpp"
#include "jsonrpc/envelope.hpp"
#include "mcp/federation.hpp"
#include "session/session.hpp"

#include <memory>
#include <string>
#include <vector>

namespace drawbridge::session {

// What all sessions with the unified endpoint share. Lives on one loop, as long as the gateway.
struct federation {
    upstream whole{std::string(), backend::handle(), mcp::tool_filter({"*"})}; // all servers together
    std::vector<std::string> servers;                                          // names
    mcp::name_table names; // of tools and prompts whose names had to be shortened
};

// Lists ask every server at once and merge what comes; a server that fails is named in the list's `_meta`.
// Everything else goes to the server whose prefix the name or the URI bears, in the client's era: it is
// translated on the server's link, as at the server's own path. What has to wait runs in `group`.
std::unique_ptr<open_call> submit_to_all(core::executor loop, core::task_group& group, federation& all,
                                         const std::shared_ptr<session>& client, std::string text,
                                         const jsonrpc::envelope& message, bool streams,
                                         const telemetry::trace_context& caller = telemetry::trace_context(),
                                         modern_parts parts = modern_parts());

} // namespace drawbridge::session
