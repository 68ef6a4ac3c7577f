// Coroutines that belong to one owner: started here, reported when they throw, joined before the owner dies.
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <string>

namespace drawbridge::core {

// Lives on one loop. The only place of the program that starts coroutines (together with run_loop's main
// task): nothing is detached and forgotten.
class task_group {
  public:
    // Called on the loop with the task's name and what() when a task ends by an exception. Such a task is a
    // fault of the program; the owner decides what it means.
    using failure_handler = std::function<void(const std::string& name, const std::string& what)>;

    task_group(executor loop, failure_handler on_failure);
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;
    ~task_group(); // must be empty by then

    void spawn(std::string name, task<> work);

    // Returns when no task runs any more.
    task<> join();
    // The same with a deadline: false when tasks still run then.
    task<bool> join_until(time_point deadline);

    std::size_t size() const { return running_; }

  private:
    void ended(const std::string& name, std::exception_ptr failure);

    executor loop_;
    failure_handler on_failure_;
    std::size_t running_ = 0;
    event idle_;
};

} // namespace drawbridge::core
