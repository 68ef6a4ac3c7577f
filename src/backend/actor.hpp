// The supervisor of one MCP server. It alone owns the server's links and says how the server stands.
//
// Lives on one loop. Everything reaches it as a message; its main loop takes one at a time, so its state is
// never seen half changed. Each link has a place of its own (slot) with its own restarts; what they are in
// together is the server's state, which `tell` reports (Gateway 8.1).
#pragma once

#include "backend/handle.hpp"
#include "backend/preparation.hpp"
#include "backend/slot.hpp"
#include "backend/standing.hpp"
#include "backend/token_source.hpp"
#include "config/config.hpp"
#include "core/asio.hpp"
#include "core/mailbox.hpp"
#include "core/task_group.hpp"
#include "health/aggregator.hpp"
#include "health/meters.hpp"
#include "http/reach.hpp"
#include "process/container.hpp"
#include "telemetry/log.hpp"
#include "telemetry/stdout_channel.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace drawbridge::backend {

struct actor_settings {
    std::size_t index = 0; // in the configuration
    config::server server;
    process::runtime client; // of a stdio server
    process::instance gateway;
    std::size_t max_message_bytes = 0;
    std::size_t max_queued_calls = 0;
    std::vector<std::string> secrets;         // of this server, and the agent ids
    std::shared_ptr<token_source> tokens;     // of a remote server with `auth`
    std::shared_ptr<const mcp::sealer> seal;  // of what modern clients bring back
    health::server_meters* counted = nullptr; // outlives the actor
};

class actor final : public slot_host {
  public:
    actor(core::executor loop, actor_settings settings, health::reporter health,
          telemetry::stdout_channel& payloads, telemetry::log log);

    handle address() const { return handle(mailbox_.address()); }

    // Returns after a stop message, when nothing of the server is left.
    core::task<> run();

  private:
    void on(call request);
    void on(notification_message note);
    void on(answer_message answer);
    void on(cancel_message order);
    void on(release_message gone);
    void on(start_message);
    void on(prefetch_message);
    void on(stop_message order);
    void on(image_message image);
    void on(retry_message due);
    void on(drained_message done);
    void on(idle_message due);
    void on(waited_message due);
    void on(check_message due);
    void on(checked_message done);
    void on(reach_message);
    void on(reached_message seen);
    void on(link_report report);

    // The hands of a slot.
    bool admit(slot& who) override;
    std::uint64_t next_incarnation() override { return ++incarnation_; }
    void prepare(slot& who) override;
    std::unique_ptr<link> connect(slot& who) override;
    void changed(slot& who, const health::reason& why) override;
    void spawn(std::string name, core::task<> work) override {
        group_.spawn(std::move(name), std::move(work));
    }
    core::mailbox<message>::handle slot_address() const override { return mailbox_.address(); }

    std::string key_of(const client* who) const;
    slot* find(const client_ref& who);
    slot* find_number(std::uint64_t number);
    slot& place_for(const client_ref& who);
    slot& make_place(slot_settings settings);
    // Modern clients (actor_eras.cpp).
    std::optional<mcp::era> era() const;
    void note_era(const link_report& report, const slot& place);
    core::task<> look_at_image();
    void serve_modern(call request);
    void resume(call request);
    bool goes_apart(const call& request) const;
    slot& place_apart(const call& request);
    void release_undecided();
    bool has_room() const;
    bool has_room_for(const slot& who) const;
    void sweep();
    void start_waiting();
    void tell(const health::reason& why);
    void tell_more();
    void arm_reach(core::duration wait);
    core::task<> reach();
    void note_exit(const link_report& report);
    void look_once();
    core::task<> look_for_image();
    void report_failed_start(const std::string& why, const std::string& evidence);

    core::executor loop_;
    actor_settings settings_;
    health::reporter health_;
    telemetry::stdout_channel& payloads_;
    telemetry::log log_;
    core::mailbox<message> mailbox_;
    core::task_group group_;

    std::map<std::string, std::unique_ptr<slot>> slots_; // by link key
    std::deque<std::uint64_t> queue_;                    // of slots that wait for a place
    std::uint64_t last_number_ = 0;
    std::uint64_t incarnation_ = 0;
    standing told_;              // the last that the aggregator heard
    bool links_changed_ = false; // since sampled_
    health::sample sampled_;     // likewise
    health::reason parting_;     // how the last link ended that nobody wants any more
    bool closing_ = false;       // a stop message has come: no start any more

    std::optional<mcp::era> found_; // what the server speaks, as far as it was seen
    core::time_point found_at_{};
    std::string discovered_;     // the result of server/discover as clients get it, the last good one
    std::deque<call> undecided_; // wait until it is known what the server speaks

    preparation preparation_;
    bool looking_ = false;     // look_for_image runs
    bool image_ready_ = false; // and the network
    bool viewing_ = false;     // look_at_image runs
    bool view_again_ = false;  // the newest look may have been too early
    std::string image_;        // that found_ is about

    std::unique_ptr<http::reachability> reachability_; // of a remote server
    core::alarm reach_alarm_;
    unsigned unreached_ = 0; // times in a row
    bool reaching_ = false;
    std::uint64_t restarts_ = 0; // of slots that are gone
};

} // namespace drawbridge::backend
