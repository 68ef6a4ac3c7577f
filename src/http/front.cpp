#include "http/front.hpp"

#include "http/counted_stream.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace drawbridge::http {
namespace {

bool is_json(std::string_view content_type) {
    auto type = content_type.substr(0, content_type.find(';'));
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t'))
        type.remove_suffix(1);
    constexpr std::string_view wanted = "application/json";
    return std::equal(type.begin(), type.end(), wanted.begin(), wanted.end(), [](char given, char expected) {
        return std::tolower(static_cast<unsigned char>(given)) == expected;
    });
}

response closing_response() {
    mcp::fault closing(mcp::fault_kind::closing, "no new requests are accepted");
    return fault_response(closing);
}

bool is_mcp(endpoint target) {
    return target == endpoint::mcp || target == endpoint::federation || target == endpoint::legacy_stream ||
           target == endpoint::legacy_message;
}

bool runs(const health::server_health& server) {
    return server.status == backend::status::running || backend::comes_up(server.state);
}

} // namespace

front::front(core::executor loop, const config::gateway& settings, const health::board& board,
             health_endpoint& health, mcp_endpoint& endpoint, health::meters& counted,
             std::function<void()> on_close, telemetry::log log)
    : board_(board)
    , health_(health)
    , counted_(counted)
    , open_metrics_(settings.metrics_without_auth)
    , authenticator_(settings.agent_ids)
    , origins_(settings.domain, settings.allowed_origins, settings.allowed_hosts)
    , federation_(settings.federation)
    , legacy_sse_(settings.legacy_sse)
    , endpoint_(endpoint)
    , in_flight_(loop)
    , on_close_(std::move(on_close))
    , log_(std::move(log)) {}

// The order is the specification's: first whether a browser was tricked into the request, then credentials,
// so that a stranger learns nothing about servers and methods.
std::optional<response> front::screen(request_head& head) {
    const auto where = find_route(head.method, head.path);
    auto refused = refuse(head, where);
    if (refused) counted_.answered(health::route_of(head.path), refused->status);
    return refused;
}

std::optional<response> front::refuse(request_head& head, const route& where) const {
    if (where.what == route::result::not_found) {
        mcp::fault nothing(mcp::fault_kind::unknown_server, "no such path; servers are at /mcp/{server}");
        return fault_response(nothing);
    }
    if (where.authenticated) {
        if (const auto why = origins_.refuses(head))
            return fault_response(mcp::fault(mcp::fault_kind::forbidden_origin, *why));
        if (needs_credentials(head, where))
            if (auto refused = check_credentials(head, where)) return refused;
    }
    if (where.what == route::result::method_not_allowed) {
        mcp::fault wrong(mcp::fault_kind::wrong_method, "this path takes " + std::string(where.allow));
        auto answer = fault_response(wrong, where.server);
        answer.headers.emplace_back("Allow", std::string(where.allow));
        return answer;
    }
    return is_mcp(where.target) ? check_mcp(head, where) : std::nullopt;
}

// The file mode of the control socket is a credential for what only tells.
bool front::needs_credentials(const request_head& head, const route& where) const {
    const bool tells = where.target == endpoint::health_servers || where.target == endpoint::health_server ||
                       where.target == endpoint::health_events || where.target == endpoint::metrics;
    if (tells && head.local) return false;
    return where.target != endpoint::metrics || !open_metrics_;
}

std::optional<response> front::check_mcp(const request_head& head, const route& where) const {
    if (closing()) return closing_response();
    const bool legacy = where.target == endpoint::legacy_stream || where.target == endpoint::legacy_message;
    if (target_of(where) == nullptr || (legacy && !legacy_sse_)) {
        mcp::fault unknown(mcp::fault_kind::unknown_server,
                           legacy ? "HTTP+SSE of 2024-11-05 is switched off (gateway.drawbridge.legacySse); "
                                    "use Streamable HTTP at /mcp/{server}"
                                  : "no server of this name is configured");
        return fault_response(unknown, where.server);
    }
    if (head.method == "POST" && !is_json(head.content_type)) {
        mcp::fault media(mcp::fault_kind::wrong_media_type, "send Content-Type: application/json");
        return fault_response(media, where.server);
    }
    return std::nullopt;
}

