// One client's MCP session with the gateway (MCP 2024-11-05 to 2025-11-25): its calls, its streams, and what
// servers ask of it.
//
//     POST ──request──> session ──call──> backend ... link
//     POST stream / GET stream <── session <──deliver── link (requests and notifications of the server)
//
// Lives on one loop. HTTP connections of that loop call it; backends reach it through its ports and through
// the sinks of its calls.
#pragma once

#include "backend/client.hpp"
#include "core/alarm.hpp"
#include "core/asio.hpp"
#include "jsonrpc/envelope.hpp"
#include "mcp/fault.hpp"
#include "mcp/listen_filter.hpp"
#include "mcp/revisions.hpp"
#include "mcp/tool_headers.hpp"
#include "session/event_log.hpp"
#include "session/open_call.hpp"
#include "session/server_requests.hpp"
#include "session/upstream.hpp"
#include "telemetry/log.hpp"
#include "telemetry/tracer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::session {

// What a client says of itself in initialize.
struct introduction {
    std::string capabilities = "{}"; // raw JSON
    std::string info;                // raw JSON
    std::string revision;
    mcp::era speaks = mcp::era::legacy;
    std::string log_level;        // of a modern client
    bool listens = false;         // for subscriptions/listen, not for calls
    bool leaving_cancels = false; // a call that it does not wait for any more
};
introduction read_introduction(std::string_view initialize, const jsonrpc::envelope& message);

// What a modern client's request has beside its text.
struct modern_parts {
    mcp::parameter_fields mirrored; // Mcp-Param-*
    std::optional<std::string> request_state;
    std::string input_responses;
};

// Whom the session's notifications are for when it stands for a subscriptions/listen.
struct listening_for {
    std::string id_token; // of that request
    mcp::listen_filter filter;
};

struct session_settings {
    std::string id;
    std::size_t agent = 0;
    std::size_t kept_bytes = 0;                // of one stream
    std::size_t max_streams = 32;              // that are kept for a client that may come back
    bool unified = false;                      // names and URIs are federated
    const telemetry::tracer* tracer = nullptr; // outlives the session; null: no traces
};

class session final : public std::enable_shared_from_this<session> {
  public:
    session(core::executor loop, session_settings settings, std::vector<const upstream*> servers,
            telemetry::log log);
    ~session();

    const std::string& id() const { return settings_.id; }
    std::size_t agent() const { return settings_.agent; }
    const std::vector<const upstream*>& servers() const { return servers_; }
    // The revision that the client was told; empty before initialize was answered.
    const std::string& revision() const { return revision_; }
    mcp::era speaks() const { return speaks_; }
    // Events may have ids and streams may be resumed (2025-11-25 clients are primed).
    bool primes() const { return revision_ >= "2025-11-25"; }

    // Before the first request.
    void introduce(const introduction& who);
    void settle(std::string revision) { revision_ = std::move(revision); }

    // A request of the client. `streams`: its caller reads more than the answer. The answer may be a fault;
    // it always comes. `caller`: the span that it came from; not valid: none.
    std::unique_ptr<open_call> request(std::size_t server, std::string text, const jsonrpc::envelope& message,
                                       bool streams,
                                       const telemetry::trace_context& caller = telemetry::trace_context(),
                                       modern_parts parts = modern_parts());
    void notify(std::string text, const jsonrpc::envelope& message);
    // The client's answer to a request of a server.
    void answer(const std::string& text, const jsonrpc::envelope& message);

    // A stream for one request, kept until its client has surely read it.
    std::shared_ptr<event_log> make_stream();
    // The standalone stream, or with an event id the stream that it names.
    struct listening {
        std::shared_ptr<event_log> stream;
        std::optional<std::uint64_t> after;
        std::optional<mcp::fault> failure;
    };
    listening listen(std::string_view last_event_id);

    // From now on it hears only this, and each message says for which request it is. The stream begins with
    // what was agreed, and what has come since.
    const std::shared_ptr<event_log>& listen_only(listening_for what);
    // Nobody waits for a modern client's calls any more: they are cancelled, and no further ones are made.
    void abandon_calls();

    // A logging/setLevel of the client.
    void note_level(std::string_view text, const jsonrpc::envelope& message);

    // The standalone stream, whoever reads it now: everything of HTTP+SSE (2024-11-05) goes there.
    const std::shared_ptr<event_log>& standalone() const { return standalone_; }

    void touch() { last_seen_ = core::clock::now(); }
    core::time_point last_seen() const { return last_seen_; }
    bool busy() const;
    // Ends everything that it owns.
    void close();
    bool closed() const { return closed_; }

  private:
    class server_port;
    struct waiting_message {
        std::uint64_t request = 0; // the id of a server's request, 0 for a notification
        std::string text;
        std::string coalesces; // two messages with the same text here say the same
        core::time_point since = core::clock::now();
    };
    struct running_call {
        std::uint64_t ticket;
        std::size_t server;
        std::string id_token;
        bool streams; // takes messages
        bool may_ask; // its method may lead to requests of the server
        backend::reply_sink::tap way;
        std::weak_ptr<event_log> stream; // of its messages, once there is one
    };

    telemetry::span start_span(std::size_t server, std::string& text, const jsonrpc::envelope& message,
                               const telemetry::trace_context& caller) const;
    void deliver(std::size_t server, std::uint64_t link, std::string text, const jsonrpc::envelope& message);
    void deliver_request(std::size_t server, std::uint64_t link, const std::string& text,
                         const jsonrpc::envelope& message);
    void withdraw(std::uint64_t id, std::string_view reason);
    void link_lost(std::size_t server, std::uint64_t link);
    bool hears(std::string_view text, const jsonrpc::envelope& message) const;
    bool to_call(const std::string& text) const;
    bool to_listener(const std::string& text) const;
    void tell_subscriber(const std::string& text) const;
    void queue(waiting_message what);
    void flush_to(const running_call& call);
    void flush_to(event_log& stream);
    void give_up_waiting();
    void abandon(const running_call& call) const;
    void cancel(std::string_view text, const jsonrpc::envelope& message);
    void trim_streams();

    core::executor loop_;
    session_settings settings_;
    std::vector<const upstream*> servers_;
    telemetry::log log_;
    std::vector<std::shared_ptr<server_port>> ports_;
    std::vector<backend::client_ref> clients_; // what each server sees of it
    std::string revision_;
    std::string level_; // of log messages, as the client set it
    mcp::era speaks_ = mcp::era::legacy;
    bool leaving_cancels_ = false;
    bool abandoned_ = false;

    std::list<running_call> calls_; // oldest first
    std::uint64_t last_ticket_ = 0;
    server_requests requests_;
    std::deque<waiting_message> waiting_; // for a stream
    core::alarm waiting_alarm_;

    std::uint64_t last_stream_ = 0;
    std::shared_ptr<event_log> standalone_;
    std::deque<std::shared_ptr<event_log>> streams_; // of requests, oldest first

    core::time_point last_seen_ = core::clock::now();
    bool closed_ = false;
    std::optional<listening_for> listening_;
};

} // namespace drawbridge::session
