// The calls of a slot: handed to its link, or kept until it has one.
#include "backend/slot.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/methods.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

std::chrono::seconds whole_seconds_until(core::time_point when) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(when - core::clock::now());
    return std::max(left, std::chrono::seconds(1));
}

} // namespace

// Whoever has a session and uses the server hears what it tells everybody, however it began: at the unified
// endpoint nobody sends `initialize` to a server.
void slot::serve(call request) {
    audience_->join(request.from);
    if (closing_ || unwanted_) {
        mcp::fault gone(mcp::fault_kind::closing,
                        closing_ ? "the gateway is shutting down" : "this session has ended");
        request.reply.finish(outcome(std::move(gone)));
    } else if (serves(state_)) {
        hand_over(std::move(request));
    } else if (state_ == state::backoff) {
        request.reply.finish(outcome(refusal()));
    } else if (waiting_.size() >= settings_.max_queued_calls) {
        mcp::fault full(mcp::fault_kind::overloaded, "too many calls are waiting for this server to start");
        full.retry_after = 1s;
        request.reply.finish(outcome(std::move(full)));
    } else {
        waiting_.push_back(std::move(request));
        start("a client needs it");
    }
}

void slot::hand_over(call request) {
    if (request.method == "server/discover") {
        const auto id = request.id.in(request.text);
        request.reply.finish(outcome(jsonrpc::result_response(id, link_->talk().discover_result())));
        return;
    }
    if (request.method != "initialize") {
        link_->talk().submit(std::move(request));
        return;
    }
    // The handshake towards the server is the link's; a client gets what the server said in it. Where the
    // link is its own, that includes the version.
    const auto& result = link_->talk().initialize_result();
    const auto asked = jsonrpc::scan(request.text);
    const auto id = asked.id.in(request.text);
    auto version = jsonrpc::unescape(asked.protocol_version.in(request.text)).value_or(std::string());
    if (settings_.owner) version = std::string(result.protocol_version());
    request.reply.finish(outcome(result.answer(id, version)));
}

void slot::answer_waiting(const mcp::fault& why) {
    auto waiting = std::exchange(waiting_, {});
    for (auto& request : waiting)
        request.reply.finish(outcome(why));
}

mcp::fault slot::refusal() const {
    const auto wait = whole_seconds_until(next_try_);
    mcp::fault down(mcp::fault_kind::unavailable,
                    failure_ + "; the next start is tried in " + std::to_string(wait.count()) + " s");
    down.retry_after = wait;
    return down;
}

bool slot::occupied() const {
    const bool waits = std::any_of(waiting_.begin(), waiting_.end(),
                                   [](const call& each) { return mcp::may_need_input(each.method); });
    return waits || (link_ && link_->talk().may_be_asking());
}

void slot::give_up_waiting(std::size_t places) {
    if (state_ != state::stopped) return;
    mcp::fault full(mcp::fault_kind::overloaded,
                    "all " + std::to_string(places) +
                        " links of this server are in use by other sessions (drawbridge.maxLinks)");
    full.retry_after = 5s;
    answer_waiting(full);
}

void slot::notify(const std::string& text) {
    if (serves(state_) && link_) link_->talk().relay_notification(text);
}

void slot::answer(std::uint64_t link, const std::string& id_token, const std::string& text) {
    if (link_ && link == link_number_) link_->talk().answer(id_token, text);
}

void slot::cancel(const client& from, std::uint64_t ticket, const std::string& reason) {
    const auto waits = std::find_if(waiting_.begin(), waiting_.end(), [&](const call& each) {
        return each.from.get() == &from && each.ticket == ticket;
    });
    if (waits != waiting_.end()) {
        waits->reply.finish(outcome(std::string()));
        waiting_.erase(waits);
    } else if (link_) {
        link_->talk().cancel(from, ticket, reason);
    }
}

} // namespace drawbridge::backend
