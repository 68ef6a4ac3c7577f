// The MCP conversation of one link, whatever carries its messages: ids rewritten both ways, deadlines,
// progress, cancellation, and what the server says by itself. The server speaks in sessions (2024-11-05 to
// 2025-11-25) or without (2026-07-28), and so does each client: where they differ, the messages are
// translated on the way (src/mcp), and what a server needs in the middle of a call is asked in the client's
// way.
//
//     client's call ──submit──> dialogue ──carrier.send──> server
//     caller's sink <──answer, progress── dialogue <──receive── server
//     session's port <──requests, notifications──┘
//
// Lives on its link's loop and belongs to the link.
#pragma once

#include "backend/audience.hpp"
#include "backend/call.hpp"
#include "backend/parking.hpp"
#include "backend/pending.hpp"
#include "backend/rounds.hpp"
#include "core/alarm.hpp"
#include "core/asio.hpp"
#include "core/event.hpp"
#include "core/task_group.hpp"
#include "health/cause.hpp"
#include "health/meters.hpp"
#include "mcp/initialize.hpp"
#include "mcp/listen_filter.hpp"
#include "mcp/result_cache.hpp"
#include "mcp/revisions.hpp"
#include "mcp/sealed_state.hpp"
#include "mcp/tool_headers.hpp"
#include "telemetry/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
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
    // Before send: arguments that travel in headers, too.
    virtual void mirror(std::uint64_t /*call*/, mcp::parameter_fields /*fields*/) {}
    // Requests have headers, and one that is called off is known by the end of its answer.
    virtual bool has_headers() const { return false; }
    // What came back to server/discover, if anything, may be the word of a server that does not know it.
    virtual bool may_be_older() const { return true; }
    // Nobody waits for this call's answer any more.
    virtual void forget(std::uint64_t call) = 0;
    // The dialogue found that the server is not there any more.
    virtual void lose(health::cause code, std::string why) = 0;
};

struct dialogue_settings {
    std::string server;                             // its name
    std::optional<mcp::era> era = mcp::era::legacy; // nullopt: it is found out
    std::shared_ptr<const mcp::sealer> seal;        // of what modern clients bring back; null: none can
    std::size_t cache_bytes = 0;                    // of results that a modern server allows to be kept
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

    // How long a modern client may take to come back with answers.
    static constexpr std::chrono::minutes park_limit{10};

    // Finds out what the server speaks, if that is not known, and introduces the client. Empty: done,
    // initialize_result() is valid; else why not.
    core::task<std::string> shake_hands(core::time_point deadline);
    // What the server says of itself. A modern one's word is told in the same form.
    const mcp::initialize_result& initialize_result() const { return initialize_result_; }
    mcp::era era() const { return era_; }
    bool modern() const { return era_ == mcp::era::modern; }
    // The first question was asked, and nothing has come back that tells the era: for a conversation that has
    // ended, that is how it ended.
    bool probing() const { return probing_; }
    // The MCP revision that is spoken.
    std::string_view revision() const {
        return modern() ? mcp::modern_revision : initialize_result_.protocol_version();
    }
    // The result of server/discover as a client of this server gets it.
    std::string discover_result() const;

    // A request of a client. The answer comes through the call's sink, whatever happens.
    void submit(call request);
    // A request of the gateway itself.
    core::task<outcome> ask(std::string_view method, std::string_view raw_params, core::time_point deadline);
    // Whether it is still there: a ping, in the words of its revision.
    core::task<outcome> ask_alive(core::time_point deadline);
    void notify(std::string_view line);
    // A notification of a client; dropped where the server's revision has no use for it.
    void relay_notification(std::string_view line);
    // A client's answer to a request of the server, with the server's id in it. Dropped when nothing waits.
    void answer(std::string_view id_token, std::string_view line);
    // `reason`: raw JSON of params.reason, or empty. The caller gets an outcome without a response.
    void cancel(const client& from, std::uint64_t ticket, std::string_view reason);
    // Nothing is wanted any more for this client: its calls are cancelled, its subscriptions ended.
    void release(const client& who);

