// Tools of 2025-11-25 that only run as tasks (execution.taskSupport "required"): tasks of that revision are
// not those of the extension of 2026-07-28, so a client of it could never call them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace drawbridge::mcp {

// A whole response to tools/list without them, everything else byte for byte. What is no list, or can't be
// read, comes back as it is.
std::string without_task_tools(std::string_view response);

} // namespace drawbridge::mcp
