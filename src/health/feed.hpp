// The transitions of all servers as they happen, for readers that come and go (GET /health/events).
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"
#include "health/history.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

namespace drawbridge::health {

// Lives on one loop and outlives its readers. The aggregator adds, readers follow at their own pace: one that
// is slower than what is kept is told so, and nothing waits for it.
class feed {
  public:
    static constexpr std::size_t kept = 512;

    explicit feed(core::executor loop) : loop_(loop) {}
    feed(const feed&) = delete;
    feed& operator=(const feed&) = delete;

    void add(record_ref what);
    std::uint64_t newest() const { return newest_; }

    class reader {
      public:
        // Transitions after this one; nothing: from now on.
        reader(feed& from, std::optional<std::uint64_t> after);
        ~reader();
        reader(const reader&) = delete;
        reader& operator=(const reader&) = delete;

        struct batch {
            bool missed = false; // transitions are lost to this reader: it has to look at everything anew
            std::uint64_t newest = 0;
            std::vector<record_ref> records;
        };
        // What is new; an empty batch when the deadline passed first, or after end().
        core::task<batch> next(core::time_point deadline);
        void end();

      private:
        friend class feed;
        feed& feed_;
        std::uint64_t seen_;
        core::event news_;
    };

  private:
    core::executor loop_;
    std::deque<record_ref> recent_; // oldest first
    std::uint64_t newest_ = 0;
    std::set<reader*> readers_;
};

} // namespace drawbridge::health
