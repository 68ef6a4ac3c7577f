// One initialized connection to an MCP server: here a process on stdio, later a session with an HTTP server.
//
// A link is an actor that belongs to one backend actor and lives on its loop. The backend runs it, hands it
// calls and tells it to stop; the link tells the backend what becomes of it, by messages. It has no opinion
// about restarts.
#pragma once

#include "backend/call.hpp"
#include "core/asio.hpp"
#include "mcp/initialize.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace drawbridge::backend {

// What a link tells its backend, in this order: spawned, initialized, lost; or spawned, failed; or failed;
// and closed always last, when nothing of it is left.
struct link_report {
    enum class kind { spawned, initialized, failed, lost, closed };

    link_report(std::uint64_t number, kind happened, std::string why)
        : incarnation(number)
        , what(happened)
        , reason(std::move(why)) {}

    std::uint64_t incarnation;
    kind what;
    std::string reason;   // for people, sanitized, without details of how the server is run
    std::string evidence; // last lines of stderr, sanitized; for the log and the operator only
};

class link {
  public:
    using reporter = std::function<void(link_report)>;

    virtual ~link() = default;

    // The link's whole life. The backend spawns it once and joins it; returns after `closed` was reported.
    virtual core::task<> run() = 0;
    // Only once initialized. The answer comes through the call's sink, whatever happens.
    virtual void submit(call request) = 0;
    // A notification of a client; one line. Dropped when the link is not up.
    virtual void notify(std::string message) = 0;
    // Ends it: calls in flight are answered with an error, then it closes in order.
    virtual void stop() = 0;
    // True when no call is in flight; false when the deadline passed first.
    virtual core::task<bool> wait_idle(core::time_point deadline) = 0;

    virtual std::size_t in_flight() const = 0;
    // What the server said of itself. Not valid before the handshake.
    virtual const mcp::initialize_result& initialize_result() const = 0;
};

} // namespace drawbridge::backend
