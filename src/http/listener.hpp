// Accepts connections and owns them.
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"
#include "core/task_group.hpp"
#include "http/connection.hpp"
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

    core::task<> run();
    // No new connections; idle ones end, busy ones with their present response.
    void stop();
    // Returns when no connection is left, or the deadline passed: then the rest is cut.
    core::task<> join(core::time_point deadline);

  private:
    using connection_place = std::list<std::unique_ptr<connection>>::iterator;
    struct leave_guard;
    core::task<> serve(connection_place client);

    core::executor loop_;
    service& service_;
    connection_limits limits_;
    std::size_t max_connections_;
    telemetry::log log_;
    core::asio::basic_socket_acceptor<core::asio::ip::tcp, core::executor> acceptor_;
    std::list<std::unique_ptr<connection>> connections_;
    core::event room_; // fewer connections than the limit
    core::task_group group_;
    bool stopping_ = false;
};

} // namespace drawbridge::http
