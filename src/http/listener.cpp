#include "http/listener.hpp"

#include <boost/asio/ip/address.hpp>

#include <fcntl.h>

#include <charconv>
#include <chrono>
#include <iterator>
#include <utility>

namespace drawbridge::http {
namespace {

using tcp = core::asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto accept_pause = 100ms; // after an error such as "too many open files"

} // namespace

listen_address parse_listen_address(std::string_view text, std::string& error) {
    listen_address where;
    auto host = text;
    std::string_view port;
    const auto colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    const bool has_port =
        colon != std::string_view::npos && (bracketed ? text[colon - 1] == ']' : text.find(':') == colon);
    if (has_port) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    if (bracketed && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const bool local = (host.empty() && !bracketed) || host == "localhost";
    where.host = local ? "127.0.0.1" : std::string(host);
    core::error_code bad;
    core::asio::ip::make_address(where.host, bad);
    if (bad)
        error = "\"" + std::string(text) +
                "\": the address must be an IP address, such as 127.0.0.1:8080 or [::1]:8080";
    if (has_port && port.empty() && !bad)
        error = "\"" + std::string(text) + "\": there is no port behind the colon";
    if (!port.empty()) {
        const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), where.port);
        if (failed != std::errc() || end != port.data() + port.size())
            error = "\"" + std::string(text) + "\": the port must be a number from 0 to 65535";
    }
    return where;
}

listener::listener(core::executor loop, service& target, connection_limits limits,
                   std::size_t max_connections, telemetry::log log)
    : loop_(loop)
    , service_(target)
    , limits_(limits)
    , max_connections_(max_connections)
    , log_(std::move(log))
    , acceptor_(loop)
    , room_(loop)
    , group_(loop, [this](const std::string&, const std::string& what) {
        log_.critical("a connection ended by an exception: ", what);
    }) {
    room_.set();
}

std::string listener::open(const listen_address& where) {
    core::error_code error;
    const auto address = core::asio::ip::make_address(where.host, error);
    if (error) return where.host + " is not an IP address";
    const tcp::endpoint endpoint(address, where.port);
    const auto place = where.host + ":" + std::to_string(where.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
        ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
        acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        acceptor_.bind(endpoint, error);
    }
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return "can't listen on " + place + ": " + error.message();
    return {};
}

std::uint16_t listener::port() const {
    core::error_code error;
    return acceptor_.local_endpoint(error).port();
}

// Also when serving ends by an exception.
struct listener::leave_guard {
    leave_guard(listener& owner, connection_place place) : from(owner), client(place) {}
    leave_guard(const leave_guard&) = delete;
    ~leave_guard() {
        from.connections_.erase(client);
        from.room_.set();
    }
    listener& from;
    connection_place client;
};

core::task<> listener::run() {
    while (!stopping_) {
        co_await room_.wait(); // a permit before accept: what can't be served stays in the kernel's queue
        auto [error, socket] = co_await acceptor_.async_accept(core::use_task);
        if (stopping_) break;
        if (error) {
            log_.warning("accept: ", error.message());
            core::timer pause(loop_, accept_pause);
            co_await pause.async_wait(core::use_task);
            continue;
        }
        connections_.push_back(std::make_unique<connection>(std::move(socket), service_, limits_));
        if (connections_.size() >= max_connections_) room_.reset();
        group_.spawn("connection", serve(std::prev(connections_.end())));
    }
}

core::task<> listener::serve(connection_place client) {
    const leave_guard leave(*this, client);
    co_await (*client)->run();
}

void listener::stop() {
    stopping_ = true;
    core::error_code ignored;
    acceptor_.close(ignored);
    room_.set();
    for (auto& each : connections_)
        each->stop();
}

core::task<> listener::join(core::time_point deadline) {
    const bool ended = co_await group_.join_until(deadline);
    if (ended) co_return;
    for (auto& each : connections_)
        each->cut();
    co_await group_.join();
}

} // namespace drawbridge::http