const mcp_route* front::target_of(const route& where) const {
    if (where.target != endpoint::federation) return endpoint_.find(where.server);
    return federation_ ? &endpoint_.unified() : nullptr;
}

std::optional<response> front::check_credentials(request_head& head, const route& where) const {
    const auto found = authenticator_.check(head.authorization_count, head.authorization);
    head.agent = found.agent;
    if (found.what == credentials::accepted) return std::nullopt;
    if (where.target == endpoint::close) log_.warning("POST /close was refused: no valid agent id");
    if (found.what == credentials::malformed)
        return fault_response(
            mcp::fault(mcp::fault_kind::malformed_credentials,
                       "the Authorization header must hold one agent id, as it is or after Bearer"));
    return fault_response(
        mcp::fault(mcp::fault_kind::bad_credentials, found.what == credentials::missing
                                                         ? "send the agent id in the Authorization header"
                                                         : "this agent id is not known here"));
}

core::task<reply> front::serve(request_head head, std::string body) {
    const auto where = find_route(head.method, head.path);
    const auto counts_as = health::route_of(head.path);
    auto given = co_await answer(head, where, std::move(body));
    counted_.answered(counts_as, given.answer.status);
    if (given.stream)
        given.stream = std::make_unique<counted_stream>(std::move(given.stream), counted_.streams);
    co_return given;
}

// `where` points into the head, which stays where it is.
core::task<reply> front::answer(request_head& head, const route& where, std::string body) {
    if (where.target == endpoint::close) co_return serve_close();
    if (!is_mcp(where.target)) co_return health_.serve(head, where, closing());
    auto given = co_await serve_mcp(head, where, std::move(body));
    co_return given;
}

core::task<reply> front::serve_mcp(request_head& head, const route& where, std::string body) {
    const auto& target = *target_of(where);
    // A standalone stream is not in flight: it would never end by itself.
    if (where.target == endpoint::legacy_stream) co_return endpoint_.open_legacy_stream(target, head);
    if (head.method == "GET") co_return endpoint_.listen(target, head);
    auto pass = in_flight_.enter();
    if (!pass) co_return reply(closing_response()); // closed while the body came in
    if (head.method == "DELETE") co_return reply(endpoint_.end_session(target, head));
    auto answer = co_await post(head, where, std::move(body));
    answer.pass = std::move(pass);
    co_return answer;
}

core::task<reply> front::post(request_head& head, const route& where, std::string body) {
    const auto& target = *target_of(where);
    if (where.target != endpoint::legacy_message) {
        auto answer = co_await endpoint_.post(target, std::move(head), std::move(body));
        co_return answer;
    }
    auto taken = co_await endpoint_.post_legacy(target, std::move(head), std::move(body));
    co_return taken;
}

reply front::serve_close() {
    if (closing()) {
        log_.warning("POST /close: already closed");
        return reply(json_response(410, R"({"error":"Gateway has already been closed"})"));
    }
    const auto now = board_.current();
    const auto count = std::count_if(now->servers.begin(), now->servers.end(), runs);
    log_.info("POST /close: shutting down, ", count, " servers to end");
    auto pass = in_flight_.enter();
    close();
    on_close_();
    auto answer = json_response(
        200, R"({"status":"closed","message":"Gateway shutdown initiated","serversTerminated":)" +
                 std::to_string(count) + "}");
    return reply(std::move(answer), std::move(pass));
}

core::task<bool> front::wait_idle(core::time_point deadline) {
    const bool idle = co_await in_flight_.wait_empty(deadline);
    co_return idle;
}

} // namespace drawbridge::http
