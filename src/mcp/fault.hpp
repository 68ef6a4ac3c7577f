// Everything that can go wrong with a request, and the one place that says how it is told: HTTP status,
// JSON-RPC code and public text (Gateway 5.1, 9.3, Appendix C).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace drawbridge::mcp {

enum class fault_kind : std::uint8_t {
    // About the request itself.
    parse_error,
    invalid_request,
    batch_unsupported,
    unsupported_version,
    tool_not_allowed,
    unknown_name, // at the unified endpoint: no server bears this prefix
    // About the way in.
    malformed_credentials,
    bad_credentials,
    forbidden_origin,
    unknown_server,
    wrong_method,
    not_acceptable,
    wrong_media_type,
    body_too_large,
    headers_too_large,
    bad_http,
    overloaded,
    closing,
    // About the session.
    unknown_session, // ended, or another agent's: the client has to initialize again
    session_required,
    stream_conflict, // a session has one standalone stream
    too_many_sessions,
    // About the server behind.
    unavailable,
    timed_out,
    call_interrupted,     // the server went while it worked on the call
    backend_unauthorized, // the server does not accept the gateway's credentials
    answer_too_large,
    answer_lost, // a fault of the gateway: a call was dropped without an end
};

struct fault {
    fault() = default;
    fault(fault_kind what, std::string text) : kind(what), detail(std::move(text)) {}

    fault_kind kind = fault_kind::answer_lost;
    std::string
        detail; // for the caller: what, where, what to do. No secrets, nothing about how a server is run
    std::optional<std::chrono::seconds> retry_after;
};

struct fault_answer {
    unsigned http_status;
    int code;
    std::string_view message;
};

// Towards legacy clients, errors about a request whose id could be read ride on 200, because SDKs treat other
// statuses as a broken transport; 4xx and 5xx are for authentication, framing, closing and overload.
fault_answer answer_for(fault_kind kind);

} // namespace drawbridge::mcp
