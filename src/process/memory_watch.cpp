#include "process/memory_watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

namespace drawbridge::process {
namespace {

constexpr std::string_view root = "/sys/fs/cgroup";

std::string_view next_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

} // namespace

memory_watch::memory_watch(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
    const std::string groups((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto path = memory_events_file(groups);
    if (!path.empty()) descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    before_ = count().value_or(0);
}

memory_watch::~memory_watch() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

memory_watch::memory_watch(memory_watch&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1))
    , before_(other.before_) {}

memory_watch& memory_watch::operator=(memory_watch&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(before_, other.before_);
    return *this;
}

bool memory_watch::killed() const {
    const auto now = count();
    return now && *now > before_;
}

std::optional<std::uint64_t> memory_watch::count() const {
    char text[512];
    const auto read = descriptor_ < 0 ? -1 : ::pread(descriptor_, text, sizeof text, 0);
    if (read <= 0) return std::nullopt;
    return parse_memory_kills(std::string_view(text, static_cast<std::size_t>(read)));
}

std::string memory_events_file(std::string_view groups) {
    std::string unified;
    while (!groups.empty()) { // "9:memory:/group", "0::/group"
        const auto line = next_line(groups);
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        const auto path = line.substr(second + 1);
        if (path == "/" || path.find("/../") != std::string_view::npos) continue;
        if (controllers == "memory")
            return std::string(root).append("/memory").append(path).append("/memory.oom_control");
        if (controllers.empty()) unified = std::string(root).append(path).append("/memory.events");
    }
    return unified;
}

std::optional<std::uint64_t> parse_memory_kills(std::string_view text) {
    constexpr std::string_view key = "oom_kill ";
    while (!text.empty()) {
        const auto line = next_line(text);
        if (!line.starts_with(key)) continue;
        std::uint64_t value = 0;
        const auto number = line.substr(key.size());
        const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), value);
        if (fault == std::errc()) return value;
    }
    return std::nullopt;
}

} // namespace drawbridge::process
