// Clients of MCP 2026-07-28 at the same paths as those of older revisions: every request stands for itself,
// says in its headers what is in its body, and is cancelled when its client goes.
#include "http/mcp_endpoint.hpp"

#include "http/event_body.hpp"
#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"

#include <charconv>
#include <chrono>
#include <utility>

namespace drawbridge::http {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s; // of a proxy in between, before it sees a byte

mcp::mirrored_headers headers_of(const request_head& head) {
    mcp::mirrored_headers headers;
    headers.protocol_version = head.version_field;
    headers.method = head.mcp_method;
    headers.name = head.mcp_name;
    headers.parameters = head.mcp_parameters;
    return headers;
}

// 200 for a result.
unsigned status_of(std::string_view response) {
    const auto error = jsonrpc::scan(response).error;
    if (!error.present()) return 200;
    const auto token = jsonrpc::find_member(response, error, "code").in(response);
    int code = 0;
    std::from_chars(token.data(), token.data() + token.size(), code);
    return mcp::status_of_error(code);
}

response refused(const mcp::refusal& why, std::string_view id_token) {
    return json_response(why.http_status, why.response(id_token));
}

} // namespace

bool mcp_endpoint::is_modern(const request_head& head, std::string_view body, const jsonrpc::parsed& parsed) {
    const auto kind = parsed.message.kind;
    if (parsed.code != 0) return mcp::is_modern_revision(head.protocol_version);
    const bool single = kind == jsonrpc::message_kind::request || kind == jsonrpc::message_kind::notification;
    return single && mcp::era_of(body, parsed.message, headers_of(head)) == mcp::era::modern;
}

core::task<reply> mcp_endpoint::post_modern(const mcp_route& route, request_head head, std::string body,
                                            const jsonrpc::parsed& parsed) {
    const auto& message = parsed.message;
    const std::string id_token(message.id.in(body));
    if (parsed.code != 0) co_return reply(refused(mcp::refusal(400, parsed.code, message.fault), id_token));
    // A cancellation is told by closing the stream; ids of different clients collide.
    if (message.kind == jsonrpc::message_kind::notification)
        co_return reply(response(202, std::string(), std::string()));
    mcp::modern_request asked;
    auto wrong = mcp::read_modern_request(body, message, headers_of(head), asked);
    if (!wrong && mcp::is_removed_method(message.method_name))
        wrong.emplace(404, jsonrpc::code_method_not_found, "MCP 2026-07-28 has no such method");
    if (wrong) co_return reply(refused(*wrong, id_token));
    jsonrpc::flatten(body);
    const auto reads = read_accept(head.accept);
    if (message.method_name == "subscriptions/listen") {
        auto opened = co_await listen_modern(route, std::move(head), std::move(body), message);
        co_return opened;
    }
    auto client = make_session(route, head.agent, std::string());
    client->introduce(introduce_modern(asked));
    session::modern_parts parts;
    parts.mirrored = std::move(head.mcp_parameters);
    if (asked.has_request_state) parts.request_state = std::move(asked.request_state);
    parts.input_responses = std::move(asked.input_responses);
    auto call =
        submit(route, client, std::move(body), message, reads.events, caller_of(head), std::move(parts));
    if (head.on_client_gone) *head.on_client_gone = [client] { client->abandon_calls(); };
    auto answer = co_await relay_modern(std::move(client), std::move(call), reads);
    if (head.on_client_gone) *head.on_client_gone = nullptr;
    co_return answer;
}

session::introduction mcp_endpoint::introduce_modern(const mcp::modern_request& asked) {
    session::introduction who;
    who.leaving_cancels = true;
    who.speaks = mcp::era::modern;
    who.capabilities = asked.capabilities;
    who.info = asked.info;
    who.revision = std::string(mcp::modern_revision);
    who.log_level = asked.log_level;
    return who;
}

core::task<reply> mcp_endpoint::relay_modern(session_ref client, std::unique_ptr<session::open_call> call,
                                             accepted reads) {
    std::optional<std::string> first;
    const auto deadline = reads.events ? core::clock::now() + patience : core::time_point::max();
    bool something = co_await call->wait_until(deadline);
    while (something) {
        auto next = co_await call->next();
        if (next.index() == 1) co_return reply(finished_modern(*call, std::move(std::get<1>(next))));
        if (!reads.events) continue;
        first = std::move(std::get<0>(next));
        break;
    }
    auto events = std::make_shared<session::event_log>(loop_, 0, settings_.stream_buffer_bytes, false);
    if (first) events->append(*first);
    auto streamed = event_reply(events->attach(), [client] { client->abandon_calls(); });
    group_.spawn("stream", pump_modern(std::move(client), std::move(call), std::move(events)));
    co_return streamed;
}

core::task<> mcp_endpoint::pump_modern(session_ref client, std::unique_ptr<session::open_call> call,
                                       std::shared_ptr<session::event_log> into) {
    for (;;) {
        auto next = co_await call->next();
        if (next.index() == 1) {
            const auto answer = finished_modern(*call, std::move(std::get<1>(next)));
            if (!answer.body.empty()) into->append(answer.body);
            break;
        }
        into->append(std::get<0>(next));
    }
    into->end();
    client->touch();
}

response mcp_endpoint::finished_modern(const session::open_call& call, backend::outcome end) {
    const auto fault = end.failure;
    auto answer = finished(call, std::move(end));
    if (fault) return told_modern(std::move(answer), *fault, call);
    if (answer.body.empty()) return answer; // cancelled
    answer.status = status_of(answer.body);
    return answer;
}

// -32002 means something else in MCP 2026-07-28's past, and must not be used any more.
response mcp_endpoint::told_modern(response answer, const mcp::fault& what, const session::open_call& call) {
    const auto as_usual = mcp::answer_for(what.kind);
    if (as_usual.code == jsonrpc::code_server_timeout)
        answer.body = jsonrpc::error_response(call.id_token, jsonrpc::code_server_error, as_usual.message,
                                              call.target.name, what.detail);
    return answer;
}

} // namespace drawbridge::http
