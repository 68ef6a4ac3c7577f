#include "process/launcher.hpp"

#include "process/child.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace drawbridge::process {
namespace {

using descriptor_stream = core::asio::posix::basic_stream_descriptor<core::executor>;

// A descriptor that is closed on every way out.
class unique_fd {
  public:
    explicit unique_fd(int value = -1) : value_(value) {}
    unique_fd(unique_fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~unique_fd() {
        if (value_ >= 0) ::close(value_);
    }
    int get() const { return value_; }
    int release() { return std::exchange(value_, -1); }
    explicit operator bool() const { return value_ >= 0; }

  private:
    int value_;
};

struct pipe_ends {
    unique_fd read, write;
};

bool make_pipe(pipe_ends& ends) {
    std::array<int, 2> raw{};
    if (::pipe2(raw.data(), O_CLOEXEC) != 0) return false;
    ends.read = unique_fd(raw[0]);
    ends.write = unique_fd(raw[1]);
    return true;
}

// Large messages cross a 1 MiB pipe with a fraction of the system calls. Refused for users over their pipe
// quota, which costs speed only.
void widen(int pipe) {
    ::fcntl(pipe, F_SETPIPE_SZ, 1 << 20);
}

unique_fd make_memory_file(const std::string& content) {
    unique_fd file(::memfd_create("drawbridge", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) return file;
    std::size_t written = 0;
    while (written < content.size()) {
        const auto n = ::write(file.get(), content.data() + written, content.size() - written);
        if (n <= 0) return unique_fd();
        written += static_cast<std::size_t>(n);
    }
    ::lseek(file.get(), 0, SEEK_SET);
    ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return file;
}

int open_pidfd(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

std::string last_error(const char* doing) {
    return std::string(doing) + ": " + std::strerror(errno);
}

} // namespace

std::string exit_status::describe() const {
    if (signal == 0) return "exited with status " + std::to_string(code);
    const char* name = ::sigabbrev_np(signal);
    return "was killed by signal " + std::to_string(signal) + (name ? " (SIG" + std::string(name) + ")" : "");
}

struct child::kernel {
    kernel(core::executor loop, posix_spawn_launcher::handle started)
        : process(std::move(started))
        , pidfd(loop)
        , pid(process.id()) {}

    posix_spawn_launcher::handle process;
    descriptor_stream pidfd; // readable once the process has ended
    pid_t pid;
};

child::child(core::executor loop, std::unique_ptr<kernel> from)
    : input(loop)
    , output(loop)
    , errors(loop)
    , kernel_(std::move(from)) {}

child::~child() {
    if (!ended()) signal_group(SIGKILL);
}

std::unique_ptr<child> child::spawn(core::executor loop, spawn_request request, std::string& error) {
    pipe_ends in, out, err;
    unique_fd null_input, extra;
    if (request.null_input) null_input = unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!request.extra_file.empty()) extra = make_memory_file(request.extra_file);
    if ((request.null_input ? !null_input : !make_pipe(in)) || !make_pipe(out) || !make_pipe(err) ||
        (!request.extra_file.empty() && !extra)) {
        error = last_error("no descriptors for a child process");
        return nullptr;
    }

    posix_spawn_launcher launcher;
    launcher.in = request.null_input ? null_input.get() : in.read.get();
    launcher.out = out.write.get();
    launcher.err = err.write.get();
    launcher.extra = extra.get();
    core::error_code failed;
    auto process = launcher(loop, failed, request.argv, request.environment);
    if (failed) {
        error = request.argv.front() + ": " + failed.message();
        return nullptr;
    }

    const pid_t pid = process.id();
    std::unique_ptr<child> started(new child(loop, std::make_unique<kernel>(loop, std::move(process))));
    const int pidfd = open_pidfd(pid);
    if (pidfd < 0) {
        error = last_error("pidfd_open");
        return nullptr; // kills it
    }
    started->kernel_->pidfd.assign(pidfd);
    widen(out.read.get());
    started->output.assign(out.read.release());
    started->errors.assign(err.read.release());
    if (!request.null_input) {
        widen(in.write.get());
        started->input.assign(in.write.release());
    }
    return started;
}

pid_t child::pid() const {
    return kernel_->pid;
}

// waitid with WNOHANG around every wake-up: a spurious one must not block the loop.
bool child::reap() {
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(kernel_->pidfd.native_handle()), &info, WEXITED | WNOHANG) != 0) {
        if (errno == EINTR) return false;
        status_ = exit_status(); // somebody else reaped it: how it ended can't be known
        return true;
    }
    if (info.si_pid == 0) return false;
    exit_status status;
    if (info.si_code == CLD_EXITED)
        status.code = info.si_status;
    else
        status.signal = info.si_status;
    status_ = status;
    return true;
}

core::task<exit_status> child::wait() {
    while (!status_ && !reap())
        co_await kernel_->pidfd.async_wait(descriptor_stream::wait_read, core::use_task);
    co_return *status_;
}

void child::signal_group(int signal) {
    if (!ended()) ::kill(-kernel_->pid, signal);
}

struct process_watch::descriptor {
    explicit descriptor(core::executor loop) : stream(loop) {}
    descriptor_stream stream;
    bool stopped = false;
};

process_watch::process_watch(core::executor loop, pid_t pid)
    : descriptor_(std::make_unique<descriptor>(loop)) {
    const int pidfd = pid > 0 ? open_pidfd(pid) : -1;
    if (pidfd >= 0) descriptor_->stream.assign(pidfd);
}

process_watch::~process_watch() = default;

bool process_watch::valid() const {
    return descriptor_->stream.is_open();
}

core::task<bool> process_watch::wait() {
    if (descriptor_->stopped || !valid()) co_return false;
    auto [error] = co_await descriptor_->stream.async_wait(descriptor_stream::wait_read, core::use_task);
    co_return !error && !descriptor_->stopped;
}

void process_watch::stop() {
    descriptor_->stopped = true;
    core::error_code ignored;
    descriptor_->stream.cancel(ignored);
}

} // namespace drawbridge::process
