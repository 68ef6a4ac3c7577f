// The life of a backend as a table: state and event in, state out. Pure, no clock, no sockets.
//
//     stopped -> pulling -> starting -> initializing -> ready <-> degraded
//                   |          |             |            |           |
//                   +----------+--> backoff <+------------+-----------+     (crash, no answer, failed launch)
//                                      |
//                                      +--> pulling (the next try)
//     any -> draining -> stopping -> stopped
//
// Up is not ready: a backend is ready only after a finished MCP handshake. There is no state "failed for
// good".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace drawbridge::backend {

enum class state : std::uint8_t {
    stopped,      // no process, none wanted
    pulling,      // the image is looked for, and fetched where it is missing
    starting,     // the process is being launched
    initializing, // it runs, the MCP handshake is on its way
    ready,        // the handshake is done, calls are served
    degraded,     // still served, but checks fail
    backoff,      // it failed; the next try has a time
    draining,     // no new calls, those in flight may end
    stopping      // streams closed, signals sent, waiting for the end
};

enum class event : std::uint8_t {
    start, // somebody needs it, or the configuration wants it up
    image_ready,
    image_failed,
    spawned,
    spawn_failed,
    initialized,
    initialize_failed, // a refusal, a wrong answer, a time-out or an exit before the handshake's end
    era_shown,         // it ended at the first question, as servers of older revisions may
    lost,              // eof, exit, broken pipe or silence of a backend that was ready
    probe_failed,
    probe_ok,
    retry, // the backoff's time has come
    drain,
    drained, // nothing in flight any more, or the deadline passed
    closed   // the last link is gone
};

// What the specification lets the world see (Gateway 8.1.1).
enum class status : std::uint8_t { stopped, running, error };

// The state after the event, or nothing where the event has no meaning in this state (a late message).
std::optional<state> next(state now, event what);

// The public word after `entered` has been entered. A first start stays `stopped` until ready, a start after
// a failure stays `error` until ready, draining keeps its word until the last link has closed.
status next_status(status before, state entered);

// Calls are handed to a link in these states,
inline bool serves(state now) {
    return now == state::ready || now == state::degraded;
}
// and wait in these.
inline bool comes_up(state now) {
    return now == state::pulling || now == state::starting || now == state::initializing;
}

std::string_view to_string(state value);
std::string_view to_string(status value);

} // namespace drawbridge::backend
