#include "core/task_group.hpp"

#include <boost/asio/co_spawn.hpp>

#include <cassert>
#include <utility>

namespace drawbridge::core {

task_group::task_group(executor loop, failure_handler on_failure)
    : loop_(loop)
    , on_failure_(std::move(on_failure))
    , idle_(loop) {
    idle_.set();
}

task_group::~task_group() {
    assert(running_ == 0);
}

void task_group::spawn(std::string name, task<> work) {
    ++running_;
    idle_.reset();
    asio::co_spawn(loop_, std::move(work),
                   [this, name = std::move(name)](std::exception_ptr failure) { ended(name, failure); });
}

void task_group::ended(const std::string& name, std::exception_ptr failure) {
    if (failure && on_failure_) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            on_failure_(name, error.what());
        } catch (...) {
            on_failure_(name, "unknown exception");
        }
    }
    if (--running_ == 0) idle_.set();
}

task<> task_group::join() {
    co_await idle_.wait();
}

task<bool> task_group::join_until(time_point deadline) {
    const bool idle = co_await idle_.wait_until(deadline);
    co_return idle;
}

} // namespace drawbridge::core
