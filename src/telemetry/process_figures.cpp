#include "telemetry/process_figures.hpp"

#include <charconv>
#include <memory>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace drawbridge::telemetry {

namespace {

// Cuts the next word off the text; empty at the end.
std::string_view next_word(std::string_view& text) {
    constexpr std::string_view blank = " \t\n";
    const auto begin = text.find_first_not_of(blank);
    text.remove_prefix(begin == std::string_view::npos ? text.size() : begin);
    const auto word = text.substr(0, text.find_first_of(blank));
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> next_number(std::string_view& text) {
    const auto word = next_word(text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

// What follows `name` on the line that starts with it; empty without such a line.
std::string_view line_of(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        if (line.starts_with(name)) return line.substr(name.size());
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
    }
    return {};
}

// Empty when it can't be read. Close-on-exec: servers are started beside this.
std::string read_file(const char* path) {
    std::string text;
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return text;
    char part[4096];
    for (ssize_t got = 0; (got = ::read(file, part, sizeof part)) > 0;)
        text.append(part, static_cast<std::size_t>(got));
    ::close(file);
    return text;
}

std::optional<std::uint64_t> count_descriptors() {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
    if (!folder) return std::nullopt;
    std::uint64_t count = 0;
    while (const dirent* entry = ::readdir(folder.get())) {
        if (entry->d_name[0] != '.') ++count;
    }
    return count > 0 ? count - 1 : 0; // not the one that reads the folder
}

} // namespace

std::optional<stat_numbers> parse_stat(std::string_view text) {
    const auto name_end = text.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(name_end + 1);

    stat_numbers found;
    // Numbered as in proc(5); what follows the name is the third.
    for (int field = 3; field <= 24; ++field) {
        std::uint64_t* target = nullptr;
        switch (field) {
        case 14:
            target = &found.user_ticks;
            break;
        case 15:
            target = &found.system_ticks;
            break;
        case 20:
            target = &found.threads;
            break;
        case 22:
            target = &found.start_ticks;
            break;
        case 23:
            target = &found.virtual_bytes;
            break;
        case 24:
            target = &found.resident_pages;
            break;
        default:
            next_word(text);
            continue;
        }
        const auto value = next_number(text);
        if (!value) return std::nullopt;
        *target = *value;
    }
    return found;
}

std::optional<std::uint64_t> parse_boot_time(std::string_view text) {
    auto rest = line_of(text, "btime ");
    return next_number(rest);
}

std::optional<std::uint64_t> parse_descriptor_limit(std::string_view text) {
    auto rest = line_of(text, "Max open files ");
    return next_number(rest);
}

process_figures process_figures::read() {
    process_figures found;
    found.open_descriptors = count_descriptors();
    found.descriptor_limit = parse_descriptor_limit(read_file("/proc/self/limits"));

    const auto numbers = parse_stat(read_file("/proc/self/stat"));
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    if (!numbers || ticks <= 0) return found;
    found.cpu_seconds = static_cast<double>(numbers->user_ticks + numbers->system_ticks) / ticks;
    found.threads = numbers->threads;
    found.virtual_bytes = numbers->virtual_bytes;
    found.resident_bytes = numbers->resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    if (const auto boot = parse_boot_time(read_file("/proc/stat")))
        found.started = static_cast<double>(*boot) + static_cast<double>(numbers->start_ticks) / ticks;
    return found;
}

} // namespace drawbridge::telemetry
