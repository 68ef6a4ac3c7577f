#include "session/session.hpp"

#include "backend/audience.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/methods.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::session {
namespace {

bool may_ask(std::string_view method) {
    return method == "tools/call" || method == "prompts/get" || method == "resources/read";
}

// What a server can only ask of one client.
bool declares_input(std::string_view capabilities) {
    const jsonrpc::span whole{jsonrpc::skip_blank(capabilities, 0), 1};
    for (const auto name : {"sampling", "elicitation", "roots", "tasks"})
        if (jsonrpc::find_member(capabilities, whole, name).present()) return true;
    return false;
}

bool forbidden(const mcp::tool_filter& tools, std::string_view text, const jsonrpc::envelope& message) {
    if (tools.all() || message.method_name != "tools/call") return false;
    const auto name = jsonrpc::unescape(message.params_name.in(text));
    return !message.params_name.present() || !name || !tools.allows(*name);
}

// What went wrong, in one word that says nothing of the content; empty: nothing.
std::string fault_word(const backend::outcome& end) {
    using kind = backend::outcome::kind;
    if (end.failure) return std::to_string(mcp::answer_for(end.failure->kind).code);
    if (end.response.empty()) return "cancelled";
    if (end.says != kind::error) return end.says == kind::tool_error ? "tool_error" : std::string();
    const auto error = jsonrpc::scan(end.response).error;
    const auto code = jsonrpc::find_member(end.response, error, "code").in(end.response);
    const bool number =
        !code.empty() && code.size() <= 11 && code.find_first_not_of("-0123456789") == std::string_view::npos;
    return number ? std::string(code) : "error";
}

} // namespace

void end_span(telemetry::span& span, const backend::outcome& end) {
    if (!span) return;
    const unsigned good = end.response.empty() ? 202 : 200;
    span.end(end.failure ? mcp::answer_for(end.failure->kind).http_status : good, fault_word(end));
}

introduction read_introduction(std::string_view initialize, const jsonrpc::envelope& message) {
    introduction who;
    const auto capabilities = jsonrpc::find_member(initialize, message.params, "capabilities").in(initialize);
    const auto info = jsonrpc::find_member(initialize, message.params, "clientInfo").in(initialize);
    if (capabilities.starts_with('{')) who.capabilities = capabilities;
    if (info.starts_with('{')) who.info = info;
    who.revision = jsonrpc::unescape(message.protocol_version.in(initialize)).value_or(std::string());
    return who;
}

// What a link of one server holds of the session.
class session::server_port final : public backend::port {
  public:
    server_port(session& owner, std::size_t server) : owner_(owner), server_(server) {}

    void deliver(std::uint64_t link, std::string text, const jsonrpc::envelope& message) override {
        owner_.deliver(server_, link, std::move(text), message);
    }
    void link_lost(std::uint64_t link) override { owner_.link_lost(server_, link); }

  private:
    session& owner_; // owns this
    std::size_t server_;
};

session::session(core::executor loop, session_settings settings, std::vector<const upstream*> servers,
                 telemetry::log log)
    : loop_(loop)
    , settings_(std::move(settings))
    , servers_(std::move(servers))
    , log_(std::move(log))
    , waiting_alarm_(loop) {
    for (std::size_t server = 0; server < servers_.size(); ++server)
        ports_.push_back(std::make_shared<server_port>(*this, server));
}

session::~session() = default;

void session::introduce(const introduction& who) {
    speaks_ = who.speaks;
    leaving_cancels_ = who.leaving_cancels;
    for (const auto& port : ports_) {
        auto seen = std::make_shared<backend::client>();
        seen->agent = settings_.agent;
        seen->session = settings_.id;
        seen->capabilities = who.capabilities;
        seen->info = who.info;
        seen->revision = who.revision;
        seen->input_capable = declares_input(who.capabilities);
        seen->speaks = who.speaks;
        seen->log_level = who.log_level;
        seen->listens = who.listens;
        seen->target = port;
        clients_.push_back(std::move(seen));
    }
}

bool session::busy() const {
    return !calls_.empty() || (standalone_ && standalone_->attached());
}

void session::close() {
    if (std::exchange(closed_, true)) return;
    for (std::size_t server = 0; server < clients_.size(); ++server)
        servers_[server]->backend.release(clients_[server]);
    ports_.clear(); // from now on nobody reaches it
    waiting_.clear();
    waiting_alarm_.call_off();
    if (standalone_ && listening_) standalone_->append(mcp::listen_end(listening_->id_token));
    if (standalone_) standalone_->end();
}

// --- what the client sends

