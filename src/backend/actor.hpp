// The supervisor of one MCP server. It alone owns the server's lifecycle state, its restart policy and its
// links.
//
// Lives on one loop. Everything reaches it as a message; its main loop takes one at a time, so its state is
// never seen half changed. set_state is the only writer of the state and the only place that reports it.
#pragma once

#include "backend/handle.hpp"
#include "backend/lifecycle.hpp"
#include "backend/link.hpp"
#include "config/config.hpp"
#include "core/alarm.hpp"
#include "core/asio.hpp"
#include "core/backoff.hpp"
#include "core/mailbox.hpp"
#include "core/task_group.hpp"
#include "health/aggregator.hpp"
#include "process/command.hpp"
#include "process/container.hpp"
#include "telemetry/log.hpp"
#include "telemetry/stdout_channel.hpp"

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace drawbridge::backend {

struct actor_settings {
    std::size_t index = 0; // in the configuration
    config::server server; // a stdio server
    process::runtime client;
    process::instance gateway;
    std::size_t max_message_bytes = 0;
    std::size_t max_queued_calls = 0;
    std::vector<std::string> secrets; // of this server, and the agent ids
};

class actor {
  public:
    actor(core::executor loop, actor_settings settings, health::reporter health,
          telemetry::stdout_channel& payloads, telemetry::log log);

    handle address() const { return handle(mailbox_.address()); }

    // Returns after a stop message, when nothing of the server is left.
    core::task<> run();

  private:
    void on(call request);
    void on(notification_message note);
    void on(start_message);
    void on(stop_message order);
    void on(prefetch_message);
    void on(image_message image);
    void on(retry_message due);
    void on(drained_message);
    void on(link_report report);

    // The event changes the state, or has no meaning now and is dropped.
    void apply(event what, std::string reason);
    void set_state(state entered, std::string reason);
    // What a state does when it is entered.
    void prepare();
    void launch();
    void back_off();
    void serve();
    void drain();
    void stop_link();

    void hand_over(call request);
    void answer_waiting(const mcp::fault& why);
    mcp::fault refusal() const;
    void report_failed_start(const link_report& report);
    void look_once();
    core::task<> look_for_image();
    core::task<std::string> provide_image();
    core::task<std::string> provide_network();
    core::task<process::command_result> run_client(std::vector<std::string> argv,
                                                   std::vector<std::string> environment,
                                                   core::time_point deadline);
    core::task<> wait_drained();

    core::executor loop_;
    actor_settings settings_;
    health::reporter health_;
    telemetry::stdout_channel& payloads_;
    telemetry::log log_;
    core::mailbox<message> mailbox_;
    core::task_group group_;

    state state_ = state::stopped;
    status status_ = status::stopped;
    std::string failure_;  // why it is in backoff
    bool closing_ = false; // a stop message has come: no start any more
    bool finished_ = false;
    std::uint64_t incarnation_ = 0;
    core::time_point drain_deadline_{};

    core::backoff backoff_;
    core::alarm retry_;
    std::uint64_t retry_round_ = 0;
    core::time_point next_try_{};
    std::minstd_rand random_{std::random_device{}()};

    process::launch_plan plan_;
    process::command_stop preparation_;
    bool looking_ = false;     // look_for_image runs
    bool image_ready_ = false; // and the network
    std::unique_ptr<link> link_;
    std::deque<call> waiting_; // for a link that comes up
};

} // namespace drawbridge::backend
