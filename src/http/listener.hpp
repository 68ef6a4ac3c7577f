// Accepts connections and owns them.
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"
#include "core/task_group.hpp"
#include "http/connection.hpp"
#include "http/socket_file.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace drawbridge::http {

struct listen_address {
    std::string host; // an IP address
    std::uint16_t port = 0;
};

// "ADDR:PORT", "[V6]:PORT", ":PORT" or "ADDR" (port 0). Empty error: good.
listen_address parse_listen_address(std::string_view text, std::string& error);

// Lives on one loop.
class listener {
  public:
    listener(core::executor loop, service& target, connection_limits limits, std::size_t max_connections,
             telemetry::log log);

    // Binds exclusively and listens; clients queue in the kernel until run(). Empty: done; else what failed.
    std::string open(const listen_address& where);
    std::uint16_t port() const;
    std::size_t connections() const { return connections_.size(); }
    // Listens on a Unix socket as well, for this gateway's own user: mode 0600. Its clients have places of
    // their own, so that a gateway full of clients can still be asked how it is. The same result.
    std::string open_local(const std::string& path);

    core::task<> run();
    // The gateway closes, and still answers: each connection, a new one too, ends behind its present response
    // or the next one.
    void wind_down();
    // No new connections; idle ones end, busy ones with their present response. The Unix socket's file goes.
    void stop();
    // Returns when no connection is left, or the deadline passed: then the rest is cut.
    core::task<> join(core::time_point deadline);

  private:
    using connection_place = std::list<std::unique_ptr<connection>>::iterator;
    using protocol = core::asio::generic::stream_protocol;

    struct entrance {
        entrance(core::executor loop, std::size_t places);
        core::asio::basic_socket_acceptor<protocol, core::executor> acceptor;
        core::event room; // fewer connections than places
        std::size_t connections = 0;
        std::size_t places;
    };
    struct leave_guard;

    core::task<> accept(entrance& from);
    core::task<> serve(connection_place client, entrance& from);

    core::executor loop_;
    service& service_;
    connection_limits limits_;
    telemetry::log log_;
    socket_file file_; // of the Unix socket
    entrance tcp_;
    entrance local_; // not open without open_local()
    std::list<std::unique_ptr<connection>> connections_;
    core::task_group group_;
    bool winding_down_ = false;
    bool stopping_ = false;
};

} // namespace drawbridge::http
