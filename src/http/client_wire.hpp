// One connection of the HTTP client, plain or TLS. Internal to the client.
#pragma once

#include "core/asio.hpp"
#include "http/client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace drawbridge::http {

class client_wire {
  public:
    using socket = core::asio::basic_stream_socket<core::asio::ip::tcp, core::executor>;

    explicit client_wire(core::executor loop) : loop_(loop), socket_(loop), resolver_(loop) {}

    // Resolves, connects and shakes hands. `context` null: no TLS.
    core::task<client_error> open(const url& origin, std::shared_ptr<core::asio::ssl::context> context);
    core::task<std::pair<core::error_code, std::size_t>> read(core::asio::mutable_buffer room);
    core::task<core::error_code> write(std::string text);
    // Whatever is under way ends with an error.
    void cut();
    // An idle connection that its server has not closed meanwhile.
    bool usable();

    boost::beast::flat_buffer buffer;
    core::time_point idle_since{};

  private:
    core::task<client_error> connect(const url& origin);
    core::task<client_error> shake_hands(const url& origin);

    core::executor loop_;
    socket socket_;
    core::asio::ip::basic_resolver<core::asio::ip::tcp, core::executor> resolver_;
    std::shared_ptr<core::asio::ssl::context> context_;
    std::unique_ptr<core::asio::ssl::stream<socket&>> tls_;
};

} // namespace drawbridge::http
