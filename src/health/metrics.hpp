// GET /metrics: everything that is counted, for a time series database. Pure.
//
// Labels are names from the configuration and our own enumerations: nothing a client or a server sends can
// make a new series.
#pragma once

#include "core/asio.hpp"
#include "health/board.hpp"
#include "health/cause.hpp"
#include "health/meters.hpp"
#include "telemetry/process_figures.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace drawbridge::health {

// What a server's supervision has counted.
struct supervision {
    std::array<std::uint64_t, cause_count> transitions{}; // by cause
    std::uint64_t restarts = 0;
    std::vector<backend::state> links; // of each link that there is
};

// The body, in the format that telemetry::prometheus::content_type names. `counted.servers` and `supervised`
// are in the order of now.servers; one that is missing there counts as nothing so far.
std::string render_metrics(const snapshot& now, const meters& counted,
                           const std::vector<supervision>& supervised,
                           const telemetry::process_figures& process, core::time_point at);

} // namespace drawbridge::health
