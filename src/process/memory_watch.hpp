// Whether the kernel killed a process of a container for want of memory. The runtime tells it only while the
// container exists, and ours remove themselves, so its control group is asked.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::process {

// Opened while the container runs, asked at the moment of its end: the control group is removed soon after.
class memory_watch {
  public:
    memory_watch() = default;
    // Of the control group of this process of this machine. Watches nothing where it can't be found.
    explicit memory_watch(pid_t pid);
    ~memory_watch();
    memory_watch(memory_watch&& other) noexcept;
    memory_watch& operator=(memory_watch&& other) noexcept;

    // True: there was a kill since the watch began.
    bool killed() const;

  private:
    std::optional<std::uint64_t> count() const;

    int descriptor_ = -1;
    std::uint64_t before_ = 0;
};

// The file that counts, from the text of /proc/PID/cgroup: memory.events of version 2, memory.oom_control of
// version 1. Empty: none. Pure.
std::string memory_events_file(std::string_view groups);
// The value of `oom_kill` in such a file. Pure.
std::optional<std::uint64_t> parse_memory_kills(std::string_view text);

} // namespace drawbridge::process
