#include "http/mcp_endpoint.hpp"

#include "http/service.hpp"
#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/revisions.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::http {
namespace {

// Answered, or made pointless, by the gateway itself: the handshake towards the server is its own, a client's
// notifications/cancelled names an id that many clients use at once, and there are no roots nor server
// requests yet.
bool stays_here(std::string_view notification) {
    return notification == "notifications/initialized" || notification == "notifications/cancelled" ||
           notification == "notifications/roots/list_changed" || notification == "notifications/progress";
}

std::optional<mcp::fault> refusal(const jsonrpc::parsed& message, const request_head& head) {
    if (message.message.kind == jsonrpc::message_kind::batch)
        return mcp::fault(mcp::fault_kind::batch_unsupported, "send one message in each request");
    if (message.code != 0)
        return mcp::fault(message.code == jsonrpc::code_parse_error ? mcp::fault_kind::parse_error
                                                                    : mcp::fault_kind::invalid_request,
                          message.message.fault);
    if (!head.protocol_version.empty() && !mcp::is_legacy_revision(head.protocol_version)) {
        std::string known;
        for (const auto revision : mcp::legacy_revisions)
            known += (known.empty() ? "" : ", ") + std::string(revision);
        return mcp::fault(mcp::fault_kind::unsupported_version,
                          "MCP-Protocol-Version must be one of " + known);
    }
    return std::nullopt;
}

bool forbidden_tool(const mcp_route& route, std::string_view body, const jsonrpc::envelope& message) {
    if (route.tools.all() || message.method_name != "tools/call") return false;
    const auto name = jsonrpc::unescape(message.params_name.in(body));
    return !message.params_name.present() || !name || !route.tools.allows(*name);
}

} // namespace

mcp_endpoint::mcp_endpoint(core::executor loop, telemetry::stdout_channel& payloads, telemetry::log log)
    : loop_(loop)
    , payloads_(payloads)
    , log_(std::move(log)) {}

const mcp_route* mcp_endpoint::find(std::string_view server) const {
    const auto found = std::find_if(routes_.begin(), routes_.end(),
                                    [&](const mcp_route& each) { return each.name == server; });
    return found == routes_.end() ? nullptr : &*found;
}

core::task<response> mcp_endpoint::post(const mcp_route& route, const request_head& head, std::string body) {
    const auto parsed = jsonrpc::parse(body);
    const auto& message = parsed.message;
    if (const auto refused = refusal(parsed, head))
        co_return fault_response(*refused, route.name, message.id.in(body));
    jsonrpc::flatten(body); // one line for the server; the places of the tokens stay
    if (message.kind == jsonrpc::message_kind::request) {
        auto answer = co_await answer_request(route, std::move(body), message);
        co_return answer;
    }
    if (message.kind == jsonrpc::message_kind::notification)
        forward_notification(route, std::move(body), message);
    co_return response(202, std::string(), std::string()); // a response answers a request that was never made
}

core::task<response> mcp_endpoint::answer_request(const mcp_route& route, std::string body,
                                                  const jsonrpc::envelope& message) {
    const std::string id(message.id.in(body));
    if (message.method_name == "ping") co_return json_response(200, jsonrpc::result_response(id, "{}"));
    if (forbidden_tool(route, body, message)) {
        const mcp::fault refused(
            mcp::fault_kind::tool_not_allowed,
            "this tool is not in the list of tools that the gateway allows for this server");
        co_return fault_response(refused, route.name, id);
    }
    auto end = co_await call(route, std::move(body), message);
    if (end.failure) co_return told(route, *end.failure, id);
    if (message.method_name == "tools/list" && !route.tools.all())
        end.response = route.tools.apply(end.response);
    if (end.response.empty()) {
        const mcp::fault unreadable(mcp::fault_kind::unavailable, "its list of tools can't be read");
        co_return told(route, unreadable, id);
    }
    co_return json_response(200, std::move(end.response));
}

core::task<backend::outcome> mcp_endpoint::call(const mcp_route& route, std::string body,
                                                const jsonrpc::envelope& message) {
    if (!route.backend) {
        mcp::fault unknown(mcp::fault_kind::unavailable, "HTTP servers are not supported by this version");
        co_return backend::outcome(std::move(unknown));
    }
    auto [sender, receiver] = backend::reply_sink::make(loop_);
    backend::call request(std::move(body), message.id, message.method_name, std::move(sender));
    route.backend->submit(std::move(request));
    auto next = co_await receiver.next();
    while (next.index() == 0) // messages before the end have no stream to go to yet
        next = co_await receiver.next();
    co_return std::move(std::get<1>(next));
}

void mcp_endpoint::forward_notification(const mcp_route& route, std::string body,
                                        const jsonrpc::envelope& message) {
    if (route.backend && !stays_here(message.method_name)) route.backend->notify(std::move(body));
}

response mcp_endpoint::told(const mcp_route& route, const mcp::fault& what, std::string_view id_token) {
    const auto code = mcp::answer_for(what.kind).code;
    if (what.kind != mcp::fault_kind::closing) {
        telemetry::runtime_failure failure;
        failure.server = route.name;
        failure.request_id = std::string(id_token);
        failure.code = code;
        failure.detail = what.detail;
        payloads_.report(failure);
        log_.for_server(route.name).warning("a call failed: ", what.detail);
    }
    return fault_response(what, route.name, id_token);
}

} // namespace drawbridge::http
