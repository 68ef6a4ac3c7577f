// When a link is checked, and what its checks say (rise and fall, as HAProxy has them). Pure.
#pragma once

#include "config/config.hpp"
#include "core/asio.hpp"

#include <cstdint>

namespace drawbridge::backend {

// A server that falls silent is found within interval + timeout + (fall - 1) x (fastInterval + timeout).
class checkup {
  public:
    enum class verdict : std::uint8_t {
        unchanged,
        degraded,  // the first miss, or a slow answer: it still serves, and is looked at more often
        recovered, // `rise` checks in a row passed, and none of them was slow
        dead       // `fall` checks in a row failed
    };

    explicit checkup(config::health_checks settings) : settings_(settings) {}

    // The handshake is done, which counts as `rise` checks.
    void begin() { missed_ = passed_ = 0, degraded_ = false; }
    // It has said something meanwhile.
    verdict passed();
    // It answered the check, after so long. Whatever answers is alive: a slow answer is no miss, but no
    // recovery either.
    verdict answered(core::duration took);
    // `spared`: there is a reason why it may be slow or refuse, so it is not given up for this.
    verdict missed(bool spared);

    bool degraded() const { return degraded_; }
    unsigned misses() const { return missed_; }
    // Until the next check. `random` in [0, 1) spreads the checks of many servers; it only shortens.
    core::duration next_wait(double random) const;
    core::duration timeout() const { return settings_.timeout; }
    // An answer that takes longer is slow.
    core::duration slow_after() const { return timeout() / 2; }

  private:
    verdict degrade();

    config::health_checks settings_;
    unsigned missed_ = 0; // in a row
    unsigned passed_ = 0; // in a row and in time, while degraded
    bool degraded_ = false;
};

} // namespace drawbridge::backend
