// How calls end without their answer: deadlines, a carrier that failed, the end of the link.
#include "backend/dialogue.hpp"

#include "mcp/methods.hpp"
#include "telemetry/log.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

constexpr auto ping_limit = std::chrono::seconds(5);

} // namespace

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