    // What the server sent: one JSON text. False: it is no message.
    // `of_call`: it came as part of the answer to this call; 0: that is not known.
    bool receive(std::string_view text, std::uint64_t of_call = 0);
    // The carrier could not bring this call to the server, or lost its answer.
    void fail(std::uint64_t call, mcp::fault why);
    // An answer too large to be stored; the id is the server's spelling.
    void drop_oversized(std::size_t bytes, std::size_t limit, std::string_view id_token);
    // The link is over: everything that waits is told why. Nothing is accepted from now on.
    void end(const std::string& why);

    bool ended() const { return ended_; }
    bool waits_for(std::uint64_t call) const { return pending_.has(call) && !parking_.has_end(call); }
    // Calls of clients that wait for an answer; what the gateway itself asks is not among them.
    std::size_t in_flight() const { return pending_.size() - own_ + rounds_.size() - parking_.away(); }
    // Calls whose clients are expected to come back with answers.
    bool has_parked() const { return parking_.away() > 0; }
    // A call is under way or parked in which a server of sessions may ask the client something. Nothing tells
    // to which call a question belongs: on such a link there is one at a time.
    bool may_be_asking() const;
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
    // The handshake (dialogue_handshake.cpp).
    core::task<std::string> probe(core::time_point deadline);
    core::task<std::string> initialize(core::time_point deadline);
    core::task<std::string> discover(core::time_point deadline);
    std::string accept_initialize(const outcome& answer);
    std::string accept_discover(const outcome& answer);
    void note_introduction();
    reply_sink::receiver begin_asking(std::string_view method, std::string_view raw_params,
                                      core::time_point deadline);
    std::string own_params(std::string_view raw_params) const;
    // The link serves modern clients that the server may ask something, one call at a time.
    bool may_ask_modern() const { return owner_ && owner_->speaks == mcp::era::modern && !modern(); }
    // The link is one client's alone.
    bool is_private() const { return owner_ && owner_->speaks == mcp::era::legacy; }

    // Between the eras (dialogue_bridge.cpp).
    void translate(call& request) const;
    std::string translated(const pending::entry& call, std::string text);
    bool answered_from_cache(call& request);
    void remember(pending::entry& entry, const call& request);
    std::optional<std::string> header_fault(const pending::entry& entry, std::string_view line) const;
    bool goes_unchanged(const call& request) const;
    bool needs_tools(const pending::entry& entry, std::string_view line) const;
    core::task<> send_with_tools(std::uint64_t id, std::string line);
    core::task<> learn_tools();
    void mirror_arguments(std::uint64_t id, const pending::entry& entry, std::string_view line);
    void set_log_level(const call& request);
    bool refused_for_era(call& request);
    bool refused_level(call& request);
    bool to_caller(std::string_view line, const jsonrpc::envelope& message, std::uint64_t of_call);
    bool to_modern_caller(pending::entry& entry, std::string_view line, const jsonrpc::envelope& message,
                          bool surely);

    // A legacy server asks a modern client (dialogue_parking.cpp).
    bool kept_for_absent(std::string_view line, std::uint64_t call);
    bool lost_for_absent(std::uint64_t call, const mcp::fault& why);
    bool park(std::string_view line, const jsonrpc::envelope& message);
    void refuse_asking(std::uint64_t call, const std::string& missing);
    bool asks_to_open_url(pending::entry& entry, std::string_view line, const jsonrpc::envelope& message);
    bool declined_url(call& request);
    void send_away(std::uint64_t call);
    void resume(call request);
    void expire_parked();
    void answer_server(std::string_view id_token, std::string_view raw_result);

