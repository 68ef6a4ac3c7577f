// The MCP conversation of one link, whatever carries its messages: ids rewritten both ways, deadlines,
// progress, cancellation, and what the server says by itself (MCP 2024-11-05 to 2025-11-25).
//
//     client's call ──submit──> dialogue ──carrier.send──> server
//     caller's sink <──answer, progress── dialogue <──receive── server
//     session's port <──requests, notifications──┘
//
// Lives on its link's loop and belongs to the link.
#pragma once

#include "backend/audience.hpp"
#include "backend/call.hpp"
#include "backend/pending.hpp"
#include "core/alarm.hpp"
#include "core/asio.hpp"
#include "core/event.hpp"
#include "core/task_group.hpp"
#include "health/cause.hpp"
#include "health/meters.hpp"
#include "mcp/initialize.hpp"
#include "telemetry/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::backend {

// The way to the server: a pipe, or HTTP requests.
class carrier {
  public:
    virtual ~carrier() = default;
    // One message, on one line. `call` is the id of the request in it, 0 for anything else. False: the server
    // does not take it, and what waits for it has reached the limit.
    virtual bool send(std::string_view line, std::uint64_t call) = 0;
    // Before send: the trace that the call belongs to. Only HTTP has a place for it beside the message.
    virtual void accompany(std::uint64_t /*call*/, std::string /*traceparent*/, std::string /*tracestate*/) {}
    // Nobody waits for this call's answer any more.
    virtual void forget(std::uint64_t call) = 0;
    // The dialogue found that the server is not there any more.
    virtual void lose(health::cause code, std::string why) = 0;
};

struct dialogue_settings {
    std::chrono::seconds startup_timeout{30};
    std::chrono::seconds tool_timeout{60};
    std::size_t max_queued_calls = 0;
    std::vector<std::string> secrets;         // known values that must not be shown
    health::server_meters* counted = nullptr; // outlives the dialogue; null: nobody counts
};

class dialogue {
  public:
    // How long a client may take to answer a server's request. toolTimeout does not run meanwhile.
    static constexpr std::chrono::minutes answer_limit{10};

    // `owner`: whose link it is when it is one client's alone, which is then introduced to the server as it
    // introduced itself; empty: the gateway speaks for itself and declares no client capabilities.
    dialogue(core::executor loop, std::uint64_t link, dialogue_settings settings, client_ref owner,
             std::shared_ptr<audience> listeners, carrier& way, telemetry::log log);

    // initialize and notifications/initialized. Empty: done, initialize_result() is valid; else why not.
    core::task<std::string> shake_hands(core::time_point deadline);
    const mcp::initialize_result& initialize_result() const { return initialize_result_; }

    // A request of a client. The answer comes through the call's sink, whatever happens.
    void submit(call request);
    // A request of the gateway itself.
    core::task<outcome> ask(std::string_view method, std::string_view raw_params, core::time_point deadline);
    void notify(std::string_view line);
    // A client's answer to a request of the server, with the server's id in it. Dropped when nothing waits.
    void answer(std::string_view id_token, std::string_view line);
    // `reason`: raw JSON of params.reason, or empty. The caller gets an outcome without a response.
    void cancel(const client& from, std::uint64_t ticket, std::string_view reason);
    // Nothing is wanted any more for this client: its calls are cancelled, its subscriptions ended.
    void release(const client& who);

    // What the server sent: one JSON text. False: it is no message.
    bool receive(std::string_view text);
    // The carrier could not bring this call to the server, or lost its answer.
    void fail(std::uint64_t call, mcp::fault why);
    // An answer too large to be stored; the id is the server's spelling.
    void drop_oversized(std::size_t bytes, std::size_t limit, std::string_view id_token);
    // The link is over: everything that waits is told why. Nothing is accepted from now on.
    void end(const std::string& why);

    bool ended() const { return ended_; }
    bool waits_for(std::uint64_t call) const { return pending_.has(call); }
    // Calls of clients that wait for an answer; what the gateway itself asks is not among them.
    std::size_t in_flight() const { return pending_.size() - own_; }
    // It works on a call inside its deadline: a server that does one thing at a time may be silent meanwhile.
    bool busy() const { return in_flight() > 0 && !unheard_; }
    core::time_point last_heard() const { return last_heard_; } // the last whole message
    bool awaits_client() const { return !asked_.empty(); }
    core::time_point last_used() const { return last_used_; }
    // True when no call is in flight; false when the deadline passed first.
    core::task<bool> wait_idle(core::time_point deadline);
    // Returns when no task of the dialogue runs.
    core::task<> join();

  private:
    bool answered_here(call& request);
    std::uint64_t enter(call request, core::time_point deadline, bool own = false);
    void finish(pending::entry entry, outcome end);
    void give_up_subscription(const pending::entry& entry);
    bool send(std::string_view line, std::uint64_t call);
    void arm_deadline();
    void expire_calls();
    core::task<> check_alive();
    void restore();

    bool receive_batch(std::string_view text);
    void on_response(std::string_view line, const jsonrpc::envelope& message);
    void on_request(std::string_view line, const jsonrpc::envelope& message);
    void on_notification(std::string_view line, const jsonrpc::envelope& message);
    void on_progress(std::string_view line, const jsonrpc::envelope& message);
    std::vector<client_ref> listeners_of(std::string_view line, const jsonrpc::envelope& message) const;
    void forget_request(std::string_view id_token);
    void expire_requests();

    core::executor loop_;
    std::uint64_t link_;
    dialogue_settings settings_;
    client_ref owner_;
    std::shared_ptr<audience> audience_;
    carrier& way_;
    telemetry::log log_;
    core::task_group group_;

    pending pending_;
    core::event idle_;
    core::alarm deadline_;
    core::time_point armed_for_{};
    core::time_point last_heard_{}; // of the last whole message
    std::size_t own_ = 0;           // of the pending ones, those that the gateway asks
    bool unheard_ = false;          // a call has timed out and nothing was heard since it was sent
    core::time_point last_used_ = core::clock::now();
    bool checking_ = false; // check_alive runs
    bool ended_ = false;
    std::string end_reason_;

    // Requests of the server that the client has not answered, by the server's id, with the last moment.
    std::map<std::string, core::time_point, std::less<>> asked_;
    core::time_point asked_since_{};
    core::alarm answer_alarm_;
    mcp::initialize_result initialize_result_;
};

} // namespace drawbridge::backend
