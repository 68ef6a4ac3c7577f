// A child process with pipes on its three standard streams.
#pragma once

#include "core/asio.hpp"

#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/writable_pipe.hpp>

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drawbridge::process {

using readable_pipe = core::asio::basic_readable_pipe<core::executor>;
using writable_pipe = core::asio::basic_writable_pipe<core::executor>;

// How a process ended: by itself with a code, or by a signal. The two are never mixed up.
struct exit_status {
    int code = -1;
    int signal = 0;

    std::string describe() const; // "exited with status 1", "was killed by signal 9 (SIGKILL)"
};

struct spawn_request {
    std::vector<std::string> argv;        // argv[0] is an absolute path
    std::vector<std::string> environment; // "NAME=value", complete: nothing is inherited
    std::string extra_file;  // content of descriptor 3 (a memfd, sealed against change); empty: none
    bool null_input = false; // stdin is /dev/null and `input` stays closed
};

// Lives on one loop. Its owner waits for the end (wait) before it lets go: a child that is dropped earlier is
// killed with its process group and left to be reaped by the kernel at our exit, because nothing may block a
// loop.
class child {
  public:
    // Starts the program. On failure the pointer is empty and `error` says why.
    static std::unique_ptr<child> spawn(core::executor loop, spawn_request request, std::string& error);
    ~child();

    writable_pipe input;  // the child's stdin
    readable_pipe output; // the child's stdout
    readable_pipe errors; // the child's stderr

    pid_t pid() const;
    bool ended() const { return status_.has_value(); }

    // Returns when the process has ended, and reaps it. One waiter at a time; may be repeated.
    core::task<exit_status> wait();

    // To the whole process group; nothing happens when the process has ended.
    void signal_group(int signal);

  private:
    struct kernel;
    child(core::executor loop, std::unique_ptr<kernel> from);
    bool reap();

    std::unique_ptr<kernel> kernel_;
    std::optional<exit_status> status_;
};

// Watches a process that need not be our child, such as a container's main process behind conmon.
class process_watch {
  public:
    process_watch(core::executor loop, pid_t pid);
    ~process_watch();
    process_watch(const process_watch&) = delete;
    process_watch& operator=(const process_watch&) = delete;

    bool valid() const;
    core::task<bool> wait(); // true: the process has ended; false: stop() came first
    void stop();

  private:
    struct descriptor;
    std::unique_ptr<descriptor> descriptor_;
};

} // namespace drawbridge::process
