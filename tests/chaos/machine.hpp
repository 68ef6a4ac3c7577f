// What the kernel and the container runtime know: processes, descriptors, containers.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace drawbridge::test {

// Tells the end of a process, also of one that is not our child.
class death_watch {
  public:
    explicit death_watch(pid_t pid);
    ~death_watch();
    death_watch(const death_watch&) = delete;
    death_watch& operator=(const death_watch&) = delete;

    bool valid() const { return descriptor_ >= 0; }
    // Waits that long at most.
    bool ended(int milliseconds = 0) const;

  private:
    int descriptor_ = -1;
};

std::vector<pid_t> children_of(pid_t parent);
// Processes whose command line holds the text: a container's name finds its client and its monitor.
std::vector<pid_t> processes_with(const std::string& text);
std::size_t descriptors_of(pid_t process);
std::size_t resident_kilobytes(pid_t process);
std::vector<std::string> files_in(const std::string& folder); // names, sorted

// By the labels that the gateway gives them; dead ones too. An empty server: all of the instance.
std::vector<std::string> containers_of(const std::string& instance, const std::string& server = {});
std::vector<std::string> networks_of(const std::string& instance);
// The first process of a container, and the one in it that is the server itself (the first one's child, where
// the runtime puts an init in front of it). 0: there is none.
pid_t main_process(const std::string& container);
pid_t server_process(const std::string& container);

// A folder of this test alone, gone with it.
class temporary_folder {
  public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    const std::string& path() const { return path_; }
    void write(const std::string& name, const std::string& content) const;
    void remove(const std::string& name) const;

  private:
    std::string path_;
};

} // namespace drawbridge::test
