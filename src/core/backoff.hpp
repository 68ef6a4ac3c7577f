// When to try again. Pure: the time and the random number are handed in.
#pragma once

#include <chrono>
#include <optional>

namespace drawbridge::core {

// There is no permanent give-up: the wait grows to a cap and stays there. It starts anew only after the thing
// has been well for a while, so that something which dies right after each start is not hammered.
class backoff {
  public:
    using clock = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;

    struct settings {
        milliseconds first{1000};
        milliseconds cap{60000};
        milliseconds stable{60000}; // this long well: the next failure counts as the first again
        double jitter = 0.2;        // share of the wait, to both sides
    };

    backoff() = default;
    explicit backoff(settings values) : settings_(values) {}

    // It works (since `now`).
    void succeeded(clock::time_point now) { well_since_ = now; }

    // It failed. How long to wait before the next try; `random` in [0, 1).
    milliseconds failed(clock::time_point now, double random);

    // Failures in a row, 0 when it works or was never tried.
    unsigned attempts() const { return attempts_; }

  private:
    settings settings_;
    unsigned attempts_ = 0;
    std::optional<clock::time_point> well_since_;
};

} // namespace drawbridge::core
