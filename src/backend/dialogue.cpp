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

constexpr auto ping_limit = std::chrono::seconds(5);
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

// --- ends and deadlines

void dialogue::finish(pending::entry entry, outcome end) {
    if (entry.own)
        --own_;
    else
        last_used_ = core::clock::now();
    if (end.failure || end.response.empty()) give_up_subscription(entry);
    entry.reply.finish(std::move(end));
    if (in_flight() == 0) idle_.set();
}

// The server has not agreed: the next one who subscribes is not told that it has. Others who hold it by now
// have relied on this call.
void dialogue::give_up_subscription(const pending::entry& entry) {
    if (entry.subscribes.empty() || !entry.from || !audience_) return;
    if (modern()) { // where each waits for itself
        audience_->unsubscribe(*entry.from, entry.subscribes);
        return;
    }
    for (const auto& who : audience_->subscribers(entry.subscribes))
        audience_->unsubscribe(*who, entry.subscribes);
}

void dialogue::fail(std::uint64_t call, mcp::fault why) {
    if (lost_for_absent(call, why)) return;
    parking_.erase(call);
    if (auto entry = pending_.take(call)) finish(std::move(*entry), outcome(std::move(why)));
}

void dialogue::drop_oversized(std::size_t bytes, std::size_t limit, std::string_view id_token) {
    const auto id = pending::number_of(id_token);
    mcp::fault too_large(mcp::fault_kind::answer_too_large,
                         "the answer has " + std::to_string(bytes) + " bytes, more than the limit of " +
                             std::to_string(limit) + " (gateway.drawbridge.maxMessageBytes)");
    if (id) fail(*id, std::move(too_large));
}

void dialogue::end(const std::string& why) {
    if (std::exchange(ended_, true)) return;
    end_reason_ = why;
    deadline_.call_off();
    answer_alarm_.call_off();
    gathering_.call_off();
    park_alarm_.call_off();
    rounds_alarm_.call_off();
    tools_learned_.set();
    asked_.clear();
    parking_.clear();
    subscribing_.clear();
    if (audience_)
        for (const auto& who : audience_->everybody())
            if (const auto target = who->target.lock()) target->link_lost(link_);
    own_ = 0;
    auto left = pending_.take_all();
    for (auto& each : rounds_.take_all())
        left.push_back(std::move(each.call));
    for (auto& entry : left) {
        give_up_subscription(entry);
        const bool interrupted = initialize_result_.valid();
        mcp::fault gone(interrupted ? mcp::fault_kind::call_interrupted : mcp::fault_kind::unavailable,
                        interrupted ? why + " while it worked on this call, which may or may not have been "
                                            "carried out; it was not repeated"
                                    : why);
        entry.reply.finish(outcome(std::move(gone)));
    }
    idle_.set();
}

void dialogue::arm_deadline() {
    const auto next = pending_.next_deadline();
    if (!next || *next == core::time_point::max() || ended_ || awaits_client()) return;
    // An alarm that is set earlier does: it looks again when it rings. So a busy link sets one alarm per
    // toolTimeout.
    if (deadline_.is_set() && armed_for_ <= *next) return;
    armed_for_ = *next;
    deadline_.set(*next, [this] { expire_calls(); });
}

void dialogue::expire_calls() {
    const auto now = core::clock::now();
    for (auto& [id, entry] : pending_.expire(now)) {
        const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - entry.since).count();
        if (!entry.own)
            log_.for_request(std::to_string(id))
                .error(mcp::shown_method(entry.method), " timed out after ", elapsed, " ms");
        const bool opens = entry.method == "initialize" || entry.method == "server/discover";
        // initialize must not be cancelled (MCP cancellation)
        if (!opens && entry.sent) call_off(id, R"("timed out")");
        if (entry.sent && last_heard_ <= entry.since && initialize_result_.valid() && !entry.own) {
            unheard_ = true;
            if (!std::exchange(checking_, true)) group_.spawn("check", check_alive());
        }
        mcp::fault late(mcp::fault_kind::timed_out, std::string(mcp::shown_method(entry.method)) +
                                                        " was not answered within " +
                                                        std::to_string(elapsed) + " ms");
        finish(std::move(entry), outcome(std::move(late)));
        way_.forget(id);
    }
    arm_deadline();
}

// A server that has not said a word since a call that it never answered is asked whether it is still there:
// one that has stopped answering is in error, however alive its process is (Gateway 8.2). Busy is not dead:
// as long as other calls are inside their deadline it is given the time.
core::task<> dialogue::check_alive() {
    const auto asked = core::clock::now();
    const auto deadline = asked + ping_limit;
    const outcome answer = co_await ask_alive(deadline);
    checking_ = false;
    if (answer.failure && last_heard_ <= asked && in_flight() == 0)
        way_.lose(health::cause::silent, "it stopped answering");
}

core::task<bool> dialogue::wait_idle(core::time_point deadline) {
    const bool idle = co_await idle_.wait_until(deadline);
    co_return idle;
}

core::task<> dialogue::join() {
    co_await group_.join();
}

} // namespace drawbridge::backend
