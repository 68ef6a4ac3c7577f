#include "health/meters.hpp"

namespace drawbridge::health {

method_class class_of(std::string_view method) {
    if (method == "tools/call") return method_class::tools_call;
    if (method == "tools/list") return method_class::tools_list;
    // Both ask a server who it is and what it can do.
    if (method == "initialize" || method == "server/discover") return method_class::initialize;
    if (method.starts_with("prompts/")) return method_class::prompts;
    if (method.starts_with("resources/")) return method_class::resources;
    if (method.starts_with("completion/")) return method_class::completion;
    if (method.starts_with("logging/")) return method_class::logging;
    // subscriptions/listen among them: it lasts as long as its stream, and would spoil the times of any class
    // with calls that somebody waits for.
    return method_class::other;
}

std::string_view to_string(method_class value) {
    switch (value) {
    case method_class::initialize:
        return "initialize";
    case method_class::tools_call:
        return "tools_call";
    case method_class::tools_list:
        return "tools_list";
    case method_class::prompts:
        return "prompts";
    case method_class::resources:
        return "resources";
    case method_class::completion:
        return "completion";
    case method_class::logging:
        return "logging";
    case method_class::other:
        break;
    }
    return "other";
}

call_outcome outcome_of(const mcp::fault& what) {
    using mcp::fault_kind;
    switch (what.kind) {
    case fault_kind::tool_not_allowed:
    case fault_kind::overloaded:
    case fault_kind::closing:
    case fault_kind::unknown_session:
    case fault_kind::session_required:
    case fault_kind::stream_conflict:
    case fault_kind::too_many_sessions:
        return call_outcome::refused;
    case fault_kind::unavailable:
    case fault_kind::backend_unauthorized:
        return call_outcome::unavailable;
    case fault_kind::timed_out:
        return call_outcome::timed_out;
    case fault_kind::call_interrupted:
        return call_outcome::interrupted;
    // What is wrong with a request or with the way in is answered before a server is asked, and belongs to
    // none.
    case fault_kind::parse_error:
    case fault_kind::invalid_request:
    case fault_kind::batch_unsupported:
    case fault_kind::unsupported_version:
    case fault_kind::unknown_name:
    case fault_kind::malformed_credentials:
    case fault_kind::bad_credentials:
    case fault_kind::forbidden_origin:
    case fault_kind::unknown_server:
    case fault_kind::wrong_method:
    case fault_kind::not_acceptable:
    case fault_kind::wrong_media_type:
    case fault_kind::body_too_large:
    case fault_kind::headers_too_large:
    case fault_kind::bad_http:
    case fault_kind::answer_too_large:
    case fault_kind::answer_lost:
        break;
    }
    return call_outcome::fault;
}

std::string_view to_string(call_outcome value) {
    switch (value) {
    case call_outcome::ok:
        return "ok";
    case call_outcome::tool_error:
        return "tool_error";
    case call_outcome::error:
        return "error";
    case call_outcome::refused:
        return "refused";
    case call_outcome::unavailable:
        return "unavailable";
    case call_outcome::timed_out:
        return "timed_out";
    case call_outcome::interrupted:
        return "interrupted";
    case call_outcome::cancelled:
        return "cancelled";
    case call_outcome::fault:
        break;
    }
    return "fault";
}

bool is_failure(call_outcome value) {
    return value != call_outcome::ok && value != call_outcome::tool_error && value != call_outcome::cancelled;
}

void server_meters::ended(method_class method, call_outcome how, core::duration took) {
    const auto row = static_cast<std::size_t>(method);
    ++calls[row][static_cast<std::size_t>(how)];
    latency[row].record(took);
    all.record(took);
    if (in_flight > 0) --in_flight;
}

void server_meters::checked(bool passed, core::time_point at, core::duration took) {
    ++(passed ? checks_passed : checks_failed);
    consecutive_check_failures = passed ? 0 : consecutive_check_failures + 1;
    last_check = at;
    last_check_took = took;
}

std::uint64_t server_meters::total() const {
    return all.count();
}

std::uint64_t server_meters::failed() const {
    std::uint64_t sum = 0;
    for (const auto& row : calls) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (is_failure(static_cast<call_outcome>(i))) sum += row[i];
        }
    }
    return sum;
}

route_class route_of(std::string_view path) {
    if (path == "/mcp" || path.starts_with("/mcp/")) return route_class::mcp;
    if (path == "/health" || path.starts_with("/health/")) return route_class::health;
    if (path == "/livez" || path == "/readyz" || path == "/startupz") return route_class::probe;
    if (path == "/metrics") return route_class::metrics;
    if (path == "/status") return route_class::page;
    return route_class::other;
}

std::string_view to_string(route_class value) {
    switch (value) {
    case route_class::mcp:
        return "mcp";
    case route_class::health:
        return "health";
    case route_class::probe:
        return "probe";
    case route_class::metrics:
        return "metrics";
    case route_class::page:
        return "page";
    case route_class::other:
        break;
    }
    return "other";
}

void meters::answered(route_class route, unsigned status) {
    const unsigned first = status >= 100 && status <= 599 ? status / 100 : 5;
    ++http_requests[static_cast<std::size_t>(route)][first - 1];
}

} // namespace drawbridge::health
