// What the gateway counts. Plain values that live on the gateway's one loop, so nothing here is locked or
// atomic; the composition root owns them and hands out references.
#pragma once

#include "core/asio.hpp"
#include "mcp/fault.hpp"
#include "telemetry/histogram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace drawbridge::health {

// Methods by kind: a client can send any name, so names are never labels.
enum class method_class : std::uint8_t {
    initialize,
    tools_call,
    tools_list,
    prompts,
    resources,
    completion,
    logging,
    other
};
inline constexpr std::size_t method_class_count = 8;

method_class class_of(std::string_view method);
std::string_view to_string(method_class value);

enum class call_outcome : std::uint8_t {
    ok,
    tool_error,  // a result whose isError is true
    error,       // a JSON-RPC error of the server
    refused,     // never handed to a server: not allowed, overloaded, closing, something about the session
    unavailable, // the server is not up, or does not accept the gateway
    timed_out,
    interrupted, // the server went while it worked on the call
    cancelled,   // by the client
    fault        // everything else
};
inline constexpr std::size_t call_outcome_count = 9;

call_outcome outcome_of(const mcp::fault& what);
std::string_view to_string(call_outcome value);

// True where the caller got an error in place of a result. A tool that reports an error has worked, and who
// cancels wants no answer.
bool is_failure(call_outcome value);

// One server. Every began() is followed by exactly one ended().
struct server_meters {
    std::array<std::array<std::uint64_t, call_outcome_count>, method_class_count> calls{};
    // Of all calls of the class, however they ended.
    std::array<telemetry::histogram, method_class_count> latency;
    telemetry::histogram all;

    std::uint64_t in_flight = 0;    // now: began and not ended
    std::uint64_t queued = 0;       // now: those of them that wait for a free place
    std::uint64_t refused_full = 0; // because too many waited already

    std::uint64_t checks_passed = 0;
    std::uint64_t checks_failed = 0;
    std::uint64_t consecutive_check_failures = 0;
    std::optional<core::time_point> last_check; // when it ended
    core::duration last_check_took{};           // meaningful beside last_check

    std::uint64_t cache_hits = 0; // requests that were answered by a result that the server allows to keep
    std::uint64_t cache_misses = 0;

    std::uint64_t bytes_in = 0;  // from the server
    std::uint64_t bytes_out = 0; // to the server

    void began() { ++in_flight; }
    void ended(method_class method, call_outcome how, core::duration took);
    void looked_up(bool found) { ++(found ? cache_hits : cache_misses); }
    void checked(bool passed, core::time_point at, core::duration took);

    std::uint64_t total() const;  // of the calls that ended
    std::uint64_t failed() const; // of these, the ones for which is_failure
    std::uint64_t count(method_class method, call_outcome how) const {
        return calls[static_cast<std::size_t>(method)][static_cast<std::size_t>(how)];
    }
};

// Requests to the gateway by what they are for: a client can ask for any path, so paths are never labels.
enum class route_class : std::uint8_t {
    mcp,
    health,  // /health and below
    probe,   // /livez, /readyz, /startupz
    metrics, // /metrics
    page,    // /status
    other    // everything else, unknown paths among it
};
inline constexpr std::size_t route_class_count = 6;
inline constexpr std::size_t status_class_count = 5; // 1xx to 5xx

// By the path of a request target: no query, no authority.
route_class route_of(std::string_view path);
std::string_view to_string(route_class value);

struct meters {
    explicit meters(std::size_t server_count = 0) : servers(server_count) {}

    std::vector<server_meters> servers; // in the order of the configuration

    std::uint64_t sessions = 0;    // now
    std::uint64_t streams = 0;     // now: answers that are event streams and still open
    std::uint64_t connections = 0; // now: of clients

    // By route class, then the first digit of the status less one.
    std::array<std::array<std::uint64_t, status_class_count>, route_class_count> http_requests{};
    std::uint64_t log_drops = 0; // lines that the log had no room for

    // A status that is none (below 100, above 599) counts as the gateway's fault, 5xx.
    void answered(route_class route, unsigned status);
};

} // namespace drawbridge::health
