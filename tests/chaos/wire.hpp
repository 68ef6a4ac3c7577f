// The network between the gateway and an HTTP server: it carries bytes, until it is told to fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace drawbridge::test {

class wire {
  public:
    enum class fault {
        none,
        refuse,  // nobody listens, and open connections are closed
        reset,   // RST for open connections, and for new ones at their first byte
        stall,   // bytes are taken and go nowhere
        garbage, // every request is answered with something that is not HTTP
        cut      // every connection is closed in the middle of an answer's head
    };

    // To a server on the loopback interface.
    explicit wire(std::uint16_t upstream);
    ~wire();
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/mcp"; }
    // It has taken effect when this returns. Connections that failed stay dead afterwards.
    void set(fault what);

  private:
    struct pair {
        int client = -1;
        int server = -1;
    };

    void listen();
    void run();
    void change();
    void accept_one();
    bool client_spoke(pair& who); // false: the pair is to be closed
    bool server_spoke(pair& who);
    void drop(pair& who, bool reset);

    const std::uint16_t upstream_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    int wake_[2] = {-1, -1};
    int changed_[2] = {-1, -1};
    fault wanted_ = fault::none; // handed over by wake_ and changed_
    fault fault_ = fault::none;
    bool ending_ = false;
    std::vector<pair> pairs_;
    std::thread thread_;
};

} // namespace drawbridge::test
