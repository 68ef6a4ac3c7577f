// What an actor tells the health aggregator about a server.
#pragma once

#include "backend/lifecycle.hpp"
#include "core/asio.hpp"
#include "health/cause.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drawbridge::health {

// A change of state, told by the one function of a backend that changes it. Never dropped, never merged.
struct transition {
    transition(std::size_t server_index, backend::state before, backend::state after, backend::status now_is,
               reason because)
        : server(server_index)
        , from(before)
        , to(after)
        , status(now_is)
        , why(std::move(because)) {}

    std::size_t server; // index in the configuration
    backend::state from;
    backend::state to;
    backend::status status;
    reason why;
    std::uint64_t incarnation = 0;
    core::time_point at = core::clock::now();
    std::chrono::system_clock::time_point wall = std::chrono::system_clock::now();
    std::optional<core::time_point> next_try; // in backoff
};

// One link of a server, as it is now.
struct link_note {
    std::uint64_t number = 0;
    backend::state state = backend::state::stopped;
    std::uint64_t incarnation = 0;

    bool operator==(const link_note&) const = default;
};

// What is worth knowing of a server beside its state. The newest replaces the one before.
struct sample {
    std::size_t server = 0;
    std::vector<link_note> links;
    std::uint64_t starts = 0;
    std::uint64_t restarts = 0;
    unsigned attempt = 0;         // failures in a row; 0: the last start was good
    std::string protocol_version; // of the newest handshake; empty: none yet
    std::string server_info;      // raw JSON of it; may be empty

    bool operator==(const sample&) const = default;
};

// What was found out about an end after it had been told.
struct postmortem {
    std::size_t server = 0;
    std::uint64_t incarnation = 0;
    reason why;
};

// A container with so many failures in a row, without a stable time in between, is in a crash loop: visible,
// never final.
inline constexpr unsigned crash_loop_attempts = 3;

} // namespace drawbridge::health
