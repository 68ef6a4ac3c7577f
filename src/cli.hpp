// The command line.
#pragma once

#include "telemetry/log.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge {

enum class command : std::uint8_t { serve, check, reap, status, healthcheck, help, version };

struct options {
    command what = command::serve;
    std::string config_file; // empty: stdin
    std::string listen;      // empty: 127.0.0.1 and gateway.port; of status and healthcheck: where to ask
    std::string runtime; // "docker", "podman", a path; empty: the environment's, else the first that works
    std::string client_config;  // file that gets the client configuration instead of stdout
    bool strict = false;        // serve: start every server before the port is bound (Gateway 9.1)
    bool explain = false;       // check: print the exact command for each server
    std::string control_socket; // serve: a Unix socket beside the port; empty: none
    // status and healthcheck: which gateway, by one of these and `listen`; none of them: 127.0.0.1:8080
    std::string url;
    std::string socket;
    std::string agent_id_file; // empty: the environment's agent id
    bool json = false;         // status: the gateway's document as it is
    bool watch = false;        // status: again and again
    bool ready = false;        // healthcheck: whether requests are taken, not whether all servers are well
    telemetry::severity log_level = telemetry::severity::info;
    telemetry::log_format log_format = telemetry::log_format::automatic;
    std::string error; // not empty: the command line is wrong, and how
};

options parse_command_line(int argc, char** argv);
std::string_view help_text();

} // namespace drawbridge
