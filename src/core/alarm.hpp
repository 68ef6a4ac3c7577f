// Something that happens at a point in time unless it is called off.
#pragma once

#include "core/asio.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace drawbridge::core {

// One alarm at a time: setting it again moves it, destroying it calls it off. The action runs on the loop,
// never inside set(), and never after the alarm is gone.
class alarm {
  public:
    explicit alarm(executor loop) : state_(std::make_shared<state>(loop)) {}
    alarm(executor loop, time_point when, std::function<void()> action) : alarm(loop) {
        set(when, std::move(action));
    }
    alarm(const alarm&) = delete;
    alarm& operator=(const alarm&) = delete;
    ~alarm() { call_off(); }

    void set(time_point when, std::function<void()> action) {
        state_->action = std::move(action);
        const auto round = ++state_->round; // a handler that is already queued belongs to an older round
        state_->clock.expires_at(when);
        state_->clock.async_wait([state = state_, round](error_code error) {
            if (error || state->round != round) return;
            auto run = std::exchange(state->action, nullptr);
            run();
        });
    }

    void call_off() {
        ++state_->round;
        state_->action = nullptr;
        state_->clock.cancel();
    }

    bool is_set() const { return static_cast<bool>(state_->action); }

  private:
    struct state {
        explicit state(executor loop) : clock(loop) {}
        timer clock;
        std::function<void()> action;
        std::uint64_t round = 0;
    };
    std::shared_ptr<state> state_;
};

} // namespace drawbridge::core
