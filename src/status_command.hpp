// drawbridge status and drawbridge healthcheck: what a running gateway says of itself. The result is the exit
// status.
#pragma once

#include "cli.hpp"

namespace drawbridge {

// 0: healthy; 1: unhealthy; 2: wrong command line; 3: no gateway answers.
int run_status(const options& given);
// 0: healthy, or ready; 1: anything else. Ends within five seconds and writes one line.
int run_healthcheck(const options& given);

} // namespace drawbridge
