// What a server says: answers, progress, its own requests and notifications, and who gets to hear them.
#include "backend/dialogue.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/methods.hpp"
#include "telemetry/sanitize.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {
namespace {

constexpr std::size_t progress_kept = 256; // messages of one call that its caller has not read yet

} // namespace

bool dialogue::receive(std::string_view text, std::uint64_t of_call) {
    if (settings_.counted != nullptr) settings_.counted->bytes_in += text.size();
    const auto message = jsonrpc::scan(text);
    if (message.kind != jsonrpc::message_kind::invalid) { // noise is no sign of life
        last_heard_ = core::clock::now();
        unheard_ = false;
    }
    // What it says on its way out is for nobody: its clients know already that it is gone.
    if (ended_) return message.kind != jsonrpc::message_kind::invalid;
    switch (message.kind) {
    case jsonrpc::message_kind::response:
        on_response(text, message, of_call);
        return true;
    case jsonrpc::message_kind::request:
        on_request(text, message);
        return true;
    case jsonrpc::message_kind::notification:
        on_notification(text, message, of_call);
        return true;
    case jsonrpc::message_kind::batch:
        return receive_batch(text, of_call);
    case jsonrpc::message_kind::invalid:
        break;
    }
    return false;
}

// Servers of 2025-03-26 may send several messages at once.
bool dialogue::receive_batch(std::string_view text, std::uint64_t of_call) {
    jsonrpc::array_walker elements(text, jsonrpc::skip_blank(text, 0));
    jsonrpc::span each;
    bool good = true;
    while (elements.next(each))
        good = text[each.begin] == '{' && receive(each.in(text), of_call) && good;
    return good && !elements.failed();
}

// One that was passed on with its caller's id is known by where the answer comes: that id may be anybody's.
std::optional<std::uint64_t> dialogue::answered_call(std::string_view line, const jsonrpc::envelope& message,
                                                     std::uint64_t of_call) {
    const auto* asked = pending_.find(of_call);
    if (asked != nullptr && asked->unchanged && message.id.present()) return of_call;
    const auto id = pending::number_of(message.id.in(line));
    const auto* named = id ? pending_.find(*id) : nullptr;
    return named == nullptr || !named->unchanged ? id : std::nullopt;
}

void dialogue::on_response(std::string_view line, const jsonrpc::envelope& message, std::uint64_t of_call) {
    const auto id = answered_call(line, message, of_call);
    if (!id || kept_for_absent(line, *id)) return;
    auto entry = pending_.take(*id);
    if (!entry) {
        log_.debug("an answer to a call that is gone was dropped");
        return;
    }
    if (modern() ? goes_on(*entry, line, message) : asks_to_open_url(*entry, line, message)) return;
    if (message.error.present()) give_up_subscription(*entry);
    outcome end(translated(*entry, jsonrpc::splice(line, {{message.id, entry->id_token}})));
    if (message.error.present())
        end.says = outcome::kind::error;
    else if (entry->method == "tools/call" &&
             jsonrpc::find_member(line, message.result, "isError").in(line) == "true")
        end.says = outcome::kind::tool_error;
    finish(std::move(*entry), std::move(end));
}

// Ping is answered here. Anything else needs a client capability, which only a link of one client declares.
void dialogue::on_request(std::string_view line, const jsonrpc::envelope& message) {
    const auto id = message.id.in(line);
    if (modern()) {
        log_.warning("a request of the server was dropped: MCP 2026-07-28 has none");
        return;
    }
    if (park(line, message)) return;
    const auto target = is_private() ? owner_->target.lock() : nullptr;
    if (message.method_name == "ping" || !target) {
        const bool sent =
            message.method_name == "ping"
                ? send(jsonrpc::result_response(id, "{}"), 0)
                : send(jsonrpc::error_response(id, jsonrpc::code_method_not_found, "Method not found"), 0);
        if (!sent) log_.warning("a request of the server could not be answered: it does not read its input");
        return;
    }
    if (asked_.empty()) {
        asked_since_ = core::clock::now();
        deadline_.call_off();
    }
    const auto limit = core::clock::now() + answer_limit;
    asked_.insert_or_assign(std::string(id), limit);
    if (!answer_alarm_.is_set()) answer_alarm_.set(limit, [this] { expire_requests(); });
    target->deliver(link_, std::string(line), message);
}

