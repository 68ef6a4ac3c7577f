#include "http/health_endpoint.hpp"

#include "health/metrics.hpp"
#include "health/readiness.hpp"
#include "health/rendering.hpp"
#include "http/health_events.hpp"
#include "http/status_page.hpp"
#include "telemetry/process_figures.hpp"
#include "telemetry/prometheus.hpp"

#include <charconv>
#include <memory>
#include <utility>
#include <vector>

namespace drawbridge::http {
namespace {

// The value of a query's parameter; nothing where it does not stand there.
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto one = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        const auto sign = one.find('=');
        if (one.substr(0, sign) != name) continue;
        return sign == std::string_view::npos ? std::string_view() : one.substr(sign + 1);
    }
    return std::nullopt;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

response verdict_response(const request_head& head, std::string_view name, const health::verdict& what) {
    const unsigned status = what.good() ? 200 : 503;
    if (!parameter(head.query, "verbose")) return json_response(status, what.json());
    return response(status, "text/plain; charset=utf-8", what.text(name));
}

std::vector<health::supervision> supervised(const health::snapshot& now) {
    std::vector<health::supervision> all;
    for (const auto& server : now.servers) {
        health::supervision one;
        if (server.past) one.transitions = server.past->by_cause;
        if (server.now) {
            one.restarts = server.now->restarts;
            for (const auto& link : server.now->links)
                one.links.push_back(link.state);
        }
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace

health_endpoint::health_endpoint(const config::gateway& settings, const health::board& board,
                                 health::feed& events, const health::meters& counted,
                                 std::function<void()> refresh)
    : board_(board)
    , feed_(events)
    , counted_(counted)
    , refresh_(std::move(refresh))
    , health_status_(settings.health)
    , readiness_(settings.ready) {}

reply health_endpoint::serve(const request_head& head, const route& where, bool closing) const {
    switch (where.target) {
    case endpoint::health_servers:
        return reply(servers(closing));
    case endpoint::health_server:
        return reply(server(where.server));
    case endpoint::health_events:
        return events(head);
    case endpoint::metrics:
        return reply(metrics());
    case endpoint::livez:
        return reply(parameter(head.query, "verbose") ? verdict_response(head, "livez", health::alive())
                                                      : json_response(200, R"({"status":"alive"})"));
    case endpoint::readyz:
        return reply(ready(head, closing));
    case endpoint::startupz:
        return reply(startup(head));
    case endpoint::status_page:
        return reply(status_page_response());
    default:
        return reply(health());
    }
}

response health_endpoint::health() const {
    const auto now = board_.current();
    const bool told_by_status = health_status_ == config::gateway::health_status::unhealthy_503;
    const unsigned status = told_by_status && !now->healthy() ? 503 : 200;
    return json_response(status, health::render_health(*now, core::clock::now()));
}

response health_endpoint::servers(bool closing) const {
    health::gateway_facts facts;
    facts.started = began_;
    facts.closing = closing;
    facts.sessions = counted_.sessions;
    return json_response(200, health::render_servers(*board_.current(), counted_, facts, health::moment()));
}

response health_endpoint::server(std::string_view name) const {
    const auto now = board_.current();
    const auto* found = now->find(name);
    if (found == nullptr) {
        const mcp::fault unknown(mcp::fault_kind::unknown_server, "no server of this name is configured");
        return fault_response(unknown, name);
    }
    const auto index = static_cast<std::size_t>(found - now->servers.data());
    return json_response(200, health::render_server(*found, counted_.servers.at(index), health::moment()));
}

reply health_endpoint::events(const request_head& head) const {
    auto after = number(head.last_event_id);
    if (!after) after = number(parameter(head.query, "after").value_or(std::string_view()));
    response opened(200, "text/event-stream", std::string());
    opened.headers.emplace_back("Cache-Control", "no-cache");
    opened.headers.emplace_back("X-Accel-Buffering", "no"); // nginx would collect the events
    reply streamed(std::move(opened));
    streamed.stream = std::make_unique<health_events>(feed_, after);
    return streamed;
}

response health_endpoint::metrics() const {
    const auto now = board_.current();
    if (refresh_) refresh_();
    const auto figures = telemetry::process_figures::read();
    return response(200, std::string(telemetry::prometheus::content_type),
                    health::render_metrics(*now, counted_, supervised(*now), figures, core::clock::now()));
}

response health_endpoint::ready(const request_head& head, bool closing) const {
    return verdict_response(head, "readyz", health::ready(*board_.current(), readiness_, closing));
}

response health_endpoint::startup(const request_head& head) const {
    return verdict_response(head, "startupz", health::started(*board_.current(), started_));
}

} // namespace drawbridge::http
