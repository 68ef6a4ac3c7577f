// Leftovers of a dead gateway of this instance: found by label, removed at start and by `drawbridge reap`.
#pragma once

#include "process/container.hpp"
#include "process/instance.hpp"
#include "process/runtime.hpp"

#include <string>
#include <vector>

namespace drawbridge::process {

struct reaping {
    std::vector<std::string> containers; // removed
    std::vector<std::string> networks;   // removed
    std::vector<std::string> failures;   // what could not be removed, and why
};

// The caller holds the lock: only then nothing that is alive can be hit. Lives on `loop`. Containers are
// killed at once; pid files of this instance go too. Those of this run (instance::run) are left alone.
core::task<reaping> reap(core::executor loop, runtime client, instance gateway, core::time_point deadline);

// The same for containers only, safe while our own servers run: a client that was still starting a container
// when its gateway was killed may finish seconds after reap().
core::task<reaping> reap_again(core::executor loop, runtime client, instance gateway,
                               core::time_point deadline);

} // namespace drawbridge::process
