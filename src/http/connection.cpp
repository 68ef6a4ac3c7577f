#include "http/connection.hpp"

#include "core/task_group.hpp"
#include "http/request_reading.hpp"
#include "mcp/revisions.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/rate_policy.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace drawbridge::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using namespace std::chrono_literals;

using stream =
    beast::basic_stream<core::asio::generic::stream_protocol, core::executor, beast::unlimited_rate_policy>;
using parser = request_parser;

constexpr auto idle_limit = 120s;  // between requests, and for a head to come in
constexpr auto body_limit = 120s;  // for a whole body to come in
constexpr auto write_limit = 120s; // for a whole response to go out
constexpr auto linger_limit = 2s;  // for a client to read its last answer
constexpr std::size_t read_buffer = 16 * 1024;
constexpr std::size_t kept_buffer = 128 * 1024; // what an idle connection may keep allocated
constexpr std::size_t small_body = 64 * 1024;   // read and forgotten, so that the connection can go on

} // namespace

struct connection::implementation {
    implementation(client_socket socket, service& target, connection_limits given)
        : client(std::move(socket))
        , handler(target)
        , limits(given)
        , group(client.get_executor(), [this](const std::string&, const std::string&) { client.close(); }) {
        buffer.reserve(read_buffer);
        origin = find_origin(client.socket());
    }

    core::task<bool> read_request(parser& request, bool& refused);
    core::task<bool> read_body(parser& request);
    core::task<bool> skip_body(parser& request);
    core::task<reply> serve(std::string body);
    core::task<bool> write(response answer, bool keep_alive, bool head_only);
    core::task<bool> write_stream(reply streamed, bool keep_alive, bool chunks);
    core::task<bool> write_pieces(std::string lines, body_source& source, bool chunks);
    core::task<bool> write_piece(std::string piece, bool chunks);
    core::task<> watch_client(std::function<void()> gone);
    core::task<> end_watch();
    core::task<> linger();
    bool stays_open(const parser& request) const;

    stream client;
    service& handler;
    connection_limits limits;
    beast::flat_buffer buffer;
    request_head head; // of the present request
    bool busy = false;
    bool winding_down = false;
    bool stopping = false;
    origin_of_client origin;
    body_source* streaming = nullptr; // the body that is being written
    bool watching_ended = false;
    core::task_group group;
};

connection::connection(client_socket socket, service& target, connection_limits limits)
    : impl_(std::make_unique<implementation>(std::move(socket), target, limits)) {}

connection::~connection() = default;

core::task<> connection::run() {
    auto& self = *impl_;
    core::error_code ignored;
    if (!self.origin.local) self.client.socket().set_option(core::asio::ip::tcp::no_delay(true), ignored);
    bool open = true;
    while (open && !self.stopping) {
        parser request;
        request.header_limit(static_cast<std::uint32_t>(self.limits.header_bytes));
        request.body_limit(self.limits.body_bytes);
        bool refused = false;
        open = co_await self.read_request(request, refused);
        if (!open || refused) continue;
        const bool head_only = self.head.method == "HEAD";
        auto body = std::move(request.get().body());
        auto answer = co_await self.serve(std::move(body));
        const bool keep_alive = self.stays_open(request);
        if (answer.stream)
            open = co_await self.write_stream(std::move(answer), keep_alive, request.get().version() >= 11);
        else
            open = co_await self.write(std::move(answer.answer), keep_alive, head_only);
        self.busy = false;
        if (self.buffer.size() == 0 && self.buffer.capacity() > kept_buffer) self.buffer.shrink_to_fit();
    }
    self.busy = false;
    // The client did not ask for this end and may be sending its next request.
    if (self.winding_down && !self.stopping) co_await self.linger();
    self.client.socket().shutdown(client_socket::shutdown_both, ignored);
    self.client.socket().close(ignored);
}

void connection::wind_down() {
    impl_->winding_down = true;
}

void connection::stop() {
    impl_->stopping = true;
    if (!impl_->busy) impl_->client.cancel();
    if (impl_->streaming != nullptr) impl_->streaming->abandon();
}

void connection::cut() {
    impl_->stopping = true;
    impl_->client.close();
    if (impl_->streaming != nullptr) impl_->streaming->abandon();
}

