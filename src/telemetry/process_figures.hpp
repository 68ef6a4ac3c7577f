// What the kernel says about this process, for its metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace drawbridge::telemetry {

// What could not be read is missing: without a free descriptor there is little to read, and that is the
// moment when somebody looks.
struct process_figures {
    std::optional<double> cpu_seconds; // user and system
    std::optional<std::uint64_t> resident_bytes;
    std::optional<std::uint64_t> virtual_bytes;
    std::optional<std::uint64_t> threads;
    std::optional<std::uint64_t> open_descriptors;
    std::optional<std::uint64_t> descriptor_limit; // missing, too, where there is none
    std::optional<double> started;                 // seconds since 1970

    // From /proc/self and /proc/stat. Some system calls, none of which waits.
    static process_figures read();
};

// The numbers of /proc/PID/stat that are used, in the kernel's units.
struct stat_numbers {
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
    std::uint64_t threads = 0;
    std::uint64_t start_ticks = 0; // since the system started
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_pages = 0;
};

// The text of /proc/PID/stat. The name of a program in it may hold spaces and parentheses.
std::optional<stat_numbers> parse_stat(std::string_view text);

// When the system started, in seconds since 1970: the line `btime` of /proc/stat.
std::optional<std::uint64_t> parse_boot_time(std::string_view text);

// The soft limit of /proc/PID/limits, line `Max open files`; nothing when it is unlimited.
std::optional<std::uint64_t> parse_descriptor_limit(std::string_view text);

} // namespace drawbridge::telemetry
