// subscriptions/listen of MCP 2026-07-28: a stream of what one server says by itself, or all of them.
#include "http/mcp_endpoint.hpp"

#include "http/event_body.hpp"
#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/federation.hpp"
#include "mcp/initialize.hpp"
#include "mcp/listen_filter.hpp"

#include <map>
#include <utility>

namespace drawbridge::http {
namespace {

using session_ref = std::shared_ptr<session::session>;

std::unique_ptr<session::open_call> ask(const session_ref& client, std::size_t server,
                                        std::string_view method, const std::string& params) {
    auto text = jsonrpc::request("0", method, params);
    const auto message = jsonrpc::scan(text);
    return client->request(server, std::move(text), message, false);
}

core::task<backend::outcome> end_of(session::open_call& call) {
    auto next = co_await call.next();
    while (next.index() == 0)
        next = co_await call.next();
    co_return std::move(std::get<1>(next));
}

// What a server that has introduced itself agrees to.
core::task<mcp::listen_filter> subscribe(session_ref client, std::size_t server, mcp::listen_filter wanted,
                                         std::string_view introduced) {
    const auto said = mcp::initialize_result::read(introduced);
    auto agreed = mcp::honoured(wanted, said.capabilities());
    std::map<std::string, std::unique_ptr<session::open_call>>
        asking; // at once: they share one upstream stream
    for (const auto& uri : agreed.uris)
        asking[uri] = ask(client, server, "resources/subscribe", R"({"uri":)" + jsonrpc::quote(uri) + "}");
    for (const auto& [uri, call] : asking) {
        const auto end = co_await end_of(*call);
        if (end.failure || jsonrpc::scan(end.response).error.present()) agreed.uris.erase(uri);
    }
    co_return agreed;
}

} // namespace

// What a client wants to be told is a session of its own, without calls: it joins the audience of each
// server's link, subscribes to what the client names, and hears nothing else.
core::task<reply> mcp_endpoint::listen_modern(const mcp_route& route, request_head head, std::string body,
                                              const jsonrpc::envelope& message) {
    const std::string id_token(message.id.in(body));
    const auto wanted = mcp::read_listen_filter(body, message);
    if (!wanted) {
        const mcp::refusal unreadable(200, jsonrpc::code_invalid_params,
                                      "params.notifications must be an object of notification types");
        co_return reply(json_response(unreadable.http_status, unreadable.response(id_token)));
    }
    if (!read_accept(head.accept).events) {
        const mcp::fault unreadable(mcp::fault_kind::not_acceptable,
                                    "a stream needs Accept: text/event-stream");
        co_return reply(fault_response(unreadable, route.name, id_token));
    }
    if (const auto full = sessions_.admit(head.agent)) co_return reply(told(route.name, *full, id_token));
    auto client = make_session(route, head.agent, session::store::make_id());
    sessions_.insert(client);
    session::introduction who;
    who.listens = true;
    client->introduce(who);
    auto honoured = *wanted;
    if (head.on_client_gone) *head.on_client_gone = [client] { client->abandon_calls(); };
    auto failure = co_await subscribe_all(route, client, honoured);
    if (head.on_client_gone) *head.on_client_gone = nullptr;
    if (failure) {
        sessions_.end(*client, "its server is not there");
        co_return reply(fault_response(*failure, route.name, id_token));
    }
    const auto stream = client->listen_only(session::listening_for{id_token, honoured});
    auto ended = [this, client] { sessions_.end(*client, "its stream ended"); };
    co_return event_reply(stream->attach(), std::move(ended));
}

// Leaves in `filter` what at least one server agreed to. A fault: the one server can't be asked; of several
// each may be missing.
core::task<std::optional<mcp::fault>> mcp_endpoint::subscribe_all(const mcp_route& route, session_ref client,
                                                                  mcp::listen_filter& filter) {
    const auto wanted = std::exchange(filter, mcp::listen_filter());
    std::vector<std::unique_ptr<session::open_call>> openings; // at once: each may have to start its server
    for (std::size_t server = 0; server < route.servers.size(); ++server)
        openings.push_back(ask(client, server, "initialize", R"({"protocolVersion":"2025-11-25"})"));
    for (std::size_t server = 0; server < openings.size(); ++server) {
        auto opened = co_await end_of(*openings[server]);
        if (opened.failure && !route.unified()) co_return opened.failure;
        if (opened.failure) continue;
        const auto& name = route.servers[server]->name;
        auto own = route.unified() ? mcp::filter_for(name, wanted) : wanted;
        auto agreed = co_await subscribe(client, server, std::move(own), opened.response);
        if (route.unified())
            mcp::add_agreed(filter, name, agreed);
        else
            filter = std::move(agreed);
    }
    co_return std::nullopt;
}

} // namespace drawbridge::http
