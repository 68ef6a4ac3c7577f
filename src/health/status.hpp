// What an actor tells the health aggregator about a server.
#pragma once

#include "backend/lifecycle.hpp"
#include "core/asio.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace drawbridge::health {

// A change of state, told by the one function of a backend that changes it. Never dropped, never merged.
struct transition {
    transition(std::size_t server_index, backend::state before, backend::state after, backend::status now_is,
               std::string why)
        : server(server_index)
        , from(before)
        , to(after)
        , status(now_is)
        , reason(std::move(why)) {}

    std::size_t server; // index in the configuration
    backend::state from;
    backend::state to;
    backend::status status;
    std::string reason; // for people, sanitized
    std::uint64_t incarnation = 0;
    core::time_point at = core::clock::now();
    std::optional<core::time_point> next_try; // in backoff
};

} // namespace drawbridge::health
