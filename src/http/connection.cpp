#include "http/connection.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/rate_policy.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace drawbridge::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using namespace std::chrono_literals;

using stream = beast::basic_stream<core::asio::ip::tcp, core::executor, beast::unlimited_rate_policy>;
using parser = bhttp::request_parser<bhttp::string_body>;

constexpr auto idle_limit = 120s;  // between requests, and for a head to come in
constexpr auto body_limit = 120s;  // for a whole body to come in
constexpr auto write_limit = 120s; // for a whole response to go out
constexpr auto linger_limit = 2s;  // for a refused client to read why
constexpr std::size_t read_buffer = 16 * 1024;
constexpr std::size_t kept_buffer = 128 * 1024; // what an idle connection may keep allocated
constexpr std::size_t small_body = 64 * 1024;   // read and forgotten, so that the connection can go on

std::string text(beast::string_view view) {
    return std::string(view.data(), view.size());
}

request_head read_head(const parser& from) {
    const auto& message = from.get();
    request_head head;
    head.method = text(message.method_string());
    const auto target = message.target();
    const auto question = target.find('?');
    head.path = text(target.substr(0, question));
    if (question != beast::string_view::npos) head.query = text(target.substr(question + 1));
    const auto fields = message.equal_range(bhttp::field::authorization);
    for (auto field = fields.first; field != fields.second; ++field)
        if (head.authorization_count++ == 0) head.authorization = text(field->value());
    head.content_type = text(message[bhttp::field::content_type]);
    head.protocol_version = text(message["MCP-Protocol-Version"]);
    return head;
}

// What a client is told about a request that could not be read; nothing for a connection that just ended.
std::optional<mcp::fault> unreadable(core::error_code error, const connection_limits& limits) {
    if (error == bhttp::error::header_limit)
        return mcp::fault(mcp::fault_kind::headers_too_large,
                          "the limit is " + std::to_string(limits.header_bytes) + " bytes");
    if (error == bhttp::error::body_limit)
        return mcp::fault(mcp::fault_kind::body_too_large,
                          "the limit is " + std::to_string(limits.body_bytes) + " bytes");
    if (error == bhttp::error::end_of_stream || error == bhttp::error::partial_message) return std::nullopt;
    if (error.category() == bhttp::make_error_code(bhttp::error::bad_method).category())
        return mcp::fault(mcp::fault_kind::bad_http, "the request is not valid HTTP/1.1: " + error.message());
    return std::nullopt;
}

} // namespace

struct connection::implementation {
    implementation(tcp_socket socket, service& target, connection_limits given)
        : client(std::move(socket))
        , handler(target)
        , limits(given) {
        buffer.reserve(read_buffer);
    }

    core::task<bool> read_request(parser& request, bool& refused);
    core::task<bool> read_body(parser& request);
    core::task<bool> skip_body(parser& request);
    core::task<bool> write(response answer, bool keep_alive, bool head_only);
    core::task<> linger();

    stream client;
    service& handler;
    connection_limits limits;
    beast::flat_buffer buffer;
    bool busy = false;
    bool stopping = false;
};

connection::connection(tcp_socket socket, service& target, connection_limits limits)
    : impl_(std::make_unique<implementation>(std::move(socket), target, limits)) {}

connection::~connection() = default;

core::task<> connection::run() {
    auto& self = *impl_;
    core::error_code ignored;
    self.client.socket().set_option(core::asio::ip::tcp::no_delay(true), ignored);
    bool open = true;
    while (open && !self.stopping) {
        parser request;
        request.header_limit(static_cast<std::uint32_t>(self.limits.header_bytes));
        request.body_limit(self.limits.body_bytes);
        bool refused = false;
        open = co_await self.read_request(request, refused);
        if (!open || refused) continue;
        auto head = read_head(request);
        const bool head_only = head.method == "HEAD";
        auto body = std::move(request.get().body());
        auto answer = co_await self.handler.serve(std::move(head), std::move(body));
        const bool keep_alive = request.keep_alive() && !self.stopping;
        open = co_await self.write(std::move(answer.answer), keep_alive, head_only);
        self.busy = false;
        if (self.buffer.size() == 0 && self.buffer.capacity() > kept_buffer) self.buffer.shrink_to_fit();
    }
    self.client.socket().shutdown(tcp_socket::shutdown_both, ignored);
    self.client.socket().close(ignored);
}

