#include "telemetry/line_limit.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::telemetry {

std::optional<std::size_t> line_limit::admit(time_point now) {
    if (now > filled_at_) {
        const auto passed = std::chrono::duration<double>(now - filled_at_).count();
        allowed_ = std::min(burst_, allowed_ + passed * per_second_);
        filled_at_ = now;
    }
    if (allowed_ < 1) {
        ++left_out_;
        return std::nullopt;
    }
    allowed_ -= 1;
    return std::exchange(left_out_, 0);
}

} // namespace drawbridge::telemetry
