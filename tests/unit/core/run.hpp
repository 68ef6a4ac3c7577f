// A loop in this thread that runs until the tasks of a test are done.
#pragma once

#include "core/asio.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace drawbridge::testing {

// Generous: it ends a test that hangs and decides nothing else.
inline constexpr std::chrono::seconds patience{20};

// Runs the task to its end and gives its result; throws what it threw. What else is on the loop runs as well.
template <class T>
T run(core::asio::io_context& loop, core::task<T> work) {
    std::optional<T> result;
    std::exception_ptr failure;
    bool done = false;
    core::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr thrown, T value) {
        failure = thrown;
        if (!thrown) result.emplace(std::move(value));
        done = true;
    });
    const auto end = core::clock::now() + patience;
    loop.restart();
    while (!done && core::clock::now() < end && loop.run_one_until(end) > 0) {
    }
    if (failure) std::rethrow_exception(failure);
    if (!done) throw std::runtime_error("the task did not end");
    return std::move(*result);
}

inline void run(core::asio::io_context& loop, core::task<> work) {
    const auto wrapped = [](core::task<> inner) -> core::task<bool> {
        co_await std::move(inner);
        co_return true;
    };
    run<bool>(loop, wrapped(std::move(work)));
}

// What is ready now, without waiting for anything.
inline void settle(core::asio::io_context& loop) {
    loop.restart();
    loop.poll();
}

} // namespace drawbridge::testing
