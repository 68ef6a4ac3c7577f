// What a container needs before it can start: its image and its network.
#pragma once

#include "config/config.hpp"
#include "core/asio.hpp"
#include "process/command.hpp"
#include "process/container.hpp"
#include "telemetry/log.hpp"

#include <string>
#include <vector>

namespace drawbridge::backend {

// Lives on its backend's loop and belongs to it.
class preparation {
  public:
    // Both empty: everything is there.
    struct finding {
        std::string error;    // for people, without details of how the server is run
        std::string evidence; // what the runtime's client said, sanitized; for the operator only
    };

    preparation(core::executor loop, const config::server& server, const process::runtime& client,
                const process::instance& gateway, const std::vector<std::string>& secrets,
                telemetry::log log);

    core::task<finding> run();
    // Which image its name stands for at present; empty where that can't be found out. One at a time.
    core::task<std::string> image_id();
    // Ends a run that is under way.
    void stop() {
        stop_.stop();
        look_stop_.stop();
    }

  private:
    core::task<finding> provide_image();
    core::task<finding> provide_network();
    core::task<process::command_result> run_client(std::vector<std::string> argv,
                                                   std::vector<std::string> environment,
                                                   core::time_point deadline);

    core::executor loop_;
    const config::server& server_;
    const process::runtime& client_;
    const process::instance& gateway_;
    const std::vector<std::string>& secrets_;
    telemetry::log log_;
    process::command_stop stop_;
    process::command_stop look_stop_; // of image_id, which may run beside run
};

} // namespace drawbridge::backend
