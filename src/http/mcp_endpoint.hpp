// POST /mcp/{server}: one JSON-RPC message of a client in, one answer out (Gateway 5.1.2, MCP Streamable
// HTTP).
#pragma once

#include "backend/handle.hpp"
#include "core/asio.hpp"
#include "http/message.hpp"
#include "jsonrpc/envelope.hpp"
#include "mcp/tool_filter.hpp"
#include "telemetry/log.hpp"
#include "telemetry/stdout_channel.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drawbridge::http {

// One server as clients see it.
struct mcp_route {
    mcp_route(std::string server, std::optional<backend::handle> target, mcp::tool_filter allowed)
        : name(std::move(server))
        , backend(std::move(target))
        , tools(std::move(allowed)) {}

    std::string name;
    std::optional<backend::handle> backend; // none: a kind of server that this version can't reach
    mcp::tool_filter tools;
};

// Lives on one loop; immutable but for the backends behind it.
class mcp_endpoint {
  public:
    mcp_endpoint(core::executor loop, telemetry::stdout_channel& payloads, telemetry::log log);

    void add(mcp_route route) { routes_.push_back(std::move(route)); }
    const mcp_route* find(std::string_view server) const;

    core::task<response> post(const mcp_route& route, const request_head& head, std::string body);

  private:
    core::task<response> answer_request(const mcp_route& route, std::string body,
                                        const jsonrpc::envelope& message);
    core::task<backend::outcome> call(const mcp_route& route, std::string body,
                                      const jsonrpc::envelope& message);
    void forward_notification(const mcp_route& route, std::string body, const jsonrpc::envelope& message);
    response told(const mcp_route& route, const mcp::fault& what, std::string_view id_token);

    core::executor loop_;
    telemetry::stdout_channel& payloads_;
    telemetry::log log_;
    std::vector<mcp_route> routes_;
};

} // namespace drawbridge::http
