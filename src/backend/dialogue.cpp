#include "backend/dialogue.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/methods.hpp"
#include "mcp/modern_request.hpp"
#include "mcp/revisions.hpp"
#include "version.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

constexpr auto forget_limit = std::chrono::seconds(30);

// The value of a string member of params, unescaped; empty where there is none.
std::string text_param(std::string_view line, const jsonrpc::envelope& message, std::string_view key) {
    const auto value = jsonrpc::find_member(line, message.params, key);
    return jsonrpc::unescape(value.in(line)).value_or(std::string());
}

mcp::fault overloaded(std::string why) {
    mcp::fault full(mcp::fault_kind::overloaded, std::move(why));
    full.retry_after = std::chrono::seconds(1);
    return full;
}

} // namespace

dialogue::dialogue(core::executor loop, std::uint64_t link, dialogue_settings settings, client_ref owner,
                   std::shared_ptr<audience> listeners, carrier& way, telemetry::log log)
    : loop_(loop)
    , link_(link)
    , settings_(std::move(settings))
    , owner_(std::move(owner))
    , audience_(std::move(listeners))
    , way_(way)
    , log_(std::move(log))
    , group_(loop,
             [this](const std::string& name, const std::string& what) {
                 log_.critical("a task of the dialogue ended by an exception: ", name, ": ", what);
                 way_.lose(health::cause::internal, "the gateway failed to serve it");
             })
    , idle_(loop)
    , deadline_(loop)
    , tools_learned_(loop)
    , cache_(settings_.cache_bytes)
    , gathering_(loop)
    , park_alarm_(loop)
    , rounds_alarm_(loop)
    , answer_alarm_(loop) {
    idle_.set();
}

// --- towards the server

void dialogue::submit(call request) {
    last_used_ = core::clock::now();
    if (ended_) {
        request.reply.finish(outcome(mcp::fault(mcp::fault_kind::unavailable, end_reason_)));
    } else if (request.resumes) {
        resume(std::move(request));
    } else if (pending_.size() >= settings_.max_queued_calls) {
        request.reply.finish(outcome(overloaded("too many calls are waiting for this server")));
    } else if (refused_for_era(request) || refused_level(request) || declined_url(request) ||
               answered_here(request) || answered_from_cache(request)) {
        return;
    } else {
        enter(std::move(request), core::clock::now() + settings_.tool_timeout);
    }
}

// What clients that share a link ask for once each, and the server needs to hear only once.
bool dialogue::answered_here(call& request) {
    if (modern() && subscribed_here(request)) return true;
    const bool about_resource =
        request.method == "resources/subscribe" || request.method == "resources/unsubscribe";
    if (!request.from || !audience_ || (!about_resource && request.method != "logging/setLevel"))
        return false;
    const auto message = jsonrpc::scan(request.text);
    bool for_server = true;
    if (about_resource) {
        const auto uri = text_param(request.text, message, "uri");
        for_server = request.method == "resources/subscribe" ? audience_->subscribe(*request.from, uri)
                                                             : audience_->unsubscribe(*request.from, uri);
    } else {
        for_server = audience_->set_level(*request.from, text_param(request.text, message, "level"));
    }
    if (for_server || audience_->exclusive()) return false;
    request.reply.finish(outcome(jsonrpc::result_response(request.id.in(request.text), "{}")));
    return true;
}

// From here on somebody waits for it: it can be called off, and its time runs.
std::uint64_t dialogue::admit(call& request, core::time_point deadline, bool own) {
    pending::entry entry;
    entry.own = own;
    if (own) ++own_;
    entry.id_token = std::string(request.id.in(request.text));
    entry.progress_token = std::string(request.progress_token.in(request.text));
    if (request.method == "resources/subscribe")
        entry.subscribes = text_param(request.text, jsonrpc::scan(request.text), "uri");
    entry.method = request.method;
    entry.ticket = request.ticket;
    entry.since = core::clock::now();
    entry.deadline = deadline;
    // It is postponed with the others once the client has answered, and has not waited as long as they have.
    if (awaits_client()) entry.deadline -= entry.since - asked_since_;
    if (!own && request.from) {
        remember(entry, request);
        set_log_level(request);
        if (request.from->speaks != era_) translate(request);
        if (!entry.text.empty()) entry.text = request.text;
        entry.unchanged = goes_unchanged(request);
    }
    entry.mirrored = std::move(request.mirrored);
    entry.from = std::move(request.from);
    entry.reply = std::move(request.reply);
    const auto id = pending_.add(std::move(entry));
    if (!own) idle_.reset();
    return id;
}

