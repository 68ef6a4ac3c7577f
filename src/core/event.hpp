// A flag that coroutines of one loop can wait for.
#pragma once

#include "core/asio.hpp"

#include <algorithm>
#include <vector>

namespace drawbridge::core {

// Lives on one loop; set, reset and wait are called there only. Must outlive its waiters.
class event {
  public:
    explicit event(executor loop) : loop_(loop) {}
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    void set() {
        set_ = true;
        for (timer* waiter : waiters_)
            waiter->cancel();
    }
    void reset() { set_ = false; }
    bool is_set() const { return set_; }

    // Returns once the event is set, at once if it is.
    task<> wait() {
        const time_point forever = time_point::max();
        co_await wait_until(forever);
    }

    // The same with a deadline: false when that passed first.
    task<bool> wait_until(time_point deadline) {
        while (!set_) {
            if (clock::now() >= deadline) co_return false;
            timer waiter(loop_, deadline);
            const registration entry(waiters_, &waiter);
            co_await waiter.async_wait(use_task);
        }
        co_return true;
    }

  private:
    struct registration {
        registration(std::vector<timer*>& list, timer* entry) : list_(list), entry_(entry) {
            list.push_back(entry);
        }
        registration(const registration&) = delete;
        registration& operator=(const registration&) = delete;
        ~registration() { list_.erase(std::find(list_.begin(), list_.end(), entry_)); }

        std::vector<timer*>& list_;
        timer* entry_;
    };

    executor loop_;
    std::vector<timer*> waiters_;
    bool set_ = false;
};

} // namespace drawbridge::core
