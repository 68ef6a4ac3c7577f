#include "http/mcp_endpoint.hpp"

#include "http/event_body.hpp"
#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/initialize.hpp"
#include "mcp/revisions.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::http {
namespace {

std::optional<mcp::fault> refusal(const jsonrpc::parsed& message, const request_head& head) {
    if (!head.protocol_version.empty() && !mcp::is_legacy_revision(head.protocol_version)) {
        std::string known;
        for (const auto revision : mcp::legacy_revisions)
            known += (known.empty() ? "" : ", ") + std::string(revision);
        return mcp::fault(mcp::fault_kind::unsupported_version,
                          "MCP-Protocol-Version must be one of " + known);
    }
    if (message.code == 0 || message.message.kind == jsonrpc::message_kind::batch) return std::nullopt;
    return mcp::fault(message.code == jsonrpc::code_parse_error ? mcp::fault_kind::parse_error
                                                                : mcp::fault_kind::invalid_request,
                      message.message.fault);
}

// Lines about failed calls of one server: at once, and a second in the long run.
constexpr double failure_burst = 20;
constexpr double failures_per_second = 1;

mcp::fault no_session() {
    return mcp::fault(mcp::fault_kind::unknown_session,
                      "this session has ended or never was; send initialize to open another one");
}

} // namespace

mcp_endpoint::mcp_endpoint(core::executor loop, endpoint_settings settings,
                           telemetry::stdout_channel& payloads, telemetry::log log)
    : loop_(loop)
    , settings_(settings)
    , payloads_(payloads)
    , log_(std::move(log))
    , sessions_(loop, settings.sessions, log_)
    , group_(loop, [this](const std::string& name, const std::string& what) {
        log_.critical("a task of the endpoint ended by an exception: ", name, ": ", what);
    }) {}

void mcp_endpoint::add(session::upstream server) {
    servers_.push_back(std::make_unique<session::upstream>(std::move(server)));
    const auto* added = servers_.back().get();
    unified_.servers.push_back(added);
    federation_.servers.push_back(added->name);
    routes_.push_back(std::make_unique<mcp_route>(mcp_route{added->name, {added}}));
}

const mcp_route* mcp_endpoint::find(std::string_view server) const {
    const auto found =
        std::find_if(routes_.begin(), routes_.end(), [&](const auto& each) { return each->name == server; });
    return found == routes_.end() ? nullptr : found->get();
}

void mcp_endpoint::close() {
    sessions_.end_all();
}

// --- sessions

mcp_endpoint::session_ref mcp_endpoint::make_session(const mcp_route& route, std::size_t agent,
                                                     std::string id) {
    const auto log = id.empty() ? log_ : log_.for_session(std::to_string(++last_session_));
    session::session_settings settings;
    settings.id = std::move(id);
    settings.agent = agent;
    settings.kept_bytes = settings_.stream_buffer_bytes;
    settings.unified = route.unified();
    settings.tracer = settings_.tracer;
    return std::make_shared<session::session>(loop_, std::move(settings), route.servers, log);
}

mcp_endpoint::session_ref mcp_endpoint::find_session(const mcp_route& route, const std::string& id,
                                                     std::size_t agent) const {
    auto found = sessions_.find(id, agent);
    return found && found->servers() == route.servers ? found : nullptr;
}

core::task<reply> mcp_endpoint::open_session(const mcp_route& route, std::size_t agent, std::string body,
                                             const jsonrpc::envelope& message,
                                             telemetry::trace_context caller) {
    const std::string id_token(message.id.in(body));
    if (const auto full = sessions_.admit(agent))
        co_return reply(told(route.name, *full, id_token, ++last_request_));
    auto client = make_session(route, agent, session::store::make_id());
    sessions_.insert(client);
    auto answer = co_await shake_hands(route, client, std::move(body), message, std::move(caller));
    reply opened(json_response(200, std::move(answer)));
    if (client->revision().empty())
        sessions_.end(*client, "initialize failed");
    else
        opened.answer.headers.emplace_back("Mcp-Session-Id", client->id());
    co_return opened;
}

core::task<std::string> mcp_endpoint::shake_hands(const mcp_route& route, session_ref client,
                                                  std::string body, const jsonrpc::envelope& message,
                                                  telemetry::trace_context caller) {
    client->introduce(session::read_introduction(body, message));
    const auto call = submit(route, client, std::move(body), message, false, caller);
    auto next = co_await call->next();
    while (next.index() == 0)
        next = co_await call->next();
    auto answer = finished(*call, std::move(std::get<1>(next)));
    const auto result = mcp::initialize_result::read(answer.body);
    if (result.valid()) client->settle(std::string(result.protocol_version()));
    co_return std::move(answer.body);
}

response mcp_endpoint::end_session(const mcp_route& route, const request_head& head) {
    const auto client = find_session(route, head.session_id, head.agent);
    if (!client) {
        const mcp::fault missing(mcp::fault_kind::session_required, "name the session in Mcp-Session-Id");
        return fault_response(head.session_id.empty() ? missing : no_session(), route.name);
    }
    sessions_.end(*client, "its client ended it");
    return response(204, std::string(), std::string());
}

// --- messages