void dialogue::enter(call request, core::time_point deadline, bool own) {
    const auto id = admit(request, deadline, own);
    const auto& entry = *pending_.find(id);
    auto line = with_number(entry, request.text, id);
    if (!request.traceparent.empty())
        way_.accompany(id, std::move(request.traceparent), std::move(request.tracestate));
    if (!own && lacks_subscriptions())
        group_.spawn("subscriptions", send_with_subscriptions(id, std::move(line)));
    else if (needs_tools(entry, line))
        group_.spawn("tools", send_with_tools(id, std::move(line)));
    else
        send_off(id, line);
    arm_deadline();
}

void dialogue::send_off(std::uint64_t id, std::string_view line) {
    auto* entry = pending_.find(id);
    if (entry == nullptr) return; // called off meanwhile, or the link has ended
    if (const auto wrong = header_fault(*entry, line)) {
        const mcp::refusal refused(400, jsonrpc::code_header_mismatch, *wrong);
        auto text = refused.response(entry->id_token);
        drop(id, std::string_view(), outcome(std::move(text)));
        return;
    }
    if (modern() && way_.has_headers()) mirror_arguments(id, *entry, line);
    entry->sent = true;
    if (send(line, id))
        arm_deadline();
    else
        fail(id, overloaded("the server does not read its input"));
}

void dialogue::notify(std::string_view line) {
    if (ended_ || !send(line, 0))
        log_.debug("a notification was dropped: the link is not up or the server does not read");
}

void dialogue::relay_notification(std::string_view line) {
    if (modern() && jsonrpc::scan(line).method_name == "notifications/roots/list_changed") return;
    notify(line);
}

void dialogue::answer(std::string_view id_token, std::string_view line) {
    if (rounds_.knows(id_token)) {
        take_input(id_token, line);
        return;
    }
    if (!asked_.contains(id_token)) {
        log_.debug("an answer of a client came too late for the server that asked");
        return;
    }
    forget_request(id_token);
    if (ended_ || !send(line, 0)) log_.warning("a client's answer could not be sent to the server");
}

void dialogue::cancel(const client& from, std::uint64_t ticket, std::string_view reason) {
    if (auto asked = rounds_.take(from, ticket)) finish(std::move(asked->call), outcome(std::string()));
    const auto id = pending_.find(from, ticket);
    if (!id) return; // answered in between: a race that the specification foresees
    auto* place = parking_.find(*id);
    if (place != nullptr && place->away) return; // its client has its interim answer
    drop(*id, reason, outcome(std::string()));
}

// Nobody waits any more for what the server may be working on.
void dialogue::drop(std::uint64_t id, std::string_view reason, outcome end) {
    auto entry = pending_.take(id);
    if (!entry) return;
    if (entry->sent) call_off(id, reason);
    finish(std::move(*entry), std::move(end));
    way_.forget(id);
}

// The server is told that nobody waits, where it is not told by the end of the answer's stream.
void dialogue::call_off(std::uint64_t id, std::string_view reason) {
    parking_.erase(id);
    if (modern() && way_.has_headers()) return;
    std::string params = R"({"requestId":)" + std::to_string(id);
    if (!reason.empty()) params += R"(,"reason":)" + std::string(reason);
    notify(jsonrpc::notification("notifications/cancelled", params + "}"));
}

void dialogue::release(const client& who) {
    const mcp::fault gone(mcp::fault_kind::unknown_session, "the session ended before the answer came");
    for (auto& asked : rounds_.take_of(who))
        finish(std::move(asked.call), outcome(gone));
    for (const auto id : pending_.of(who))
        drop(id, R"("the session ended")", outcome(gone));
    if (!audience_) return;
    for (const auto& uri : audience_->leave(who)) {
        if (ended_ || is_private() || !initialize_result_.valid()) continue; // a link of its own ends with it
        if (modern()) {
            listen_anew();
            continue;
        }
        auto text = jsonrpc::request("0", "resources/unsubscribe", R"({"uri":)" + jsonrpc::quote(uri) + "}");
        const auto id = jsonrpc::scan(text).id;
        call request(std::move(text), id, "resources/unsubscribe", {});
        enter(std::move(request), core::clock::now() + forget_limit, true);
    }
}

bool dialogue::send(std::string_view line, std::uint64_t call) {
    const bool sent = way_.send(line, call);
    if (sent && settings_.counted != nullptr) settings_.counted->bytes_out += line.size();
    return sent;
}

} // namespace drawbridge::backend
