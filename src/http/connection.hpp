// One client connection: requests in, responses out, one at a time.
#pragma once

#include "core/asio.hpp"
#include "http/service.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>

namespace drawbridge::http {

using tcp_socket = core::asio::basic_stream_socket<core::asio::ip::tcp, core::executor>;
// TCP or Unix; a tcp_socket turns into one when it is moved.
using client_socket = core::asio::basic_stream_socket<core::asio::generic::stream_protocol, core::executor>;

struct connection_limits {
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
};

// Lives on one loop, owned by the listener.
class connection {
  public:
    connection(client_socket socket, service& target, connection_limits limits);
    ~connection();

    // Until the client goes, asks for the end, or stop() was called.
    core::task<> run();
    // The gateway closes: every response that begins from now on says "Connection: close" and is the last one
    // here. What is being answered, a stream too, goes on to its own end. A client that has not asked yet, or
    // is about to ask again, still gets one answer: what it is just sending would be lost otherwise.
    void wind_down();
    // An idle connection ends at once, a busy one with its present response; a stream is asked for its end.
    void stop();
    // Ends it at once, whatever is on its way.
    void cut();

  private:
    struct implementation;
    std::unique_ptr<implementation> impl_;
};

} // namespace drawbridge::http
