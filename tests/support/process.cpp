#include "support/process.hpp"

#include "support/eventually.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace drawbridge::test {
namespace {

struct pipe_pair {
    int read = -1, write = -1;
    pipe_pair() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        read = ends[0];
        write = ends[1];
    }
};

std::vector<std::string> merged(const std::map<std::string, std::string>& extra) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        if (!extra.contains(text.substr(0, text.find('=')))) all.push_back(text);
    }
    for (const auto& [name, value] : extra)
        all.push_back(name + "=" + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& from) {
    std::vector<char*> list;
    for (auto& text : from)
        list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

} // namespace

process::process(std::vector<std::string> argv, const std::map<std::string, std::string>& environment,
                 std::string_view input, bool own_group) {
    pipe_pair in, out, err;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.read, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.write, 1);
    ::posix_spawn_file_actions_adddup2(&actions, err.write, 2);
    posix_spawnattr_t flags;
    ::posix_spawnattr_init(&flags);
    if (own_group) ::posix_spawnattr_setflags(&flags, POSIX_SPAWN_SETPGROUP);
    auto variables = merged(environment);
    const auto argument_list = pointers(argv);
    const auto variable_list = pointers(variables);
    const int failed =
        ::posix_spawnp(&pid_, argv[0].c_str(), &actions, &flags, argument_list.data(), variable_list.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&flags);
    ::close(in.read);
    ::close(out.write);
    ::close(err.write);
    if (failed != 0) {
        pid_ = -1;
        throw std::runtime_error("can't run " + argv[0]);
    }
    readers_.emplace_back([this, from = out.read] { collect(from, output_); });
    readers_.emplace_back([this, from = err.read] { collect(from, errors_); });
    std::signal(SIGPIPE, SIG_IGN);
    for (std::size_t done = 0; done < input.size();) {
        const auto n = ::write(in.write, input.data() + done, input.size() - done);
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    ::close(in.write);
}

process::~process() {
    if (!status_) {
        signal(SIGKILL);
        wait(std::chrono::seconds(30));
    }
    drain();
}

void process::signal(int number) const {
    if (pid_ > 0 && !status_) ::kill(pid_, number);
}

std::optional<int> process::wait(std::chrono::milliseconds limit) {
    if (!status_) {
        int status = 0;
        const auto ended = [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; };
        if (eventually(limit, ended)) status_ = status;
    }
    return status_;
}

void process::collect(int descriptor, std::string& into) {
    char chunk[16 * 1024];
    for (;;) {
        const auto n = ::read(descriptor, chunk, sizeof chunk);
        if (n <= 0) break;
        const std::lock_guard lock(mutex_);
        into.append(chunk, static_cast<std::size_t>(n));
    }
    ::close(descriptor);
}

void process::drain() {
    for (auto& reader : readers_)
        if (reader.joinable()) reader.join();
}

std::string process::output() const {
    const std::lock_guard lock(mutex_);
    return output_;
}

std::string process::errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
}

finished run(std::vector<std::string> argv, std::chrono::seconds limit,
             const std::map<std::string, std::string>& environment, std::string_view input) {
    process program(std::move(argv), environment, input);
    finished result;
    if (const auto status = program.wait(limit))
        result.status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
    else
        program.signal(SIGKILL);
    program.wait(std::chrono::seconds(10));
    program.drain();
    result.output = program.output();
    result.errors = program.errors();
    return result;
}

std::string environment_or(const char* name, std::string_view fallback) {
    const char* value = std::getenv(name);
    return value && *value ? std::string(value) : std::string(fallback);
}

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (condition()) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5)); // between two looks at the condition
    }
}

} // namespace drawbridge::test
