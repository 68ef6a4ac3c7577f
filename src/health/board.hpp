// Where the rest of the program reads health: the newest snapshot, a pointer away.
#pragma once

#include "backend/lifecycle.hpp"
#include "core/asio.hpp"
#include "core/event.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drawbridge::health {

// One server at the time of the snapshot. Times are points on the steady clock, so a reader computes the
// uptime at the moment of reading: a snapshot is never stale.
struct server_health {
    std::string name;
    backend::state state = backend::state::stopped;
    backend::status status = backend::status::stopped;
    std::optional<core::time_point> running_since; // set exactly while status is running
    core::time_point since{};                      // of the present state
    std::string reason;                            // of the last transition
    std::uint64_t incarnation = 0;
    std::uint64_t transitions = 0;
    std::optional<core::time_point> next_try;
};

struct snapshot {
    std::vector<server_health> servers; // in the order of the configuration

    // An error anywhere makes the gateway unhealthy (Gateway 8).
    bool healthy() const;
};

// Lives on one loop, written by the aggregator only. Reading takes no lock and waits for nobody.
class board {
  public:
    explicit board(core::executor loop) : changed_(loop) {}

    std::shared_ptr<const snapshot> current() const { return current_; }
    void publish(std::shared_ptr<const snapshot> newest) {
        current_ = std::move(newest);
        changed_.set();
    }
    // Returns with the next snapshot. One waiter.
    core::task<> next_change() {
        changed_.reset();
        co_await changed_.wait();
    }

  private:
    std::shared_ptr<const snapshot> current_ = std::make_shared<const snapshot>();
    core::event changed_;
};

} // namespace drawbridge::health
