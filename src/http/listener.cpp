#include "http/listener.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <fcntl.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

namespace drawbridge::http {
namespace {

using tcp = core::asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto accept_pause = 100ms; // after an error such as "too many open files"
constexpr std::size_t local_places = 32;

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
    , log_(std::move(log))
    , tcp_(loop, max_connections)
    , local_(loop, local_places)
    , group_(loop, [this](const std::string&, const std::string& what) {
        log_.critical("a connection ended by an exception: ", what);
    }) {}

listener::entrance::entrance(core::executor loop, std::size_t most)
    : acceptor(loop)
    , room(loop)
    , places(most) {
    room.set();
}

std::string listener::open(const listen_address& where) {
    core::error_code error;
    const auto address = core::asio::ip::make_address(where.host, error);
    if (error) return where.host + " is not an IP address";
    const tcp::endpoint endpoint(address, where.port);
    const auto place = where.host + ":" + std::to_string(where.port);
    auto& acceptor = tcp_.acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        acceptor.bind(endpoint, error);
    }
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return "can't listen on " + place + ": " + error.message();
    return {};
}

std::string listener::open_local(const std::string& path) {
    const auto problem = [&](const std::string& what) {
        core::error_code ignored;
        file_.remove();
        local_.acceptor.close(ignored);
        return "can't listen on the control socket " + path + ": " + what;
    };
    core::error_code error;
    auto& acceptor = local_.acceptor;
    acceptor.open(core::asio::local::stream_protocol(), error);
    if (error) return problem(error.message());
    ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    const auto obstacle = file_.prepare(path, acceptor.native_handle());
    if (!obstacle.empty()) return problem(obstacle);
    acceptor.bind(core::asio::local::stream_protocol::endpoint(path), error);
    if (error) return problem(error.message());
    const auto unfit = file_.bound();
    if (!unfit.empty()) return problem(unfit);
    acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return problem(error.message());
    return {};
}

std::uint16_t listener::port() const {
    core::error_code error;
    const auto bound = tcp_.acceptor.local_endpoint(error);
    if (error) return 0;
    tcp::endpoint place;
    place.resize(bound.size());
    std::memcpy(place.data(), bound.data(), bound.size());
    return place.port();
}

// Also when serving ends by an exception.
struct listener::leave_guard {
    leave_guard(listener& owner, connection_place place, entrance& door)
        : from(owner)
        , client(place)
        , through(door) {}
    leave_guard(const leave_guard&) = delete;
    ~leave_guard() {
        from.connections_.erase(client);
        --through.connections;
        through.room.set();
    }
    listener& from;
    connection_place client;
    entrance& through;
};

core::task<> listener::run() {
    if (local_.acceptor.is_open()) group_.spawn("control socket", accept(local_));
    co_await accept(tcp_);
}

core::task<> listener::accept(entrance& from) {
    while (!stopping_) {
        co_await from.room.wait(); // a permit before accept: what can't be served stays in the kernel's queue
        auto [error, socket] = co_await from.acceptor.async_accept(core::use_task);
        if (stopping_) break;
        if (error) {
            log_.warning("accept: ", error.message());
            core::timer pause(loop_, accept_pause);
            co_await pause.async_wait(core::use_task);
            continue;
        }
        connections_.push_back(std::make_unique<connection>(std::move(socket), service_, limits_));
        if (winding_down_) connections_.back()->wind_down();
        if (++from.connections >= from.places) from.room.reset();
        group_.spawn("connection", serve(std::prev(connections_.end()), from));
    }
}

core::task<> listener::serve(connection_place client, entrance& from) {
    const leave_guard leave(*this, client, from);
    co_await (*client)->run();
}

void listener::wind_down() {
    winding_down_ = true;
    for (auto& each : connections_)
        each->wind_down();
}

void listener::stop() {
    stopping_ = true;
    core::error_code ignored;
    tcp_.acceptor.close(ignored);
    file_.remove();
    local_.acceptor.close(ignored);
    for (auto* each : {&tcp_, &local_})
        each->room.set();
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
