// Runs a short-lived program to its end: `podman image exists`, `docker stop`, ...
#pragma once

#include "core/asio.hpp"

#include <functional>
#include <string>
#include <vector>

namespace drawbridge::process {

struct command {
    std::vector<std::string> argv;        // argv[0] is an absolute path
    std::vector<std::string> environment; // "NAME=value", complete: nothing is inherited
};

struct command_result {
    bool started = false;   // false: could not be executed, `error_text` says why
    bool timed_out = false; // the deadline passed: the process group was killed
    int exit_code = -1;     // of a normal end
    int signal = 0;         // or the signal that ended it
    std::string output;     // stdout and
    std::string error_text; // stderr, each cut to 64 KiB

    bool ok() const { return started && !timed_out && signal == 0 && exit_code == 0; }
};

// Ends a running command from outside, on its loop: its process group is killed and it counts as timed out.
class command_stop {
  public:
    void stop() {
        stopped_ = true;
        if (kill_) kill_();
    }

  private:
    friend core::task<command_result> run_command(core::executor, command, core::time_point, command_stop*);
    std::function<void()> kill_; // set while a command runs
    bool stopped_ = false;
};

// Never throws. stdin is /dev/null. The whole process group is killed when the deadline passes.
core::task<command_result> run_command(core::executor loop, command what, core::time_point deadline,
                                       command_stop* stop = nullptr);

} // namespace drawbridge::process
