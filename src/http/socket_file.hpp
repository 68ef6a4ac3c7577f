// The file of a Unix socket that the gateway listens on: who may take its path, and who removes it.
#pragma once

#include <sys/types.h>

#include <string>

namespace drawbridge::http {

// Owned by the listener. A file that a killed gateway left is replaced; one that somebody listens on, or that
// is no socket, never.
class socket_file {
  public:
    socket_file() = default;
    socket_file(const socket_file&) = delete;
    socket_file& operator=(const socket_file&) = delete;
    ~socket_file() { remove(); }

    // Before binding: the path is free afterwards, and the socket's file will be its owner's alone. Empty:
    // good; else what is in the way and what to do.
    std::string prepare(const std::string& path, int socket);
    // After binding. The same.
    std::string bound();
    // Only if the file at the path is still the one that was bound.
    void remove();

  private:
    std::string path_;
    bool ours_ = false;
    dev_t device_ = 0;
    ino_t number_ = 0;
};

} // namespace drawbridge::http
