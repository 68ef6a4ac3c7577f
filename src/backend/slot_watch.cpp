// What a slot looks at from time to time: whether its link is still alive, and whether anybody uses it.
#include "backend/slot.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace drawbridge::backend {
namespace {

using health::cause;
using health::reason;
using std::chrono::milliseconds;

std::string spelled(milliseconds time) {
    return std::to_string(time.count()) + " ms";
}

// `slow_after`: the limit that a late answer is measured against.
reason why_degraded(const check_result& seen, core::duration slow_after) {
    if (seen.answered)
        return reason(cause::check_slow,
                      "its answer to a check took " + spelled(std::chrono::ceil<milliseconds>(seen.took)) +
                          "; more than " + spelled(std::chrono::floor<milliseconds>(slow_after)) +
                          " is slow");
    return reason(seen.refused ? cause::unauthorized : cause::check_failed, seen.why);
}

} // namespace

// --- alive

void slot::arm_check(core::duration wait) {
    check_.set(core::clock::now() + wait, [address = host_.slot_address(), number = settings_.number] {
        address.send(message(check_message(number)));
    });
}

// Whatever the server has said since the last look shows that it is there; a silent one is asked.
void slot::look_alive() {
    if (!serves(state_) || !link_ || checking_) return;
    const bool heard = link_->talk().last_heard() > checked_at_;
    if (heard && !checkup_.degraded()) {
        check_result seen;
        seen.passed = true;
        checked(link_number_, seen);
        return;
    }
    checking_ = true;
    host_.spawn("check", check(link_number_));
}

// Slot and link may be gone when the answer is there that says so: nothing of them is touched then.
core::task<> slot::check(std::uint64_t link) {
    auto& talk = link_->talk();
    const auto address = host_.slot_address();
    const auto number = settings_.number;
    const auto began = core::clock::now();
    const auto deadline = began + checkup_.timeout();
    const outcome answer = co_await talk.ask_alive(deadline);
    check_result seen;
    seen.took = core::clock::now() - began;
    seen.answered = seen.passed = !answer.failure;
    if (answer.failure) {
        const bool late = answer.failure->kind == mcp::fault_kind::timed_out;
        seen.passed = late && talk.last_heard() > began; // it said something else meanwhile
        seen.refused = answer.failure->kind == mcp::fault_kind::backend_unauthorized;
        seen.why = late ? "it did not answer a ping in time" : answer.failure->detail;
    }
    address.send(message(checked_message(number, link, std::move(seen))));
}

void slot::checked(std::uint64_t link, const check_result& seen) {
    checking_ = false;
    if (!serves(state_) || !link_ || link != link_number_) return;
    checked_at_ = core::clock::now();
    counted_.checked(seen.passed, checked_at_, seen.took);
    // Busy is not dead, and a server that refuses our credentials is there.
    const bool spared = seen.refused || link_->talk().busy();
    if (seen.answered)
        judge(checkup_.answered(seen.took), seen);
    else
        judge(seen.passed ? checkup_.passed() : checkup_.missed(spared), seen);
    if (!serves(state_)) return;
    // From the last word that was heard on: a silence counts from there.
    auto wait = checkup_.next_wait(random());
    if (!checkup_.degraded()) wait -= checked_at_ - link_->talk().last_heard();
    arm_check(std::max(wait, core::duration::zero()));
}

void slot::judge(checkup::verdict what, const check_result& seen) {
    switch (what) {
    case checkup::verdict::unchanged:
        break;
    case checkup::verdict::degraded:
        apply(event::probe_failed, why_degraded(seen, checkup_.slow_after()));
        break;
    case checkup::verdict::recovered:
        apply(event::probe_ok, reason(cause::check_passed, "its checks pass in time again"));
        break;
    case checkup::verdict::dead:
        link_->give_up(cause::silent, "it stopped answering: " + std::to_string(checkup_.misses()) +
                                          " checks in a row failed, the last because " + seen.why);
        break;
    }
}

// --- used

void slot::arm_idle(core::time_point when) {
    if (settings_.idle_timeout.count() == 0) return;
    idle_.set(when, [address = host_.slot_address(), number = settings_.number] {
        address.send(message(idle_message(number)));
    });
}

// A link that nobody uses ends; the next call starts another one.
void slot::look_idle() {
    if (!serves(state_) || !link_) return;
    const auto& talk = link_->talk();
    const bool busy = talk.in_flight() > 0 || talk.awaits_client() || talk.has_parked() ||
                      (!settings_.introduced_as && !audience_->subscriptions().empty());
    const auto now = core::clock::now();
    const auto due = busy ? now + settings_.idle_timeout : talk.last_used() + settings_.idle_timeout;
    if (due > now) {
        arm_idle(due);
        return;
    }
    drain_deadline_ = now;
    apply(event::drain,
          reason(cause::idle, "nobody used it for " + std::to_string(settings_.idle_timeout.count()) + " s"));
}

} // namespace drawbridge::backend
