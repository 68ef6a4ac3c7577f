#include "session/federation.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/edit_object.hpp"
#include "mcp/initialize.hpp"
#include "mcp/legacy_server.hpp"
#include "mcp/revisions.hpp"
#include "version.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::session {
namespace {

using backend::outcome;
using session_ref = std::shared_ptr<session>;

constexpr unsigned most_pages = 100;         // of one server's list
constexpr std::size_t forwarded_limit = 256; // messages of one call that nobody has read

std::size_t place_of(const session& client, std::string_view server) {
    const auto& all = client.servers();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto* each) { return each->name == server; });
    return static_cast<std::size_t>(found - all.begin());
}

// What comes before the end goes on to whoever waits for the whole.
core::task<outcome> end_of(open_call& call, backend::reply_sink::sender& whole) {
    auto next = co_await call.next();
    while (next.index() == 0) {
        whole.message(std::move(std::get<0>(next)), forwarded_limit);
        next = co_await call.next();
    }
    co_return std::move(std::get<1>(next));
}

bool is_progress_token(std::string_view key) {
    return jsonrpc::string_equals(key, "progressToken");
}

// A list that servers are asked for in a client's name.
struct listing {
    listing(session_ref who, mcp::list_kind what, std::string_view text, const jsonrpc::envelope& message,
            const telemetry::trace_context& span)
        : client(std::move(who))
        , kind(what)
        , id_token(message.id.in(text))
        , meta(mcp::without(message.params_meta.in(text), is_progress_token))
        , caller(span) {}

    session_ref client;
    mcp::list_kind kind;
    std::string id_token;
    std::string meta; // raw JSON, as the client's request has it, but for progress: of whose?
    telemetry::trace_context caller;
};

std::unique_ptr<open_call> ask_page(const listing& list, std::size_t server, std::string_view cursor = {}) {
    std::string params;
    if (list.meta != "{}") mcp::append_member(params, "_meta", list.meta);
    if (!cursor.empty()) mcp::append_member(params, "cursor", cursor);
    auto text = jsonrpc::request(list.id_token, mcp::list_method(list.kind), "{" + params + "}");
    const auto message = jsonrpc::scan(text);
    return list.client->request(server, std::move(text), message, false, list.caller);
}

// All pages of one server, the first of which has been asked for.
core::task<> collect_one(const listing& list, std::size_t server, std::unique_ptr<open_call> page,
                         mcp::list_merge& into, backend::reply_sink::sender& answer) {
    const auto& target = *list.client->servers()[server];
    for (unsigned count = 0; count < most_pages; ++count) {
        const auto end = co_await end_of(*page, answer);
        if (end.failure) into.failed(target.name, end.failure->detail);
        if (end.failure || end.response.empty() || !into.add(target.name, end.response, target.tools))
            co_return;
        const auto cursor = mcp::next_cursor(end.response);
        if (cursor.empty()) co_return;
        page = ask_page(list, server, cursor);
    }
    into.failed(target.name, "its list has more than 100 pages");
}

core::task<> collect(federation& all, listing list, backend::reply_sink::sender answer) {
    mcp::list_merge merged(list.kind, &all.names);
    std::vector<std::unique_ptr<open_call>> first;
    for (std::size_t server = 0; server < list.client->servers().size(); ++server)
        first.push_back(ask_page(list, server));
    for (std::size_t server = 0; server < first.size(); ++server)
        co_await collect_one(list, server, std::move(first[server]), merged, answer);
    answer.finish(outcome(jsonrpc::result_response(list.id_token, merged.result())));
}

std::unique_ptr<open_call> forward(const session_ref& client, mcp::federated_call call, bool streams,
                                   const telemetry::trace_context& caller, modern_parts parts) {
    const auto message = jsonrpc::scan(call.text);
    auto open = client->request(place_of(*client, call.server), std::move(call.text), message, streams,
                                caller, std::move(parts));
    open->polish = [server = std::move(call.server), method = message.method_name](std::string response) {
        return mcp::rewrite_result(server, method, std::move(response));
    };
    return open;
}

