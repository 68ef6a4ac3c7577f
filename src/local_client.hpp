// One HTTP GET, for commands that ask a running gateway. Blocks, with a limit for everything together.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace drawbridge {

// Where a gateway listens.
struct gateway_place {
    std::string socket; // a Unix socket's path; empty: TCP
    std::string host;   // an IP address without brackets, or a name
    std::uint16_t port = 0;
    std::string authority; // for the Host header

    std::string shown() const { return socket.empty() ? "http://" + authority : socket; }
};

struct local_request {
    std::string target;        // path and query
    std::string authorization; // empty: none; a secret
    std::chrono::milliseconds limit{5000};
    int interrupt = -1; // a descriptor; when it can be read the request is given up
};

struct local_answer {
    unsigned status = 0; // 0: there is no answer
    std::string body;
    std::string error; // why there is none
    bool interrupted = false;
};

// No redirects, no proxies, no TLS. At most 16 MB.
local_answer local_get(const gateway_place& from, const local_request& request);

} // namespace drawbridge
