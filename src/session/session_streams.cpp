// What servers send by themselves, and the stream that it goes out on. Each message goes out on exactly one
// (MCP Streamable HTTP, "Multiple Connections").
#include "session/session.hpp"

#include "backend/audience.hpp"
#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/federation.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::session {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t call_limit = 256;  // messages of one call that its client has not read
constexpr std::size_t queue_limit = 128; // messages without a stream
constexpr auto request_patience = 30s;   // of a server's request for a stream that it can go out on

// A later message of the same kind makes an earlier one that nobody has read pointless.
std::string repeats(std::string_view text, const jsonrpc::envelope& message) {
    const auto& method = message.method_name;
    if (method == "notifications/resources/updated")
        return method + std::string(jsonrpc::find_member(text, message.params, "uri").in(text));
    return method.ends_with("/list_changed") ? method : std::string();
}

} // namespace

std::shared_ptr<event_log> session::make_stream() {
    trim_streams();
    streams_.push_back(std::make_shared<event_log>(loop_, ++last_stream_, settings_.kept_bytes, true));
    return streams_.back();
}

// Streams whose answer was sent are kept a while: the client may not have read the last of it.
void session::trim_streams() {
    std::size_t bytes = 0;
    for (const auto& each : streams_)
        bytes += each->bytes();
    for (auto each = streams_.begin(); each != streams_.end();) {
        const bool too_much = streams_.size() >= settings_.max_streams || bytes > settings_.kept_bytes;
        if (too_much && (*each)->ended() && !(*each)->attached()) {
            bytes -= (*each)->bytes();
            each = streams_.erase(each);
        } else {
            ++each;
        }
    }
}

session::listening session::listen(std::string_view last_event_id) {
    touch();
    listening found;
    if (!last_event_id.empty()) {
        const auto place = read_event_id(last_event_id);
        auto known = place && standalone_ && standalone_->number() == place->stream ? standalone_ : nullptr;
        for (const auto& each : streams_)
            if (place && each->number() == place->stream) known = each;
        if (known) {
            if (!known->ended()) flush_to(*known);
            found.stream = std::move(known);
            found.after = place->event;
            return found;
        }
        if (place && place->stream != 0 && place->stream <= last_stream_) {
            // Too old to be kept: nothing to resume, but the client may go on listening.
            log_.debug("a stream that a client wants to resume is not kept any more");
        }
    }
    if (standalone_ && standalone_->attached()) {
        found.failure =
            mcp::fault(mcp::fault_kind::stream_conflict,
                       "this session has a stream already; close it, or resume it with Last-Event-ID");
        return found;
    }
    if (!standalone_)
        standalone_ = std::make_shared<event_log>(loop_, ++last_stream_, settings_.kept_bytes, true);
    flush_to(*standalone_);
    found.stream = standalone_;
    return found;
}

const std::shared_ptr<event_log>& session::listen_only(listening_for what) {
    listening_ = std::move(what);
    standalone_ = std::make_shared<event_log>(loop_, 0, settings_.kept_bytes, false);
    standalone_->append(mcp::acknowledgement(listening_->id_token, listening_->filter));
    for (const auto& each : std::exchange(waiting_, {}))
        tell_subscriber(each.text);
    return standalone_;
}

// To the client of a subscriptions/listen, if it asked for this.
void session::tell_subscriber(const std::string& text) const {
    const auto message = jsonrpc::scan(text);
    if (mcp::wants(listening_->filter, text, message))
        standalone_->append(mcp::tagged(text, message, listening_->id_token));
}

void session::deliver(std::size_t server, std::uint64_t link, std::string text,
                      const jsonrpc::envelope& message) {
    if (closed_) return;
    // Only a URI grows, which is read anew where it matters: `message` goes on to describe the rest.
    if (settings_.unified) text = mcp::rewrite_notification(servers_[server]->name, std::move(text));
    if (listening_) {
        tell_subscriber(text);
        return;
    }
    if (message.kind == jsonrpc::message_kind::request) {
        deliver_request(server, link, text, message);
        return;
    }
    if (message.method_name == "notifications/cancelled") {
        const auto reason = jsonrpc::find_member(text, message.params, "reason").in(text);
        if (const auto id = requests_.take(server, link, message.request_id.in(text))) withdraw(*id, reason);
        return;
    }
    if (!hears(text, message)) return;
    // Log messages belong to what the client is doing; the rest has a stream of its own.
    const bool sent = message.method_name == "notifications/message" ? to_call(text) || to_listener(text)
                                                                     : to_listener(text) || to_call(text);
    if (sent) return;
    waiting_message waits;
    waits.coalesces = repeats(text, message);
    waits.text = std::move(text);
    queue(std::move(waits));
}

