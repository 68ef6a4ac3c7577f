#include "core/backoff.hpp"

#include <algorithm>

namespace drawbridge::core {

backoff::milliseconds backoff::failed(clock::time_point now, double random) {
    if (well_since_ && now - *well_since_ >= settings_.stable) attempts_ = 0;
    well_since_.reset();
    ++attempts_;
    auto wait = settings_.first;
    for (unsigned doubling = 1; doubling < attempts_ && wait < settings_.cap; ++doubling)
        wait *= 2;
    wait = std::min(wait, settings_.cap);
    const double share = 1.0 + settings_.jitter * (2.0 * random - 1.0);
    return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(wait.count()) * share));
}

} // namespace drawbridge::core
