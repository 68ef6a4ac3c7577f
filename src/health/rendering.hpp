// Health as the specification writes it. Pure.
#pragma once

#include "core/asio.hpp"
#include "health/board.hpp"

#include <string>

namespace drawbridge::health {

// The body of GET /health (Gateway 8.1.1).
std::string render_health(const snapshot& now, core::time_point at);

} // namespace drawbridge::health