std::unique_ptr<open_call> session::request(std::size_t server, std::string text,
                                            const jsonrpc::envelope& message, bool streams,
                                            const telemetry::trace_context& caller, modern_parts parts) {
    touch();
    auto span = start_span(server, text, message, caller);
    auto [sender, receiver] = backend::reply_sink::make(loop_);
    running_call running;
    running.ticket = ++last_ticket_;
    running.server = server;
    running.id_token = std::string(message.id.in(text));
    running.streams = streams;
    running.may_ask = may_ask(message.method_name);
    running.way = receiver.tap();
    if (message.method_name == "logging/setLevel") note_level(text, message);
    const auto place = calls_.insert(calls_.end(), std::move(running));
    if (streams && place->may_ask) flush_to(*place);
    auto closed = [self = shared_from_this(), place](bool answered) {
        if (!answered) self->abandon(*place);
        self->calls_.erase(place);
        self->touch();
    };
    auto open = std::make_unique<open_call>(std::move(receiver), *servers_[server], message, place->id_token,
                                            std::move(closed));
    open->on_stream = [place](const std::shared_ptr<event_log>& stream) { place->stream = stream; };
    std::string traceparent;
    std::string tracestate;
    if (span) {
        traceparent = telemetry::traceparent(span.context());
        tracestate = span.context().state;
        open->span = std::move(span);
    }
    if (abandoned_) {
        sender.finish(backend::outcome(std::string()));
        return open;
    }
    if (forbidden(servers_[server]->tools, text, message)) {
        sender.finish(backend::outcome(
            mcp::fault(mcp::fault_kind::tool_not_allowed,
                       "this tool is not in the list of tools that the gateway allows for this server")));
        return open;
    }
    backend::call call(std::move(text), message.id, message.method_name, std::move(sender));
    call.progress_token = message.progress_token;
    call.from = clients_.at(server);
    call.ticket = place->ticket;
    call.traceparent = std::move(traceparent);
    call.tracestate = std::move(tracestate);
    call.mirrored = std::move(parts.mirrored);
    call.request_state = std::move(parts.request_state);
    call.input_responses = std::move(parts.input_responses);
    servers_[server]->backend.submit(std::move(call));
    return open;
}

// What stands in the message is nearer to the call than the header of the HTTP request that brought it. It is
// replaced where it stands, without moving anything: `message` goes on to describe `text`.
telemetry::span session::start_span(std::size_t server, std::string& text, const jsonrpc::envelope& message,
                                    const telemetry::trace_context& caller) const {
    if (settings_.tracer == nullptr || !settings_.tracer->on()) return telemetry::span();
    const auto places = telemetry::find_trace(text, message);
    const auto own = telemetry::read_trace(text, places);
    const auto tool =
        message.method_name == "tools/call" ? jsonrpc::unescape(message.params_name.in(text)) : std::nullopt;
    auto span =
        settings_.tracer->start_span(own ? *own : caller, servers_[server]->name,
                                     mcp::shown_method(message.method_name), tool.value_or(std::string()));
    telemetry::replace_trace(text, places, span.context());
    return span;
}

void session::note_level(std::string_view text, const jsonrpc::envelope& message) {
    const auto level = jsonrpc::find_member(text, message.params, "level");
    const auto name = jsonrpc::unescape(level.in(text)).value_or(std::string());
    if (backend::level_order(name)) level_ = name;
}

void session::notify(std::string text, const jsonrpc::envelope& message) {
    touch();
    if (message.method_name == "notifications/initialized") return; // the link's own handshake says it
    if (message.method_name == "notifications/cancelled") {
        cancel(text, message);
        return;
    }
    if (message.method_name == "notifications/progress") {
        const auto* from = requests_.find(message.notified_token.in(text));
        if (from == nullptr || from->progress_token.empty()) return;
        servers_[from->upstream]->backend.notify(
            clients_[from->upstream],
            jsonrpc::splice(text, {{message.notified_token, from->progress_token}}));
        return;
    }
    for (std::size_t server = 0; server < clients_.size(); ++server) {
        // Whoever shares a link declares no roots on it.
        if (message.method_name == "notifications/roots/list_changed" && !clients_[server]->input_capable)
            continue;
        servers_[server]->backend.notify(clients_[server], text);
    }
}

void session::cancel(std::string_view text, const jsonrpc::envelope& message) {
    const auto id = message.request_id.in(text);
    const auto reason = jsonrpc::find_member(text, message.params, "reason").in(text);
    for (const auto& each : calls_)
        if (each.id_token == id)
            servers_[each.server]->backend.cancel(
                backend::cancel_message(clients_[each.server], each.ticket, std::string(reason)));
}

// Disconnecting is cancelling, for a client of 2026-07-28; older ones may come back.
void session::abandon(const running_call& call) const {
    if (!leaving_cancels_) return;
    servers_[call.server]->backend.cancel(
        backend::cancel_message(clients_[call.server], call.ticket, std::string()));
}

void session::abandon_calls() {
    abandoned_ = true;
    for (const auto& each : calls_)
        abandon(each);
}

void session::answer(const std::string& text, const jsonrpc::envelope& message) {
    touch();
    auto from = requests_.take(message.id.in(text));
    if (!from) {
        log_.debug("a client answered a request that nobody waits for");
        return;
    }
    auto restored = jsonrpc::splice(text, {{message.id, from->id_token}});
    servers_[from->upstream]->backend.answer(backend::answer_message(
        clients_[from->upstream], from->link, std::move(from->id_token), std::move(restored)));
}

} // namespace drawbridge::session
