#include "chaos/machine.hpp"

#include "support/gateway.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace drawbridge::test {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::vector<pid_t> all_processes() {
    std::vector<pid_t> found;
    for (const auto& name : files_in("/proc"))
        if (name.find_first_not_of("0123456789") == std::string::npos) found.push_back(std::stoi(name));
    return found;
}

std::string in_proc(pid_t process, const char* file) {
    return "/proc/" + std::to_string(process) + "/" + file;
}

} // namespace

death_watch::death_watch(pid_t pid) : descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

death_watch::~death_watch() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool death_watch::ended(int milliseconds) const {
    pollfd one{descriptor_, POLLIN, 0};
    return ::poll(&one, 1, milliseconds) == 1;
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    for (const auto process : all_processes()) {
        const auto stat = content_of(in_proc(process, "stat"));
        const auto name_end = stat.rfind(')'); // ") S PARENT ..."
        if (name_end == std::string::npos || name_end + 4 > stat.size()) continue;
        if (std::atoi(stat.c_str() + name_end + 4) == parent && stat[name_end + 2] != 'Z')
            found.push_back(process);
    }
    return found;
}

std::vector<pid_t> processes_with(const std::string& text) {
    std::vector<pid_t> found;
    for (const auto process : all_processes())
        if (content_of(in_proc(process, "cmdline")).find(text) != std::string::npos) found.push_back(process);
    return found;
}

std::size_t descriptors_of(pid_t process) {
    return files_in(in_proc(process, "fd")).size();
}

std::size_t resident_kilobytes(pid_t process) {
    const auto status = content_of(in_proc(process, "status"));
    const auto at = status.find("VmRSS:");
    return at == std::string::npos ? 0 : std::strtoul(status.c_str() + at + 6, nullptr, 10);
}

std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        names.push_back(at->path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<std::string> containers_of(const std::string& instance, const std::string& server) {
    std::vector<std::string> words{"ps", "-a", "--format", "{{.Names}}", "--filter"};
    words.push_back("label=io.drawbridge.instance=" + instance);
    if (!server.empty()) words.insert(words.end(), {"--filter", "label=io.drawbridge.server=" + server});
    return lines_of(runtime_command(std::move(words)).output);
}

std::vector<std::string> networks_of(const std::string& instance) {
    const auto filter = "label=io.drawbridge.instance=" + instance;
    return lines_of(runtime_command({"network", "ls", "--filter", filter, "--format", "{{.Name}}"}).output);
}

pid_t main_process(const std::string& container) {
    const auto told = runtime_command({"inspect", "--format", "{{.State.Pid}}", container});
    return told.status == 0 ? std::atoi(told.output.c_str()) : 0;
}

pid_t server_process(const std::string& container) {
    const auto first = main_process(container);
    const auto below = first > 0 ? children_of(first) : std::vector<pid_t>();
    return below.empty() ? first : below.front();
}

temporary_folder::temporary_folder() {
    std::string name = (fs::temp_directory_path() / "drawbridge-chaos-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("can't make a temporary folder");
    path_ = name;
}

temporary_folder::~temporary_folder() {
    std::error_code error;
    fs::remove_all(path_, error);
}

void temporary_folder::write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ + "/" + name) << content;
}

void temporary_folder::remove(const std::string& name) const {
    std::error_code error;
    fs::remove(path_ + "/" + name, error);
}

} // namespace drawbridge::test
