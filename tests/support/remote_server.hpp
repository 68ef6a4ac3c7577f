// A remote MCP server over Streamable HTTP, played by the test: one thread for each connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace drawbridge::test {

struct remote_request {
    std::string method;
    std::string path;
    std::map<std::string, std::string> headers; // names in lower case
    std::string body;
};

struct remote_answer {
    unsigned status = 200;
    std::string body;
    std::string type = "application/json";
    std::string headers; // further lines, each with CR LF
    bool never = false;  // it does not answer, and waits until the client closes the connection
};

class remote_server {
  public:
    using handler = std::function<remote_answer(const remote_request&)>;

    // Port 0: any. Answers initialize, ping and tools/call (tool "echo") by itself unless `handle` does:
    // status 0 from it means that it does not.
    explicit remote_server(handler handle = {}, std::uint16_t port = 0);
    ~remote_server();

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/mcp"; }
    std::vector<remote_request> seen() const;
    // Requests without an answer whose client has closed the connection.
    std::size_t given_up() const { return given_up_; }

  private:
    void accept_clients();
    void serve(int client);
    remote_answer answer(const remote_request& request);

    handler handle_;
    int socket_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex lock_;
    std::vector<remote_request> seen_;
    std::atomic<std::size_t> given_up_ = 0;
    std::vector<int> clients_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

} // namespace drawbridge::test
