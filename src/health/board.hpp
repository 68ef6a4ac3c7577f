// Where the rest of the program reads health: the newest snapshot, a pointer away.
#pragma once

#include "backend/lifecycle.hpp"
#include "core/asio.hpp"
#include "core/event.hpp"
#include "health/history.hpp"
#include "health/status.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drawbridge::health {

// What never changes about a server.
struct server_facts {
    std::string name;
    bool remote = false; // over HTTP
    bool eager = false;  // starts with the gateway
    std::string place;   // image, or the origin of the url; no credentials
};

// One server at the time of the snapshot. Times are points on the steady clock, so a reader computes the
// uptime at the moment of reading: a snapshot is never stale.
struct server_health {
    std::string name;
    backend::state state = backend::state::stopped;
    backend::status status = backend::status::stopped;
    std::optional<core::time_point> running_since; // set exactly while status is running
    core::time_point since{};                      // of the present state
    std::chrono::system_clock::time_point wall_since{};
    reason why; // of the last transition
    std::uint64_t incarnation = 0;
    std::uint64_t transitions = 0;
    std::optional<core::time_point> next_try;

    std::shared_ptr<const server_facts> facts;
    std::shared_ptr<const sample> now;          // null: nothing is known yet
    std::shared_ptr<const history> past;        // null: nothing has happened yet
    std::shared_ptr<const record> last_failure; // the newest transition into backoff
};

struct snapshot {
    std::vector<server_health> servers; // in the order of the configuration
    std::uint64_t sequence = 0;         // of the newest transition

    // An error anywhere makes the gateway unhealthy (Gateway 8).
    bool healthy() const;
    const server_health* find(std::string_view name) const;
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
