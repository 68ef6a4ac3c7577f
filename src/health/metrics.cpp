#include "health/metrics.hpp"

#include "telemetry/prometheus.hpp"
#include "version.hpp"

#include <algorithm>
#include <chrono>

namespace drawbridge::health {

namespace {

using telemetry::prometheus;
using kind = prometheus::kind;
using backend::state;
using backend::status;

constexpr std::array all_states = {state::stopped,      state::pulling,  state::starting,
                                   state::initializing, state::ready,    state::degraded,
                                   state::backoff,      state::draining, state::stopping};
constexpr std::array all_statuses = {status::stopped, status::running, status::error};
constexpr std::array<std::string_view, status_class_count> status_classes = {"1xx", "2xx", "3xx", "4xx",
                                                                             "5xx"};

double seconds(core::duration time) {
    return std::chrono::duration<double>(time).count();
}

std::uint64_t flag(bool value) {
    return value ? 1 : 0;
}

void add_state(prometheus& out, const server_health& server, core::time_point at) {
    auto& states = out.add("drawbridge_server_state", "1 for the state the server is in, 0 for the others.",
                           kind::gauge);
    for (const auto each : all_states)
        states.sample({{"server", server.name}, {"state", backend::to_string(each)}},
                      flag(server.state == each));
    auto& statuses =
        out.add("drawbridge_server_status",
                "1 for the status that GET /health shows for the server, 0 for the others.", kind::gauge);
    for (const auto each : all_statuses)
        statuses.sample({{"server", server.name}, {"status", backend::to_string(each)}},
                        flag(server.status == each));
    out.add("drawbridge_server_uptime_seconds",
            "Time since the server's status became running; 0 when it is not.", kind::gauge)
        .sample({{"server", server.name}}, server.running_since ? seconds(at - *server.running_since) : 0.0);
    out.add("drawbridge_server_incarnation", "Number of the server's newest start.", kind::gauge)
        .sample({{"server", server.name}}, server.incarnation);
}

void add_supervision(prometheus& out, std::string_view name, const supervision& past) {
    auto& transitions = out.add("drawbridge_server_transitions_total",
                                "Changes of the server's state, by their cause.", kind::counter);
    for (std::size_t i = 0; i < cause_count; ++i) {
        const auto times = past.transitions[i];
        if (times > 0)
            transitions.sample({{"server", name}, {"reason", to_string(static_cast<cause>(i))}}, times);
    }
    out.add("drawbridge_server_restarts_total", "Starts of the server after a failure.", kind::counter)
        .sample({{"server", name}}, past.restarts);
    auto& links = out.add("drawbridge_links",
                          "Links to the server: processes or connections, by their state.", kind::gauge);
    for (const auto each : all_states) {
        const auto count = std::count(past.links.begin(), past.links.end(), each);
        links.sample({{"server", name}, {"state", backend::to_string(each)}},
                     static_cast<std::uint64_t>(count));
    }
}

// `ok` is there from the beginning, so that a rate has a zero to start from; the rest comes when it happens.
void add_ended_calls(prometheus& out, std::string_view name, const server_meters& counted) {
    auto& calls = out.add("drawbridge_calls_total", "Calls to the server that ended, by how they ended.",
                          kind::counter);
    auto& times =
        out.add("drawbridge_call_duration_seconds",
                "How long calls to the server took, from the gateway's point of view.", kind::histogram);
    for (std::size_t row = 0; row < method_class_count; ++row) {
        const auto method = static_cast<method_class>(row);
        for (std::size_t i = 0; i < call_outcome_count; ++i) {
            const auto how = static_cast<call_outcome>(i);
            const auto count = counted.count(method, how);
            if (count > 0 || how == call_outcome::ok)
                calls.sample({{"server", name}, {"method", to_string(method)}, {"outcome", to_string(how)}},
                             count);
        }
        if (counted.latency[row].count() > 0)
            times.sample({{"server", name}, {"method", to_string(method)}}, counted.latency[row]);
    }
}

void add_traffic(prometheus& out, std::string_view name, const server_meters& counted) {
    out.add("drawbridge_calls_in_flight", "Calls to the server that have not ended.", kind::gauge)
        .sample({{"server", name}}, counted.in_flight);
    out.add("drawbridge_calls_queued", "Calls in flight that wait for a free place.", kind::gauge)
        .sample({{"server", name}}, counted.queued);
    out.add("drawbridge_calls_refused_total", "Calls refused because too many waited already.", kind::counter)
        .sample({{"server", name}}, counted.refused_full);
    auto& kept =
        out.add("drawbridge_cache_lookups_total",
                "Requests whose answer the server may allow to be kept, by what was found.", kind::counter);
    kept.sample({{"server", name}, {"result", "hit"}}, counted.cache_hits);
    kept.sample({{"server", name}, {"result", "miss"}}, counted.cache_misses);
    out.add("drawbridge_received_bytes_total", "Bytes received from the server.", kind::counter)
        .sample({{"server", name}}, counted.bytes_in);
    out.add("drawbridge_sent_bytes_total", "Bytes sent to the server.", kind::counter)
        .sample({{"server", name}}, counted.bytes_out);
}

void add_checks(prometheus& out, std::string_view name, const server_meters& counted) {
    auto& checks =
        out.add("drawbridge_checks_total", "Checks of the server, by their result.", kind::counter);
    checks.sample({{"server", name}, {"result", "passed"}}, counted.checks_passed);
    checks.sample({{"server", name}, {"result", "failed"}}, counted.checks_failed);
    if (!counted.last_check) return;
    out.add("drawbridge_check_duration_seconds", "How long the last check of the server took.", kind::gauge)
        .sample({{"server", name}}, seconds(counted.last_check_took));
}

void add_gateway(prometheus& out, const snapshot& now) {
    out.add("drawbridge_build_info", "1, with the version as a label.", kind::gauge)
        .sample({{"version", gateway_version}, {"spec_version", specification_version}}, std::uint64_t{1});
    out.add("drawbridge_healthy", "1 when no server has the status error, as GET /health says it.",
            kind::gauge)
        .sample({}, flag(now.healthy()));
}

void add_clients(prometheus& out, const meters& counted) {
    out.add("drawbridge_sessions", "Sessions of clients.", kind::gauge).sample({}, counted.sessions);
    out.add("drawbridge_streams", "Event streams to clients that are open.", kind::gauge)
        .sample({}, counted.streams);
    out.add("drawbridge_connections", "Connections of clients.", kind::gauge).sample({}, counted.connections);
    auto& requests =
        out.add("drawbridge_http_requests_total",
                "HTTP requests that were answered, by what they were for and by status.", kind::counter);
    for (std::size_t row = 0; row < route_class_count; ++row) {
        const auto route = to_string(static_cast<route_class>(row));
        for (std::size_t i = 0; i < status_class_count; ++i) {
            const auto count = counted.http_requests[row][i];
            if (count > 0) requests.sample({{"route", route}, {"status", status_classes[i]}}, count);
        }
    }
    out.add("drawbridge_log_lines_dropped_total",
            "Log lines dropped because they were not taken fast enough.", kind::counter)
        .sample({}, counted.log_drops);
}

// The names that every client library uses. What could not be read has no series.
void add_process(prometheus& out, const telemetry::process_figures& process) {
    const auto add = [&out](std::string_view name, std::string_view help, kind type, const auto& value) {
        if (value) out.add(name, help, type).sample({}, *value);
    };
    add("process_cpu_seconds_total", "User and system CPU time spent in seconds.", kind::counter,
        process.cpu_seconds);
    add("process_resident_memory_bytes", "Resident memory size in bytes.", kind::gauge,
        process.resident_bytes);
    add("process_virtual_memory_bytes", "Virtual memory size in bytes.", kind::gauge, process.virtual_bytes);
    add("process_open_fds", "Number of open file descriptors.", kind::gauge, process.open_descriptors);
    add("process_max_fds", "Maximum number of open file descriptors.", kind::gauge, process.descriptor_limit);
    add("process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.",
        kind::gauge, process.started);
    add("process_threads", "Number of threads of the process.", kind::gauge, process.threads);
}

} // namespace

std::string render_metrics(const snapshot& now, const meters& counted,
                           const std::vector<supervision>& supervised,
                           const telemetry::process_figures& process, core::time_point at) {
    const server_meters nothing;
    const supervision unknown;
    prometheus out;
    add_gateway(out, now);
    for (std::size_t i = 0; i < now.servers.size(); ++i) {
        const auto& server = now.servers[i];
        const auto& numbers = i < counted.servers.size() ? counted.servers[i] : nothing;
        add_state(out, server, at);
        add_supervision(out, server.name, i < supervised.size() ? supervised[i] : unknown);
        add_ended_calls(out, server.name, numbers);
        add_traffic(out, server.name, numbers);
        add_checks(out, server.name, numbers);
    }
    add_clients(out, counted);
    add_process(out, process);
    return out.text();
}

} // namespace drawbridge::health
