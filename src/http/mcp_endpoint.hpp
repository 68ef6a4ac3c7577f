// The MCP endpoints of the gateway: /mcp/{server} for one server, /mcp for all of them (Gateway 5.1.2, MCP
// Streamable HTTP 2025-03-26 to 2025-11-25, HTTP+SSE 2024-11-05, and without sessions 2026-07-28).
#pragma once

#include "backend/handle.hpp"
#include "core/asio.hpp"
#include "core/task_group.hpp"
#include "http/accept.hpp"
#include "http/message.hpp"
#include "http/service.hpp"
#include "jsonrpc/envelope.hpp"
#include "mcp/listen_filter.hpp"
#include "mcp/modern_request.hpp"
#include "session/federation.hpp"
#include "session/store.hpp"
#include "session/upstream.hpp"
#include "telemetry/line_limit.hpp"
#include "telemetry/log.hpp"
#include "telemetry/stdout_channel.hpp"
#include "telemetry/tracer.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::http {

// What stands behind one path: a server, or all of them.
struct mcp_route {
    std::string name; // in error texts; empty: the unified endpoint
    std::vector<const session::upstream*> servers;

    bool unified() const { return name.empty(); }
};

struct endpoint_settings {
    session::store_settings sessions;
    std::size_t stream_buffer_bytes = std::size_t{1} << 20;
    const telemetry::tracer* tracer = nullptr; // outlives the endpoint; null: no traces
};

// Lives on one loop.
class mcp_endpoint {
  public:
    mcp_endpoint(core::executor loop, endpoint_settings settings, telemetry::stdout_channel& payloads,
                 telemetry::log log);

    void add(session::upstream server);
    const mcp_route* find(std::string_view server) const;
    const mcp_route& unified() const { return unified_; }

    core::task<reply> post(const mcp_route& route, request_head head, std::string body);
    reply listen(const mcp_route& route, const request_head& head);
    response end_session(const mcp_route& route, const request_head& head);
    // HTTP+SSE of 2024-11-05: one stream for everything, and a place to send messages to.
    reply open_legacy_stream(const mcp_route& route, const request_head& head);
    core::task<reply> post_legacy(const mcp_route& route, request_head head, std::string body);

    // Every session ends, and with them their streams.
    void close();
    // Returns when nothing of the endpoint runs.
    core::task<> join() { return group_.join(); }

  private:
    using session_ref = std::shared_ptr<session::session>;

    // `id` empty: for one request without a session.
    session_ref make_session(const mcp_route& route, std::size_t agent, std::string id);
    session_ref find_session(const mcp_route& route, const std::string& id, std::size_t agent) const;
    core::task<reply> open_session(const mcp_route& route, std::size_t agent, std::string body,
                                   const jsonrpc::envelope& message, telemetry::trace_context caller);
    core::task<reply> answer_request(const mcp_route& route, session_ref client, accepted reads,
                                     std::string body, const jsonrpc::envelope& message,
                                     telemetry::trace_context caller);
    core::task<reply> answer_batch(const mcp_route& route, session_ref client, std::string body,
                                   telemetry::trace_context caller);
    core::task<reply> relay(session_ref client, std::unique_ptr<session::open_call> call, accepted reads);
    core::task<> pump(session_ref client, std::unique_ptr<session::open_call> call,
                      std::shared_ptr<session::event_log> into, bool last);
    // Clients of 2026-07-28 (mcp_modern.cpp).
    static bool is_modern(const request_head& head, std::string_view body, const jsonrpc::parsed& parsed);
    core::task<reply> post_modern(const mcp_route& route, request_head head, std::string body,
                                  const jsonrpc::parsed& parsed);
    static session::introduction introduce_modern(const mcp::modern_request& asked);
    core::task<reply> relay_modern(session_ref client, std::unique_ptr<session::open_call> call,
                                   accepted reads);
    core::task<> pump_modern(session_ref client, std::unique_ptr<session::open_call> call,
                             std::shared_ptr<session::event_log> into);
    response finished_modern(const session::open_call& call, backend::outcome end);
    static response told_modern(response answer, const mcp::fault& what, const session::open_call& call);
    // subscriptions/listen (mcp_listen.cpp).
    core::task<reply> listen_modern(const mcp_route& route, request_head head, std::string body,
                                    const jsonrpc::envelope& message);
    core::task<std::optional<mcp::fault>> subscribe_all(const mcp_route& route, session_ref client,
                                                        mcp::listen_filter& filter);
    // The span that the client's request came from; not valid: none, or no traces.
    telemetry::trace_context caller_of(const request_head& head) const;
    std::unique_ptr<session::open_call> submit(const mcp_route& route, const session_ref& client,
                                               std::string body, const jsonrpc::envelope& message,
                                               bool streams, const telemetry::trace_context& caller,
                                               session::modern_parts parts = session::modern_parts());
    // The answer to initialize; the session is settled when it is one.
    core::task<std::string> shake_hands(const mcp_route& route, session_ref client, std::string body,
                                        const jsonrpc::envelope& message, telemetry::trace_context caller);
    core::task<> answer_legacy(const mcp_route& route, session_ref client, std::string body,
                               telemetry::trace_context caller);
    // Notifications, and answers to a server's requests.
    void take_in(const session_ref& client, std::string body, const jsonrpc::envelope& message) const;
    // The whole answer as the client reads it; empty: it gets none.
    response finished(const session::open_call& call, backend::outcome end);
    // `request`: its number; 0: none was made.
    response told(std::string_view server, const mcp::fault& what, std::string_view id_token,
                  std::uint64_t request = 0);
    // A server that is down under load must not flood the log.
    void log_failure(const std::string& server, std::string_view detail, std::uint64_t request);

    core::executor loop_;
    endpoint_settings settings_;
    telemetry::stdout_channel& payloads_;
    telemetry::log log_;
    std::vector<std::unique_ptr<session::upstream>> servers_;
    std::vector<std::unique_ptr<mcp_route>> routes_;
    mcp_route unified_;
    session::federation federation_;
    session::store sessions_;
    std::uint64_t last_session_ = 0; // names it in the log: its id is a credential
    std::uint64_t last_request_ = 0; // the same: its id is any text
    std::map<std::string, telemetry::line_limit> failure_lines_; // of each server
    core::task_group group_;
};

} // namespace drawbridge::http
