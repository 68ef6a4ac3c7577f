// A remote server without a link is looked at from time to time, so that health tells when it can't be
// reached, and when it can be again.
#include "backend/actor.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {

void actor::arm_reach(core::duration wait) {
    reach_alarm_.set(core::clock::now() + wait,
                     [address = mailbox_.address()] { address.send(message(reach_message{})); });
}

// What has a link is checked over it.
void actor::on(reach_message) {
    if (closing_ || reaching_) return;
    const bool linked = std::any_of(slots_.begin(), slots_.end(), [](const auto& each) {
        const auto now = each.second->now().now;
        return now != state::stopped && now != state::backoff;
    });
    if (linked) {
        unreached_ = 0;
        arm_reach(settings_.server.checks.interval);
        return;
    }
    reaching_ = true;
    group_.spawn("reachability", reach());
}

core::task<> actor::reach() {
    const auto deadline = core::clock::now() + settings_.server.checks.timeout;
    auto error = co_await reachability_->look(deadline);
    mailbox_.address().send(message(reached_message(std::move(error))));
}

void actor::on(reached_message seen) {
    reaching_ = false;
    if (closing_) return;
    const auto& checks = settings_.server.checks;
    const bool down = told_.word == status::error;
    if (seen.error.empty()) {
        unreached_ = 0;
        if (down)
            for (const auto& [key, each] : slots_)
                each->retry_now();
        arm_reach(down ? checks.down_interval : checks.interval);
        return;
    }
    ++unreached_;
    // A link of the gateway's own tells the rest: it fails, and tries again until the server is back.
    const bool tries = std::any_of(slots_.begin(), slots_.end(),
                                   [](const auto& each) { return each.second->takes_place(); });
    if (unreached_ >= checks.fall && !tries) place_for(nullptr).start("it can't be reached");
    arm_reach(down || unreached_ >= checks.fall ? checks.down_interval : checks.fast_interval);
}

} // namespace drawbridge::backend
