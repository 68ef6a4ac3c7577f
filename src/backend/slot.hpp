// The place of one link in its backend: whom the link serves, its life and its restarts, and the calls that
// wait for it.
//
// Belongs to one backend actor, which calls it from its main loop only. set_state is the only writer of the
// link's state and the only place that reports it.
#pragma once

#include "backend/audience.hpp"
#include "backend/call.hpp"
#include "backend/checkup.hpp"
#include "backend/handle.hpp"
#include "backend/lifecycle.hpp"
#include "backend/link.hpp"
#include "backend/standing.hpp"
#include "core/alarm.hpp"
#include "core/asio.hpp"
#include "core/backoff.hpp"
#include "health/cause.hpp"
#include "health/meters.hpp"
#include "telemetry/log.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <string>

namespace drawbridge::backend {

class slot;

// What a slot needs of its backend.
class slot_host {
  public:
    virtual ~slot_host() = default;

    // False: every place for a link is taken. The slot is started when one becomes free.
    virtual bool admit(slot& who) = 0;
    // A number for the link that is tried now; it rises with every attempt of the backend.
    virtual std::uint64_t next_incarnation() = 0;
    // Gets ready what a link needs (image, network); slot::prepared follows, now or later.
    virtual void prepare(slot& who) = 0;
    // Makes the link and runs it.
    virtual std::unique_ptr<link> connect(slot& who) = 0;
    // Its state has changed.
    virtual void changed(slot& who, const health::reason& why) = 0;
    // A task of the backend's group.
    virtual void spawn(std::string name, core::task<> work) = 0;
    virtual core::mailbox<message>::handle slot_address() const = 0;
};

struct slot_settings {
    std::uint64_t number = 0; // names it in messages
    std::string key;          // whom it serves, see link_key
    client_ref owner;         // a link of one session alone
    client_ref
        introduced_as; // modern clients with these capabilities, one call at a time; null: no such link
    std::shared_ptr<audience> listeners; // of the other links of its clients; null: it has its own
    reach shared_by = reach::one_agent;
    std::size_t max_queued_calls = 0;
    std::chrono::seconds startup_timeout{30};
    std::chrono::seconds idle_timeout{0}; // 0: it stays up
    config::health_checks checks;
};

class slot {
  public:
    slot(core::executor loop, slot_settings settings, slot_host& backend, health::server_meters& counted,
         telemetry::log log);

    const slot_settings& settings() const { return settings_; }
    const std::shared_ptr<audience>& listeners() const { return audience_; }
    standing now() const { return {state_, status_, incarnation_, next_try_}; }
    // Nothing is left of it, and nobody wants it.
    bool finished() const;
    // The link that it has, which may still be the one before the present attempt; 0: none.
    std::uint64_t link_number() const { return link_ ? link_number_ : 0; }
    // What the newest handshake said; empty: there is no link.
    const mcp::initialize_result* introduced() const;
    std::string_view revision() const { return link_->talk().revision(); } // where it is introduced
    // The conversation of the link that serves; null: none does.
    dialogue* talk() const;
    // Of the link that it has, serving or not; null: it has none.
    const dialogue* conversation() const { return link_ ? &link_->talk() : nullptr; }
    // A call has it in which the server may ask something, or waits for it.
    bool occupied() const;
    // Failures in a row, 0 once it is ready again.
    unsigned attempt() const { return state_ == state::ready ? 0 : backoff_.attempts(); }
    std::uint64_t restarts() const { return restarts_; }
    std::size_t waiting() const { return waiting_.size(); } // calls, for a link
    // Its end is intended.
    bool leaving() const {
        return closing_ || unwanted_ || state_ == state::draining || state_ == state::stopping;
    }
    // It has a link that no session holds and no call uses: its place may go to somebody who waits.
    bool spare() const;
    // It holds one of the backend's places for links.
    bool takes_place() const { return state_ != state::stopped; }

    // The answer comes through the call's sink. It starts the link when there is none.
    void serve(call request);
    void notify(const std::string& text);
    void answer(std::uint64_t link, const std::string& id_token, const std::string& text);
    void cancel(const client& from, std::uint64_t ticket, const std::string& reason);
    void release(const client& who);
    void start(std::string why);
    // After an earlier link of the backend has failed: in error until this one is ready.
    void begin_in_error() { status_ = status::error; }
    // No restart any more. Calls in flight may finish until the deadline.
    void close(core::time_point drain_deadline, health::reason why);

    void on(const link_report& report);
    void prepared(std::string error);
    // The backoff is over, or something says that the server is back: half open, one try.
    void retry(std::uint64_t round);
    void drained();
    void retry_now() { retry(retry_round_); }
    void look_idle();
    // A check is due; and what became of one.
    void look_alive();
    void checked(std::uint64_t link, const check_result& what);
    void give_up_waiting(std::size_t places);

  private:
    // The event changes the state, or has no meaning now and is dropped.
    void apply(event what, health::reason why);
    void set_state(state entered, health::reason why);
    // What a state does when it is entered.
    void prepare();
    void launch();
    void back_off();
    void ready();
    void drain();
    void stop_link();
    void stopped();

    double random(); // in [0, 1)
    void hand_over(call request);
    void answer_waiting(const mcp::fault& why);
    mcp::fault refusal() const;
    void arm_idle(core::time_point when);
    void arm_check(core::duration wait);
    core::task<> check(std::uint64_t link);
    void judge(checkup::verdict what, const check_result& seen);
    core::task<> wait_drained();

    core::executor loop_;
    slot_settings settings_;
    slot_host& host_;
    health::server_meters& counted_;
    telemetry::log log_;
    std::shared_ptr<audience> audience_;

    state state_ = state::stopped;
    status status_ = status::stopped;
    std::string failure_;   // why it is in backoff
    bool closing_ = false;  // the gateway ends
    bool unwanted_ = false; // its session ended
    std::uint64_t incarnation_ = 0;
    core::time_point drain_deadline_{};

    core::backoff backoff_;
    core::alarm retry_;
    std::uint64_t retry_round_ = 0;
    core::time_point next_try_{};
    std::minstd_rand random_{std::random_device{}()};
    std::uint64_t restarts_ = 0;
    core::alarm idle_;
    checkup checkup_;
    core::alarm check_;
    bool checking_ = false;         // a check is under way
    core::time_point checked_at_{}; // the newest check, or the handshake's end
    core::alarm admission_;

    std::unique_ptr<link> link_;
    std::uint64_t link_number_ = 0;
    std::deque<call> waiting_; // for a link that comes up
};

} // namespace drawbridge::backend