// Asked when the head of a response is written.
bool connection::implementation::stays_open(const parser& request) const {
    return request.keep_alive() && !winding_down && !stopping;
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
    if (ambiguous_length(request)) {
        const mcp::fault smuggled(mcp::fault_kind::bad_http,
                                  "the length of the body is ambiguous: send Content-Length, or "
                                  "Transfer-Encoding: chunked and nothing else");
        co_await write(fault_response(smuggled), false, false);
        co_await linger();
        co_return false;
    }
    head = read_head(request, origin);
    refusal = handler.screen(head);
    if (!refusal) {
        const bool whole = co_await read_body(request);
        co_return whole;
    }
    refused = true;
    const bool head_only = request.get().method() == bhttp::verb::head;
    const bool skipped = co_await skip_body(request);
    const bool keep_alive = skipped && stays_open(request);
    const bool open = co_await write(std::move(*refusal), keep_alive, head_only);
    busy = !skipped; // stop() need not wait for a client that has nothing left to send
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
    const auto lines = serialize_head(answer, keep_alive);
    std::array<core::asio::const_buffer, 2> parts{core::asio::buffer(lines), core::asio::buffer(answer.body)};
    if (head_only) parts[1] = core::asio::const_buffer();
    client.expires_after(write_limit);
    auto [error, n] = co_await core::asio::async_write(client, parts, core::use_task);
    co_return !error && keep_alive;
}

// A body that comes into being while it is written. False: the connection is over.
core::task<bool> connection::implementation::write_stream(reply streamed, bool keep_alive, bool chunks) {
    auto lines = serialize_head(streamed.answer, keep_alive, chunks ? framing::chunked : framing::close);
    auto& source = *streamed.stream;
    if (stopping) source.abandon(); // stop() came while the answer was being thought of
    streaming = &source;
    watching_ended = false;
    group.spawn("client's end", watch_client([&source] { source.abandon(); }));
    bool whole = false;
    std::exception_ptr failure; // of the source; the watch refers to it and must end first
    try {
        whole = co_await write_pieces(std::move(lines), source, chunks);
    } catch (...) {
        failure = std::current_exception();
    }
    streaming = nullptr;
    co_await end_watch();
    if (failure) std::rethrow_exception(failure);
    const bool reusable = whole && keep_alive && chunks && !stopping;
    co_return reusable;
}

// Each piece when it is there. False: the client could not be told the end.
core::task<bool> connection::implementation::write_pieces(std::string lines, body_source& source,
                                                          bool chunks) {
    bool open = co_await write_piece(std::move(lines), false);
    while (open) {
        auto piece = co_await source.next();
        if (!piece) break;
        if (!piece->empty()) open = co_await write_piece(std::move(*piece), chunks);
    }
    if (open && chunks) open = co_await write_piece("0\r\n\r\n", false);
    co_return open;
}

core::task<bool> connection::implementation::write_piece(std::string piece, bool chunks) {
    char size[20] = "";
    if (chunks) std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    const std::string_view before(size);
    const std::string_view behind = chunks ? "\r\n" : "";
    const std::array<core::asio::const_buffer, 3> parts{core::asio::buffer(before), core::asio::buffer(piece),
                                                        core::asio::buffer(behind)};
    client.expires_after(write_limit);
    auto [error, n] = co_await core::asio::async_write(client, parts, core::use_task);
    client.expires_never();
    co_return !error;
}

// A client that is gone is noticed at once, not at the next piece. What it sends early stays in the socket.
core::task<> connection::implementation::watch_client(std::function<void()> gone) {
    while (!watching_ended) {
        auto [error] = co_await client.socket().async_wait(client_socket::wait_read, core::use_task);
        if (error || watching_ended) co_return;
        char byte = 0;
        const auto n = ::recv(client.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n > 0) co_return;
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        gone();
        co_return;
    }
}

core::task<> connection::implementation::end_watch() {
    watching_ended = true;
    core::error_code ignored;
    client.socket().cancel(ignored);
    co_await group.join();
}

// A client of MCP 2026-07-28 cancels a request by closing its connection.
core::task<reply> connection::implementation::serve(std::string body) {
    if (!mcp::is_modern_revision(head.protocol_version)) {
        auto answer = co_await handler.serve(std::move(head), std::move(body));
        co_return answer;
    }
    const auto gone = std::make_shared<std::function<void()>>();
    head.on_client_gone = gone;
    watching_ended = false;
    group.spawn("client's end", watch_client([gone] {
                    if (*gone) (*gone)();
                }));
    std::optional<reply> answer;
    std::exception_ptr failure;
    try {
        auto given = co_await handler.serve(std::move(head), std::move(body));
        answer.emplace(std::move(given));
    } catch (...) {
        failure = std::current_exception();
    }
    co_await end_watch();
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*answer);
}

// Closing with unread input resets the connection, and the client may lose the answer that is on its way.
core::task<> connection::implementation::linger() {
    core::error_code ignored;
    client.socket().shutdown(client_socket::shutdown_send, ignored);
    client.expires_after(linger_limit);
    std::array<char, 16 * 1024> rest;
    const auto room = core::asio::buffer(rest);
    for (;;) {
        auto [error, n] = co_await client.async_read_some(room, core::use_task);
        if (error || (stopping && !busy)) co_return;
    }
}

} // namespace drawbridge::http
