// What scripted servers got, written down by themselves into a file on the host: it outlives them.
#pragma once

#include "support/gateway.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::test {

class diary {
  public:
    diary();
    ~diary();
    diary(const diary&) = delete;
    diary& operator=(const diary&) = delete;

    // A scripted server that keeps it. The folder is the server's /diary.
    server_entry server(std::string name, std::vector<std::string> arguments = {},
                        const std::string& extra = {}) const;
    // "start" of a process, "initialize", "tools/call echo", "notifications/cancelled", "answer".
    std::vector<std::string> lines() const;
    long count(std::string_view line) const;
    // A file in the folder.
    std::string path(const std::string& name) const { return folder_ + "/" + name; }

  private:
    std::string folder_;
};

} // namespace drawbridge::test
