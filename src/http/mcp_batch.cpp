// Several messages in one request.
#include "http/mcp_endpoint.hpp"

#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"

#include <utility>

namespace drawbridge::http {
namespace {

// What no batch may hold, whatever else is in it.
std::optional<mcp::fault> fault_of_batch(std::string_view body) {
    jsonrpc::span each;
    jsonrpc::array_walker elements(body, jsonrpc::skip_blank(body, 0));
    bool empty = true;
    while (elements.next(each)) {
        const auto text = each.in(body);
        const auto message = jsonrpc::scan(text);
        empty = false;
        if (mcp::era_of(text, message, mcp::mirrored_headers()) == mcp::era::modern)
            return mcp::fault(mcp::fault_kind::invalid_request, "MCP 2026-07-28 has no batches");
    }
    if (!empty) return std::nullopt;
    return mcp::fault(mcp::fault_kind::invalid_request, "a batch has to hold at least one message");
}

} // namespace

// Several messages at once: MCP 2025-03-26 only.
core::task<reply> mcp_endpoint::answer_batch(const mcp_route& route, session_ref client, std::string body,
                                             telemetry::trace_context caller) {
    if (client->revision() != "2025-03-26") {
        const mcp::fault refused(mcp::fault_kind::batch_unsupported,
                                 "send one message in each request; batches are of MCP 2025-03-26 only");
        co_return reply(fault_response(refused, route.name));
    }
    if (const auto wrong = fault_of_batch(body)) co_return reply(fault_response(*wrong, route.name));
    std::vector<std::unique_ptr<session::open_call>> calls;
    std::string answers;
    auto add = [&answers](std::string_view text) {
        if (!text.empty()) answers.append(answers.empty() ? "[" : ",").append(text);
    };
    jsonrpc::span each;
    jsonrpc::array_walker elements(body, jsonrpc::skip_blank(body, 0));
    while (elements.next(each)) {
        std::string text(each.in(body));
        const auto parsed = jsonrpc::parse(text);
        const auto& message = parsed.message;
        if (parsed.code != 0 || message.method_name == "initialize") {
            const mcp::fault bad(mcp::fault_kind::invalid_request,
                                 parsed.code != 0 ? message.fault : "initialize can't be part of a batch");
            add(fault_response(bad, route.name, message.id.in(text)).body);
        } else if (message.kind != jsonrpc::message_kind::request) {
            take_in(client, std::move(text), message);
        } else if (message.method_name == "ping") {
            add(jsonrpc::result_response(message.id.in(text), "{}"));
        } else {
            calls.push_back(submit(route, client, std::move(text), message, false, caller));
        }
    }
    for (const auto& call : calls) {
        auto next = co_await call->next();
        while (next.index() == 0)
            next = co_await call->next();
        add(finished(*call, std::move(std::get<1>(next))).body);
    }
    if (answers.empty()) co_return reply(response(202, std::string(), std::string()));
    co_return reply(json_response(200, answers + "]"));
}

} // namespace drawbridge::http
