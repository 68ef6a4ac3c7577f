#include "telemetry/log_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace drawbridge::telemetry {

log_writer::log_writer(int descriptor)
    : descriptor_(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3))
    , abort_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

log_writer::~log_writer() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (abort_event_ >= 0) ::close(abort_event_);
}

void log_writer::abort() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(abort_event_, &one, sizeof one);
}

// O_NONBLOCK would be the simple way, but it belongs to the open file, which the shell and other programs
// share. Instead: a pipe that polls writable takes PIPE_BUF bytes without blocking.
bool log_writer::wait_writable() {
    pollfd watched[] = {{descriptor_, POLLOUT, 0}, {abort_event_, POLLIN, 0}};
    for (;;) {
        const int ready = ::poll(watched, 2, -1);
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        if (watched[1].revents != 0) return false;
        if (watched[0].revents != 0) return true;
    }
}

bool log_writer::write(std::string_view line) {
    if (descriptor_ < 0) return false;
    while (!line.empty()) {
        if (!wait_writable()) return false;
        const auto written = ::write(descriptor_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
        if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
        if (written > 0) line.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace drawbridge::telemetry
