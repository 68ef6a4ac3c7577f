// How answers travel: as one JSON text when the server answers at once, as an event stream when it speaks
// before it answers, or keeps its client waiting.
#include "http/mcp_endpoint.hpp"

#include "http/event_body.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"

#include <chrono>
#include <utility>

namespace drawbridge::http {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;    // of a proxy in between, before it sees a byte
constexpr auto resume_after = 1s; // what a client waits before it resumes a stream that broke

} // namespace

// The status is committed late: only when there is something to say.
core::task<reply> mcp_endpoint::relay(session_ref client, std::unique_ptr<session::open_call> call,
                                      accepted reads) {
    std::optional<std::string> first;
    const auto deadline = reads.events ? core::clock::now() + patience : core::time_point::max();
    bool something = co_await call->wait_until(deadline);
    while (something) {
        auto next = co_await call->next();
        if (next.index() == 1) {
            auto answer = finished(*call, std::move(std::get<1>(next)));
            if (answer.body.empty() && reads.events) break; // cancelled: a stream without an answer
            co_return reply(std::move(answer));
        }
        if (!reads.events) continue;
        first = std::move(std::get<0>(next));
        break;
    }
    const bool cancelled = something && !first;
    const bool resumable = !client->id().empty();
    auto events = resumable
                      ? client->make_stream()
                      : std::make_shared<session::event_log>(loop_, 0, settings_.stream_buffer_bytes, false);
    if (resumable && client->primes()) events->prime(resume_after);
    if (first) events->append(*first);
    if (call->on_stream) call->on_stream(events);
    auto streamed = event_reply(events->attach());
    if (cancelled)
        events->end();
    else
        group_.spawn("stream", pump(std::move(client), std::move(call), std::move(events), true));
    co_return streamed;
}

// Goes on when the client's connection breaks: the client may come back for the rest.
core::task<> mcp_endpoint::pump(session_ref client, std::unique_ptr<session::open_call> call,
                                std::shared_ptr<session::event_log> into, bool last) {
    for (;;) {
        auto next = co_await call->next();
        if (next.index() == 1) {
            const auto answer = finished(*call, std::move(std::get<1>(next)));
            if (!answer.body.empty()) into->append(answer.body);
            break;
        }
        into->append(std::get<0>(next));
    }
    if (last) into->end();
    client->touch();
}

reply mcp_endpoint::listen(const mcp_route& route, const request_head& head) {
    if (!read_accept(head.accept).events) {
        const mcp::fault unreadable(mcp::fault_kind::not_acceptable,
                                    "a stream needs Accept: text/event-stream");
        return reply(fault_response(unreadable, route.name));
    }
    const auto client = find_session(route, head.session_id, head.agent);
    if (!client) {
        const mcp::fault missing(mcp::fault_kind::session_required,
                                 "send initialize first, then the Mcp-Session-Id of its answer");
        const mcp::fault ended(mcp::fault_kind::unknown_session,
                               "this session has ended or never was; send initialize to open another one");
        return reply(fault_response(head.session_id.empty() ? missing : ended, route.name));
    }
    const auto found = client->listen(head.last_event_id);
    if (found.failure) return reply(fault_response(*found.failure, route.name));
    return event_reply(found.stream->attach(found.after));
}

// --- HTTP+SSE of 2024-11-05

reply mcp_endpoint::open_legacy_stream(const mcp_route& route, const request_head& head) {
    if (const auto full = sessions_.admit(head.agent)) return reply(told(route.name, *full, {}));
    auto client = make_session(route, head.agent, session::store::make_id());
    sessions_.insert(client);
    const auto found = client->listen({});
    found.stream->append("endpoint", "/mcp/" + route.name + "/messages?sessionId=" + client->id());
    // Here the stream is the session.
    auto ended = [this, client] { sessions_.end(*client, "its stream ended"); };
    return event_reply(found.stream->attach(), std::move(ended));
}

core::task<reply> mcp_endpoint::post_legacy(const mcp_route& route, request_head head, std::string body) {
    constexpr std::string_view key = "sessionId=";
    const auto at = head.query.find(key);
    const auto id = at == std::string::npos ? std::string() : head.query.substr(at + key.size());
    const auto client = find_session(route, id.substr(0, id.find('&')), head.agent);
    if (!client) {
        const mcp::fault gone(mcp::fault_kind::unknown_session,
                              "this session has ended or never was; open the event stream again");
        co_return reply(fault_response(gone, route.name));
    }
    const auto parsed = jsonrpc::parse(body);
    if (parsed.code != 0) {
        const mcp::fault bad(mcp::fault_kind::invalid_request, parsed.message.fault);
        co_return reply(fault_response(bad, route.name, parsed.message.id.in(body)));
    }
    jsonrpc::flatten(body);
    group_.spawn("message", answer_legacy(route, client, std::move(body), caller_of(head)));
    co_return reply(response(202, "text/plain", "Accepted"));
}

// Everything goes out on the session's one stream.
core::task<> mcp_endpoint::answer_legacy(const mcp_route& route, session_ref client, std::string body,
                                         telemetry::trace_context caller) {
    const auto message = jsonrpc::scan(body);
    const auto stream = client->standalone();
    client->touch();
    if (message.kind != jsonrpc::message_kind::request) {
        take_in(client, std::move(body), message);
    } else if (message.method_name == "initialize" && client->revision().empty()) {
        const auto answer = co_await shake_hands(route, client, std::move(body), message, std::move(caller));
        stream->append(answer);
    } else if (message.method_name == "ping" || client->revision().empty()) {
        const auto id = message.id.in(body);
        const mcp::fault early(mcp::fault_kind::invalid_request, "send initialize first");
        stream->append(message.method_name == "ping" ? jsonrpc::result_response(id, "{}")
                                                     : fault_response(early, route.name, id).body);
    } else {
        auto call = submit(route, client, std::move(body), message, true, caller);
        co_await pump(client, std::move(call), stream, false);
    }
}

} // namespace drawbridge::http