outcome refusal(std::string reason) {
    return outcome(mcp::fault(mcp::fault_kind::unknown_name, std::move(reason)));
}

// The name was shortened, and this gateway has not listed its server yet.
core::task<> ask_and_forward(federation& all, session_ref client, std::string text, std::string server,
                             bool streams, backend::reply_sink::sender answer,
                             telemetry::trace_context caller, modern_parts parts) {
    const auto message = jsonrpc::scan(text);
    const auto kind = message.method_name == "tools/call" ? mcp::list_kind::tools : mcp::list_kind::prompts;
    const listing list(client, kind, text, message, caller);
    const auto place = place_of(*client, server);
    mcp::list_merge learned(kind, &all.names);
    auto page = ask_page(list, place);
    co_await collect_one(list, place, std::move(page), learned, answer);
    auto routed = mcp::route_call(all.servers, all.names, text, message);
    if (!routed.call) {
        answer.finish(refusal(routed.reason.empty() ? "no server has this name" : std::move(routed.reason)));
        co_return;
    }
    const auto call = forward(client, std::move(*routed.call), streams, caller, std::move(parts));
    auto end = co_await end_of(*call, answer);
    if (!end.failure && !end.response.empty()) end.response = call->polish(std::move(end.response));
    answer.finish(std::move(end));
}

// What the gateway says for all servers together.
std::string answered_here(const federation& all, std::string_view text, const jsonrpc::envelope& message) {
    const auto id = message.id.in(text);
    if (message.method_name == "initialize") {
        const auto asked = jsonrpc::unescape(message.protocol_version.in(text)).value_or(std::string());
        return jsonrpc::result_response(
            id, mcp::federated_initialize(mcp::negotiate(asked), gateway_version, all.servers));
    }
    if (message.method_name == "server/discover") {
        const auto own = mcp::federated_initialize(mcp::latest_legacy_revision, gateway_version, all.servers);
        const auto said = mcp::initialize_result::read(jsonrpc::result_response("0", own));
        return jsonrpc::result_response(id, mcp::legacy_server::discover_result(said, true, {}));
    }
    if (message.method_name == "logging/setLevel") return jsonrpc::result_response(id, "{}");
    return jsonrpc::error_response(id, jsonrpc::code_method_not_found,
                                   "Method not found at the unified endpoint; use /mcp/{server}");
}

// The gateway's own answers are written as those of a server of sessions.
std::string worded_for_modern(const std::string& method, const std::string& response) {
    return mcp::legacy_server::response(response, jsonrpc::scan(response), method,
                                        mcp::gateway_info(gateway_version));
}

} // namespace

std::unique_ptr<open_call> submit_to_all(core::executor loop, core::task_group& group, federation& all,
                                         const session_ref& client, std::string text,
                                         const jsonrpc::envelope& message, bool streams,
                                         const telemetry::trace_context& caller, modern_parts parts) {
    auto [answer, receiver] = backend::reply_sink::make(loop);
    auto open = std::make_unique<open_call>(std::move(receiver), all.whole, message,
                                            std::string(message.id.in(text)), nullptr);
    if (mcp::is_routed(message.method_name)) {
        auto routed = mcp::route_call(all.servers, all.names, text, message);
        if (routed.call) return forward(client, std::move(*routed.call), streams, caller, std::move(parts));
        if (routed.ask.empty())
            answer.finish(refusal(std::move(routed.reason)));
        else
            group.spawn("list", ask_and_forward(all, client, std::move(text), std::move(routed.ask), streams,
                                                std::move(answer), caller, std::move(parts)));
        return open;
    }
    if (client->speaks() == mcp::era::modern)
        open->polish = [method = message.method_name](const std::string& response) {
            return worded_for_modern(method, response);
        };
    if (const auto kind = mcp::list_kind_of(message.method_name)) {
        listing list(client, *kind, text, message, caller);
        group.spawn("list", collect(all, std::move(list), std::move(answer)));
        return open;
    }
    if (message.method_name == "logging/setLevel") client->note_level(text, message);
    answer.finish(outcome(answered_here(all, text, message)));
    return open;
}

} // namespace drawbridge::session
