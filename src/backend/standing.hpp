// How a backend stands, seen over all its links (Gateway 8.1). Pure.
#pragma once

#include "backend/client.hpp"
#include "backend/lifecycle.hpp"
#include "config/config.hpp"
#include "core/asio.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace drawbridge::backend {

struct standing {
    state now = state::stopped;
    status word = status::stopped;
    std::uint64_t incarnation = 0; // of the newest attempt; 0: never tried
    core::time_point next_try{};   // in backoff

    bool operator==(const standing&) const = default;
};

// running: a link is ready. Otherwise the newest attempt speaks for the backend: error when it failed,
// crashed or went silent. stopped: no link is needed.
standing summarize(std::span<const standing> links);

// Which clients share a link (`drawbridge.sessions`): those with the same key. No client stands for the
// gateway itself. A key that begins with "session " belongs to one session alone.
std::string link_key(config::server::session_sharing how, const client* who);
bool is_exclusive(std::string_view key);
// The key of what the clients of one agent share.
std::string agent_key(const client* who);

} // namespace drawbridge::backend