core::task<reply> mcp_endpoint::post(const mcp_route& route, request_head head, std::string body) {
    const auto parsed = jsonrpc::parse(body);
    const auto& message = parsed.message;
    if (is_modern(head, body, parsed)) {
        auto answer = co_await post_modern(route, std::move(head), std::move(body), parsed);
        co_return answer;
    }
    const auto id_token = std::string(message.id.in(body));
    if (const auto refused = refusal(parsed, head))
        co_return reply(fault_response(*refused, route.name, id_token));
    const auto reads = read_accept(head.accept);
    if (!reads.json && !reads.events) {
        const mcp::fault unreadable(mcp::fault_kind::not_acceptable,
                                    "accept application/json and text/event-stream");
        co_return reply(fault_response(unreadable, route.name, id_token));
    }
    jsonrpc::flatten(body); // one line for the server; the places of the tokens stay
    auto caller = caller_of(head);
    const bool opens = message.kind == jsonrpc::message_kind::request && message.method_name == "initialize";
    if (opens) {
        auto opened = co_await open_session(route, head.agent, std::move(body), message, std::move(caller));
        co_return opened;
    }
    auto client = head.session_id.empty() ? make_session(route, head.agent, std::string())
                                          : find_session(route, head.session_id, head.agent);
    if (!client) co_return reply(fault_response(no_session(), route.name, id_token));
    if (head.session_id.empty() && message.kind == jsonrpc::message_kind::response) {
        const mcp::fault whose(mcp::fault_kind::session_required,
                               "an answer has to name the session that was asked");
        co_return reply(fault_response(whose, route.name));
    }
    if (head.session_id.empty()) client->introduce(session::introduction());
    client->touch();
    if (message.kind == jsonrpc::message_kind::batch) {
        auto answers = co_await answer_batch(route, std::move(client), std::move(body), std::move(caller));
        co_return answers;
    }
    if (message.kind == jsonrpc::message_kind::request) {
        auto answer = co_await answer_request(route, std::move(client), reads, std::move(body), message,
                                              std::move(caller));
        co_return answer;
    }
    take_in(client, std::move(body), message);
    co_return reply(response(202, std::string(), std::string()));
}

void mcp_endpoint::take_in(const session_ref& client, std::string body,
                           const jsonrpc::envelope& message) const {
    if (message.kind == jsonrpc::message_kind::notification)
        client->notify(std::move(body), message);
    else
        client->answer(body, message);
}

core::task<reply> mcp_endpoint::answer_request(const mcp_route& route, session_ref client, accepted reads,
                                               std::string body, const jsonrpc::envelope& message,
                                               telemetry::trace_context caller) {
    if (message.method_name == "ping")
        co_return reply(json_response(200, jsonrpc::result_response(message.id.in(body), "{}")));
    auto call = submit(route, client, std::move(body), message, reads.events, caller);
    auto answer = co_await relay(std::move(client), std::move(call), reads);
    co_return answer;
}

std::unique_ptr<session::open_call> mcp_endpoint::submit(const mcp_route& route, const session_ref& client,
                                                         std::string body, const jsonrpc::envelope& message,
                                                         bool streams, const telemetry::trace_context& caller,
                                                         session::modern_parts parts) {
    auto call = route.unified()
                    ? session::submit_to_all(loop_, group_, federation_, client, std::move(body), message,
                                             streams, caller, std::move(parts))
                    : client->request(0, std::move(body), message, streams, caller, std::move(parts));
    call->number = ++last_request_;
    return call;
}

telemetry::trace_context mcp_endpoint::caller_of(const request_head& head) const {
    if (settings_.tracer == nullptr) return telemetry::trace_context();
    return settings_.tracer->read_caller(head.traceparent, head.tracestate);
}

// --- answers

response mcp_endpoint::finished(const session::open_call& call, backend::outcome end) {
    const auto& server = call.target.name;
    if (end.failure) return told(server, *end.failure, call.id_token, call.number);
    if (end.response.empty()) return response(202, std::string(), std::string()); // cancelled
    if (call.method == "tools/list" && !call.target.tools.all()) {
        end.response = call.target.tools.apply(end.response);
        if (end.response.empty()) {
            const mcp::fault unreadable(mcp::fault_kind::unavailable, "its list of tools can't be read");
            return told(server, unreadable, call.id_token, call.number);
        }
    }
    if (call.polish) end.response = call.polish(std::move(end.response));
    return json_response(200, std::move(end.response));
}

response mcp_endpoint::told(std::string_view server, const mcp::fault& what, std::string_view id_token,
                            std::uint64_t request) {
    const auto code = mcp::answer_for(what.kind).code;
    const bool about_request =
        what.kind == mcp::fault_kind::tool_not_allowed || what.kind == mcp::fault_kind::unknown_name ||
        what.kind == mcp::fault_kind::session_required || what.kind == mcp::fault_kind::unknown_session;
    if (what.kind != mcp::fault_kind::closing && !about_request) {
        telemetry::runtime_failure failure;
        failure.server = std::string(server);
        failure.request_id = std::string(id_token);
        failure.code = code;
        failure.detail = what.detail;
        payloads_.report(failure);
        log_failure(failure.server, what.detail, request);
    }
    return fault_response(what, server, id_token);
}

void mcp_endpoint::log_failure(const std::string& server, std::string_view detail, std::uint64_t request) {
    auto& limit = failure_lines_.try_emplace(server, failure_burst, failures_per_second).first->second;
    const auto left_out = limit.admit(core::clock::now());
    if (!left_out) return;
    const auto number = request != 0 ? std::to_string(request) : std::string();
    const auto log = log_.for_server(server).for_request(number);
    if (*left_out > 0)
        log.warning("a call failed: ", detail, " (", *left_out, " more like this were left out)");
    else
        log.warning("a call failed: ", detail);
}

} // namespace drawbridge::http
