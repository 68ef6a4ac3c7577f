#include "http/client_wire.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

namespace drawbridge::http {
namespace {

namespace asio = core::asio;

client_error failed(client_error::kind what, std::string text) {
    client_error error;
    error.what = what;
    error.text = std::move(text);
    return error;
}

} // namespace

core::task<client_error> client_wire::open(const url& origin, std::shared_ptr<asio::ssl::context> context) {
    auto error = co_await connect(origin);
    if (error || !context) co_return error;
    context_ = std::move(context);
    tls_ = std::make_unique<asio::ssl::stream<socket&>>(socket_, *context_);
    error = co_await shake_hands(origin);
    co_return error;
}

core::task<client_error> client_wire::connect(const url& origin) {
    core::error_code numeric;
    std::vector<asio::ip::tcp::endpoint> places;
    const auto address = asio::ip::make_address(origin.host, numeric);
    if (!numeric) {
        places.emplace_back(address, origin.port);
    } else {
        const auto port = std::to_string(origin.port);
        auto [error, found] = co_await resolver_.async_resolve(origin.host, port, core::use_task);
        if (error)
            co_return failed(client_error::kind::resolve,
                             "the name " + origin.host + " can't be resolved: " + error.message());
        for (const auto& each : found)
            places.push_back(each.endpoint());
    }
    core::error_code last = asio::error::host_not_found;
    for (const auto& place : places) {
        core::error_code ignored;
        socket_.close(ignored);
        auto [error] = co_await socket_.async_connect(place, core::use_task);
        last = error;
        if (!error || error == asio::error::operation_aborted) break;
    }
    if (last)
        co_return failed(client_error::kind::connect,
                         "no connection to " + origin.authority() + ": " + last.message());
    core::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    co_return client_error();
}

core::task<client_error> client_wire::shake_hands(const url& origin) {
    core::error_code numeric;
    asio::ip::make_address(origin.host, numeric);
    if (numeric) ::SSL_set_tlsext_host_name(tls_->native_handle(), origin.host.c_str());
    tls_->set_verify_callback(asio::ssl::host_name_verification(origin.host));
    auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, core::use_task);
    if (error)
        co_return failed(client_error::kind::tls,
                         "no TLS with " + origin.authority() + ": " + error.message());
    co_return client_error();
}

core::task<std::pair<core::error_code, std::size_t>> client_wire::read(asio::mutable_buffer room) {
    if (tls_) {
        auto [error, n] = co_await tls_->async_read_some(room, core::use_task);
        // Servers that close without a TLS goodbye are common; the framing of HTTP tells whether all came.
        const bool torn = error == asio::ssl::error::stream_truncated;
        co_return std::pair<core::error_code, std::size_t>(torn ? core::error_code(asio::error::eof) : error,
                                                           n);
    }
    auto [error, n] = co_await socket_.async_read_some(room, core::use_task);
    co_return std::pair<core::error_code, std::size_t>(error, n);
}

core::task<core::error_code> client_wire::write(std::string text) {
    const auto bytes = asio::buffer(text);
    if (tls_) {
        auto [error, n] = co_await asio::async_write(*tls_, bytes, core::use_task);
        co_return error;
    }
    auto [error, n] = co_await asio::async_write(socket_, bytes, core::use_task);
    co_return error;
}

void client_wire::cut() {
    core::error_code ignored;
    resolver_.cancel();
    socket_.shutdown(socket::shutdown_both, ignored);
    socket_.close(ignored);
}

bool client_wire::usable() {
    char byte = 0;
    const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

} // namespace drawbridge::http
