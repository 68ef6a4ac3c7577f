// The composition root: what the gateway is made of, in which order it starts, and in which order it ends.
#pragma once

#include "backend/actor.hpp"
#include "cli.hpp"
#include "config/config.hpp"
#include "core/asio.hpp"
#include "core/task_group.hpp"
#include "health/aggregator.hpp"
#include "health/board.hpp"
#include "http/front.hpp"
#include "http/health_endpoint.hpp"
#include "http/listener.hpp"
#include "http/mcp_endpoint.hpp"
#include "process/reaper.hpp"
#include "process/runtime.hpp"
#include "telemetry/log.hpp"
#include "telemetry/stdout_channel.hpp"
#include "telemetry/trace_exporter.hpp"
#include "telemetry/tracer.hpp"

#include <boost/asio/signal_set.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace drawbridge {

// One running gateway. Everything lives on the one loop that runs serve().
class app {
  public:
    app(core::executor loop, options given, http::listen_address place, config::configuration settings,
        telemetry::stdout_channel& payloads, telemetry::log log);
    ~app();

    // From start to end; the exit status of the program.
    core::task<int> serve();

  private:
    // Start (app_start.cpp). A text is what went wrong; empty: nothing.
    void start_tracing();
    void build_front();
    core::task<std::string> take_place();
    core::task<std::string> claim_containers();
    core::task<> remove_leftovers();
    core::task<> remove_latecomers();
    core::task<std::string> make_shared_network();
    void build_backends();
    std::shared_ptr<backend::token_source> tokens_for(const config::server& server);
    core::task<bool> start_strictly();
    std::string hand_out_client_configuration();
    void start_servers();
    bool needs_containers() const;

    // End (app.cpp).
    core::task<> wait_signals();
    void request_close();
    core::task<> shut_down();

    core::executor loop_;
    options options_;
    config::configuration config_;
    telemetry::stdout_channel& payloads_;
    telemetry::log log_;
    http::listen_address place_;

    process::runtime client_;
    process::instance instance_;
    process::instance_lock lock_;

    std::unique_ptr<telemetry::trace_exporter> exporter_; // null: no traces
    telemetry::tracer tracer_;
    health::board board_;
    health::feed events_;
    health::meters counted_;
    std::unique_ptr<health::aggregator> aggregator_;
    std::map<std::string, std::shared_ptr<backend::token_source>> tokens_; // by audience
    std::vector<std::unique_ptr<backend::actor>> backends_;
    std::unique_ptr<http::mcp_endpoint> endpoint_;
    std::unique_ptr<http::health_endpoint> health_;
    std::unique_ptr<http::front> front_;
    std::unique_ptr<http::listener> listener_;

    core::asio::basic_signal_set<core::executor> signals_;
    core::event close_requested_;
    core::time_point drain_deadline_{};
    core::task_group backend_tasks_;
    core::task_group service_tasks_;
};

} // namespace drawbridge
