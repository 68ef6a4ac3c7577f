// The few names of Boost.Asio that the rest of the code uses, bound to one concrete executor.
//
// Every loop is an io_context run by exactly one thread, and every object lives on one loop for life, so a
// loop is an implicit strand: nothing that lives on it is ever entered twice at once. Binding the executor
// type (instead of any_io_executor) saves an allocation and an indirect call on each operation.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>

namespace drawbridge::core {

namespace asio = boost::asio;

using boost::system::error_code;
using executor = asio::io_context::executor_type;
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;
using timer = asio::basic_waitable_timer<clock, asio::wait_traits<clock>, executor>;

template <class T = void>
using task = asio::awaitable<T, executor>;

// Completion token of every operation: `auto [error, n] = co_await socket.async_read_some(b, use_task);`
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<executor>> use_task{};

} // namespace drawbridge::core