void connection::stop() {
    impl_->stopping = true;
    if (!impl_->busy) impl_->client.cancel();
}

void connection::cut() {
    impl_->stopping = true;
    impl_->client.close();
}

// False: the connection is over. `refused`: it was answered here, the next request may come.
core::task<bool> connection::implementation::read_request(parser& request, bool& refused) {
    client.expires_after(idle_limit);
    auto [error, n] = co_await bhttp::async_read_header(client, buffer, request, core::use_task);
    busy = true;
    std::optional<response> refusal;
    if (error) {
        const auto fault = unreadable(error, limits);
        if (!fault) co_return false;
        co_await write(fault_response(*fault), false, false);
        co_await linger();
        co_return false;
    }
    refusal = handler.screen(read_head(request));
    if (!refusal) {
        const bool whole = co_await read_body(request);
        co_return whole;
    }
    refused = true;
    const bool head_only = request.get().method() == bhttp::verb::head;
    const bool skipped = co_await skip_body(request);
    const bool keep_alive = skipped && request.keep_alive() && !stopping;
    const bool open = co_await write(std::move(*refusal), keep_alive, head_only);
    if (!keep_alive) co_await linger();
    busy = false;
    co_return open;
}

core::task<bool> connection::implementation::read_body(parser& request) {
    if (request.is_done()) co_return true;
    client.expires_after(body_limit);
    if (beast::iequals(request.get()[bhttp::field::expect], "100-continue")) {
        const std::string proceed = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto out = core::asio::buffer(proceed);
        co_await core::asio::async_write(client, out, core::use_task);
    }
    auto [error, n] = co_await bhttp::async_read(client, buffer, request, core::use_task);
    if (!error) co_return true;
    if (const auto fault = unreadable(error, limits)) {
        co_await write(fault_response(*fault), false, false);
        co_await linger();
    }
    co_return false;
}

// The body of a refused request. True: it is out of the way. A client that waits for "100 Continue" sends
// none.
core::task<bool> connection::implementation::skip_body(parser& request) {
    if (request.is_done()) co_return true;
    const auto length = request.content_length();
    if (!length || *length > small_body || !request.get()[bhttp::field::expect].empty()) co_return false;
    client.expires_after(linger_limit);
    auto [error, n] = co_await bhttp::async_read(client, buffer, request, core::use_task);
    co_return !error;
}

// Head and body in one system call. False: the connection is over.
core::task<bool> connection::implementation::write(response answer, bool keep_alive, bool head_only) {
    const auto head = serialize_head(answer, keep_alive);
    std::array<core::asio::const_buffer, 2> parts{core::asio::buffer(head), core::asio::buffer(answer.body)};
    if (head_only) parts[1] = core::asio::const_buffer();
    client.expires_after(write_limit);
    auto [error, n] = co_await core::asio::async_write(client, parts, core::use_task);
    co_return !error && keep_alive;
}

// Closing with unread input resets the connection, and the client may lose the answer that is on its way.
core::task<> connection::implementation::linger() {
    core::error_code ignored;
    client.socket().shutdown(tcp_socket::shutdown_send, ignored);
    client.expires_after(linger_limit);
    std::array<char, 16 * 1024> rest;
    const auto room = core::asio::buffer(rest);
    for (;;) {
        auto [error, n] = co_await client.async_read_some(room, core::use_task);
        if (error) co_return;
    }
}

} // namespace drawbridge::http