// The client has answered, or never will: from now on the time runs again.
void dialogue::forget_request(std::string_view id_token) {
    const auto found = asked_.find(id_token);
    if (found == asked_.end()) return;
    asked_.erase(found);
    last_used_ = core::clock::now();
    if (!asked_.empty()) return;
    answer_alarm_.call_off();
    pending_.postpone(core::clock::now() - asked_since_);
    arm_deadline();
}

void dialogue::expire_requests() {
    const auto now = core::clock::now();
    std::vector<std::string> late;
    auto next = core::time_point::max();
    for (const auto& [id, limit] : asked_) {
        if (limit <= now)
            late.push_back(id);
        else
            next = std::min(next, limit);
    }
    for (const auto& id : late) {
        log_.warning("a client did not answer a request of the server within 10 minutes");
        send(jsonrpc::error_response(id, jsonrpc::code_server_timeout, "The client did not answer"), 0);
        forget_request(id);
    }
    if (!asked_.empty()) answer_alarm_.set(next, [this] { expire_requests(); });
}

void dialogue::on_notification(std::string_view line, const jsonrpc::envelope& message,
                               std::uint64_t of_call) {
    if (message.method_name == "notifications/progress") {
        on_progress(line, message, of_call);
        return;
    }
    if (message.method_name == "notifications/cancelled") {
        parking_.withdraw(message.request_id.in(line));
        forget_request(message.request_id.in(line));
    }
    cache_.invalidate(line, message);
    if (modern() && from_listen(line, message)) return;
    if (to_caller(line, message, of_call)) return;
    const auto listeners = listeners_of(line, message);
    for (const auto& who : listeners)
        if (const auto target = who->target.lock()) target->deliver(link_, std::string(line), message);
    if (listeners.empty() && log_.enabled(telemetry::severity::debug))
        log_.debug("notification ", telemetry::sanitize(message.method_name, settings_.secrets, 100),
                   " has no listener");
}

// On a link that is shared inside one agent a log message belongs to the one whose call is running; between
// agents nothing passes that the receiver did not ask for itself.
std::vector<client_ref> dialogue::listeners_of(std::string_view line,
                                               const jsonrpc::envelope& message) const {
    if (is_private() && !modern()) return {owner_};
    if (!audience_) return {};
    if (mcp::tells_everybody(message.method_name)) return audience_->everybody();
    if (message.method_name == "notifications/resources/updated") {
        const auto uri = jsonrpc::find_member(line, message.params, "uri");
        return audience_->subscribers(jsonrpc::unescape(uri.in(line)).value_or(std::string()));
    }
    if (message.method_name == "notifications/cancelled") return {};
    client_ref only = pending_.only_caller();
    if (!only && audience_->shared_by() != reach::everybody) only = audience_->only_member();
    if (only) return {only};
    const bool log_message = message.method_name == "notifications/message";
    if (log_message || audience_->shared_by() != reach::one_agent) return {};
    return audience_->everybody();
}

void dialogue::on_progress(std::string_view line, const jsonrpc::envelope& message, std::uint64_t of_call) {
    const auto token = message.notified_token.in(line);
    auto* asked = pending_.find(of_call);
    auto* entry = asked != nullptr && asked->unchanged ? asked : pending_.find(token);
    const bool known = entry != nullptr && !entry->progress_token.empty();
    if (!known || (entry->unchanged && (entry != asked || token != entry->progress_token))) {
        log_.debug("progress of a call that is gone was dropped");
        return;
    }
    auto* place = parking_.find(pending::number_of(token).value_or(0));
    if (place != nullptr && place->away) {
        place->progress = std::string(line);
        return;
    }
    auto text = jsonrpc::splice(line, {{message.notified_token, entry->progress_token}});
    if (!entry->reply.message(std::move(text), progress_kept))
        log_.debug("progress was dropped: its reader is slow or gone");
}

} // namespace drawbridge::backend
