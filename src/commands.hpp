// What the program does for each command; the result is its exit status.
#pragma once

#include "cli.hpp"

namespace drawbridge {

int run_serve(const options& given);
int run_check(const options& given);
int run_reap(const options& given);

} // namespace drawbridge