    // A modern server asks a legacy client (dialogue_rounds.cpp).
    bool goes_on(pending::entry& entry, std::string_view line, const jsonrpc::envelope& message);
    bool retries_headers(pending::entry& entry, std::string_view line, const jsonrpc::envelope& message);
    core::task<> list_and_repeat(std::uint64_t id, std::string text);
    void ask_client(pending::entry entry, std::string_view line, const jsonrpc::envelope& message);
    void take_input(std::string_view id_token, std::string_view line);
    void repeat(rounds::waiting call);
    core::task<> repeat_later(std::uint64_t id, std::string text);
    std::uint64_t enter_again(pending::entry entry);
    void send_again(std::uint64_t id, std::string_view text);
    void give_up_rounds();
    void arm_rounds();

    // What a modern server tells unasked (dialogue_listen.cpp).
    void listen_anew();
    core::task<> listen();
    core::task<> end_of_listen(reply_sink::receiver stream, std::uint64_t number);
    void settle_subscriptions();
    void tell_of_gap(bool sessions_too);
    bool lacks_subscriptions() const;
    core::task<> send_with_subscriptions(std::uint64_t id, std::string line);
    void acknowledged(std::string_view line, const jsonrpc::envelope& message);
    bool subscribed_here(call& request);
    bool from_listen(std::string_view line, const jsonrpc::envelope& message);

    bool answered_here(call& request);
    std::uint64_t admit(call& request, core::time_point deadline, bool own);
    void enter(call request, core::time_point deadline, bool own = false);
    void send_off(std::uint64_t id, std::string_view line);
    void call_off(std::uint64_t id, std::string_view reason);
    void drop(std::uint64_t id, std::string_view reason, outcome end);
    void finish(pending::entry entry, outcome end);
    void give_up_subscription(const pending::entry& entry);
    bool send(std::string_view line, std::uint64_t call);
    void arm_deadline();
    void expire_calls();
    core::task<> check_alive();
    void restore();

    bool receive_batch(std::string_view text, std::uint64_t of_call);
    void on_response(std::string_view line, const jsonrpc::envelope& message, std::uint64_t of_call);
    std::optional<std::uint64_t> answered_call(std::string_view line, const jsonrpc::envelope& message,
                                               std::uint64_t of_call);
    void on_request(std::string_view line, const jsonrpc::envelope& message);
    void on_notification(std::string_view line, const jsonrpc::envelope& message, std::uint64_t of_call);
    void on_progress(std::string_view line, const jsonrpc::envelope& message, std::uint64_t of_call);
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

    mcp::era era_ = mcp::era::legacy;
    bool probing_ = false;
    bool discovers_ = false; // it has answered server/discover
    mcp::tool_catalog catalog_;
    core::event tools_learned_;
    bool learning_tools_ = false;
    bool tools_listed_ = false; // all of them, and no change was announced
    std::string server_info_;   // raw JSON, as clients are told
    bool logs_ = false;         // it declares logging
    mcp::result_cache cache_;
    std::string link_level_; // of log messages, where a modern client's call has set it

    parking parking_;
    core::alarm gathering_; // questions of the server that come together
    core::alarm park_alarm_;
    rounds rounds_;
    core::alarm rounds_alarm_;

    mcp::listen_filter listening_for_; // as the server has acknowledged it
    mcp::listen_filter listen_wanted_;
    std::uint64_t listen_call_ = 0;                 // acknowledged
    std::uint64_t listen_next_ = 0;                 // takes over from it
    bool listening_ = false;                        // listen runs
    core::duration listen_pause_{};                 // before a stream that broke is opened again
    bool listen_broke_ = false;                     // what happened since is not known
    bool listen_stale_ = false;                     // more is wanted than the newest one asks for
    std::vector<std::uint64_t> subscribing_;        // calls that wait for an acknowledgement
    std::set<std::string, std::less<>> subscribed_; // at a server of sessions, on a link beside others

    // Requests of the server that the client has not answered, by the server's id, with the last moment.
    std::map<std::string, core::time_point, std::less<>> asked_;
    core::time_point asked_since_{};
    core::alarm answer_alarm_;
    mcp::initialize_result initialize_result_;
};

} // namespace drawbridge::backend