// A link that several share says as much as its most curious client wants.
bool session::hears(std::string_view text, const jsonrpc::envelope& message) const {
    if (message.method_name != "notifications/message" || level_.empty()) return true;
    const auto level = jsonrpc::find_member(text, message.params, "level");
    const auto order = backend::level_order(jsonrpc::unescape(level.in(text)).value_or(std::string()));
    return !order || *order >= *backend::level_order(level_);
}

void session::deliver_request(std::size_t server, std::uint64_t link, const std::string& text,
                              const jsonrpc::envelope& message) {
    server_requests::origin from;
    from.upstream = server;
    from.link = link;
    from.id_token = std::string(message.id.in(text));
    from.progress_token = std::string(message.progress_token.in(text));
    waiting_message waits;
    waits.request = requests_.add(std::move(from));
    const auto id = std::to_string(waits.request);
    waits.text = message.progress_token.present()
                     ? jsonrpc::splice(text, {{message.id, id}, {message.progress_token, id}})
                     : jsonrpc::splice(text, {{message.id, id}});
    if (!to_call(waits.text) && !to_listener(waits.text)) queue(std::move(waits));
}

// The oldest call that can lead to a server's request, and whose client has not lost its stream; SDK clients
// do not care which stream it is.
bool session::to_call(const std::string& text) const {
    for (const auto& each : calls_) {
        const auto stream = each.stream.lock();
        const bool cut_off = stream && !stream->attached();
        if (each.streams && each.may_ask && !cut_off && each.way.message(text, call_limit)) return true;
    }
    return false;
}

bool session::to_listener(const std::string& text) const {
    if (!standalone_ || !standalone_->attached()) return false;
    standalone_->append(text);
    return true;
}

// No stream is open: the message waits for the next one.
void session::queue(waiting_message what) {
    if (!what.coalesces.empty())
        std::erase_if(waiting_,
                      [&](const waiting_message& each) { return each.coalesces == what.coalesces; });
    if (waiting_.size() >= queue_limit) {
        const auto oldest = std::find_if(waiting_.begin(), waiting_.end(),
                                         [](const waiting_message& each) { return each.request == 0; });
        if (oldest == waiting_.end()) return; // requests only: they have a deadline of their own
        log_.debug("a message for a client without a stream was dropped");
        waiting_.erase(oldest);
    }
    const bool asks = what.request != 0;
    waiting_.push_back(std::move(what));
    if (asks && !waiting_alarm_.is_set())
        waiting_alarm_.set(core::clock::now() + request_patience, [this] { give_up_waiting(); });
}

void session::flush_to(const running_call& call) {
    for (auto& each : std::exchange(waiting_, {}))
        call.way.message(std::move(each.text), call_limit);
    waiting_alarm_.call_off();
}

void session::flush_to(event_log& stream) {
    for (auto& each : std::exchange(waiting_, {}))
        stream.append(each.text);
    waiting_alarm_.call_off();
}

// A server must not wait for a client that listens nowhere.
void session::give_up_waiting() {
    const auto due = core::clock::now() - request_patience;
    auto next = core::time_point::max();
    for (auto each = waiting_.begin(); each != waiting_.end();) {
        if (each->request == 0) {
            ++each;
        } else if (each->since > due) {
            next = std::min(next, each->since + request_patience);
            ++each;
        } else {
            auto from = requests_.take(std::to_string(each->request));
            each = waiting_.erase(each);
            if (!from) continue;
            auto refusal = jsonrpc::error_response(from->id_token, jsonrpc::code_server_error,
                                                   "The client has no stream open that could carry this");
            servers_[from->upstream]->backend.answer(backend::answer_message(
                clients_[from->upstream], from->link, std::move(from->id_token), std::move(refusal)));
        }
    }
    if (next != core::time_point::max()) waiting_alarm_.set(next, [this] { give_up_waiting(); });
}

// A server's request that needs no answer any more: the client is told if it has seen it.
void session::withdraw(std::uint64_t id, std::string_view reason) {
    const auto unseen =
        std::erase_if(waiting_, [&](const waiting_message& each) { return each.request == id; });
    if (unseen > 0) return;
    std::string params = R"({"requestId":)" + std::to_string(id);
    if (!reason.empty()) params += R"(,"reason":)" + std::string(reason);
    const auto text = jsonrpc::notification("notifications/cancelled", params + "}");
    if (!to_call(text)) to_listener(text);
}

void session::link_lost(std::size_t server, std::uint64_t link) {
    for (const auto id : requests_.take_all(server, link))
        withdraw(id, R"("the server ended")");
}

} // namespace drawbridge::session
