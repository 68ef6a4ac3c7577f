// The networks that give servers a way out and none to each other.
#pragma once

#include "core/asio.hpp"
#include "process/command.hpp"
#include "process/container.hpp"
#include "process/runtime.hpp"

#include <string>

namespace drawbridge::process {

// Makes the network of a plan unless it is there. Empty: it is; else why not (no secrets). Networks that
// several servers share must be provided by one caller, one after another: older Docker engines take two of
// the same name.
core::task<std::string> provide_network(core::executor loop, runtime client, launch_plan plan,
                                        core::time_point deadline, command_stop* stop = nullptr);

} // namespace drawbridge::process
