// Waiting for a condition, never for time.
#pragma once

#include <chrono>
#include <functional>

namespace drawbridge::test {

// True as soon as the condition holds; false when it did not within the limit.
bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& condition);

} // namespace drawbridge::test
