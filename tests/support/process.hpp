// Programs run by tests: the gateway itself, podman, node.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace drawbridge::test {

// A child with stdin from a text and stdout and stderr collected. The destructor kills and reaps it.
class process {
  public:
    process(std::vector<std::string> argv, const std::map<std::string, std::string>& environment,
            std::string_view input, bool own_group = false);
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    // The raw wait status; nothing when it did not end within the limit.
    std::optional<int> wait(std::chrono::milliseconds limit);
    std::string output() const;
    std::string errors() const;
    // Until both streams have been read to their end.
    void drain();

  private:
    void collect(int descriptor, std::string& into);

    pid_t pid_ = -1;
    std::optional<int> status_;
    mutable std::mutex mutex_;
    std::string output_, errors_;
    std::vector<std::thread> readers_;
};

struct finished {
    int status = -1; // exit status, or 128 + signal
    std::string output;
    std::string errors;
};

finished run(std::vector<std::string> argv, std::chrono::seconds limit = std::chrono::seconds(60),
             const std::map<std::string, std::string>& environment = {}, std::string_view input = {});

std::string environment_or(const char* name, std::string_view fallback);

} // namespace drawbridge::test
