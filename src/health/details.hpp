// The detail behind /health: servers and transitions as JSON. Pure.
#pragma once

#include "core/asio.hpp"
#include "health/board.hpp"
#include "health/meters.hpp"

#include <chrono>
#include <string>

namespace drawbridge::health {

// One moment on both clocks.
struct moment {
    core::time_point steady = core::clock::now();
    std::chrono::system_clock::time_point wall = std::chrono::system_clock::now();
};

struct gateway_facts {
    moment started;
    bool closing = false;
    std::uint64_t sessions = 0;
};

// GET /health/servers.
std::string render_servers(const snapshot& now, const meters& counted, const gateway_facts& gateway,
                           const moment& at);
// GET /health/servers/{name}: the same for one server, with its newest transitions.
std::string render_server(const server_health& server, const server_meters& counted, const moment& at);
// One event of GET /health/events.
std::string render_transition(const record& what, const moment& at);

// "2026-11-21T08:00:00.123Z".
std::string timestamp(std::chrono::system_clock::time_point when);

} // namespace drawbridge::health
