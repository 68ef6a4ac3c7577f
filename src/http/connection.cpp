#include "http/connection.hpp"

#include "core/task_group.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/rate_policy.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

namespace drawbridge::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using namespace std::chrono_literals;

using stream =
    beast::basic_stream<core::asio::generic::stream_protocol, core::executor, beast::unlimited_rate_policy>;
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

// All fields of a name, as if they stood in one (RFC 9110 5.3). Two empty ones are not like none: ", ".
template <class Name>
std::string joined(const parser& from, Name name) {
    std::string all;
    const auto fields = from.get().equal_range(name);
    for (auto field = fields.first; field != fields.second; ++field) {
        if (field != fields.first) all += ", ";
        all += text(field->value());
    }
    return all;
}

// By which way a client came.
struct origin_of_client {
    bool loopback = false;
    bool local = false; // the only Unix socket that we listen on is the control socket
};

origin_of_client find_origin(const stream& client) {
    namespace ip = core::asio::ip;
    origin_of_client found;
    core::error_code error;
    const auto end = client.socket().local_endpoint(error);
    if (error) return found;
    const int family = end.protocol().family();
    found.local = family == AF_UNIX;
    if (family != AF_INET && family != AF_INET6) return found;
    ip::tcp::endpoint place;
    place.resize(end.size());
    std::memcpy(place.data(), end.data(), end.size());
    const auto address = place.address();
    // A socket that listens on [::] shows 127.0.0.1 as ::ffff:127.0.0.1.
    found.loopback = address.is_v6() && address.to_v6().is_v4_mapped()
                         ? make_address_v4(ip::v4_mapped, address.to_v6()).is_loopback()
                         : address.is_loopback();
    return found;
}

request_head read_head(const parser& from, origin_of_client origin) {
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
    head.accept = joined(from, bhttp::field::accept);
    head.origin = joined(from, bhttp::field::origin);
    // There, and from nowhere: what browsers call "null".
    if (head.origin.empty() && message.count(bhttp::field::origin) > 0) head.origin = "null";
    head.host = joined(from, bhttp::field::host);
    head.protocol_version = text(message["MCP-Protocol-Version"]);
    head.session_id = text(message["Mcp-Session-Id"]);
    head.last_event_id = text(message["Last-Event-ID"]);
    head.traceparent = joined(from, "traceparent"); // two of them are none: the joined text is not valid
    head.tracestate = joined(from, "tracestate");
    head.loopback = origin.loopback;
    head.local = origin.local;
    return head;
}

// A length that is told in a way that another server in between may read differently (RFC 9112 6.1, 6.3). The
// parser ignores an encoding that it does not know, and would take the body for the next request.
bool ambiguous_length(const parser& request) {
    const auto& message = request.get();
    if (message.count(bhttp::field::transfer_encoding) == 0) return false;
    return message.version() < 11 || message.count(bhttp::field::content_length) > 0 ||
           !beast::iequals(joined(request, bhttp::field::transfer_encoding), "chunked");
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
    implementation(client_socket socket, service& target, connection_limits given)
        : client(std::move(socket))
        , handler(target)
        , limits(given)
        , group(client.get_executor(), [this](const std::string&, const std::string&) { client.close(); }) {
        buffer.reserve(read_buffer);
        origin = find_origin(client);
    }

    core::task<bool> read_request(parser& request, bool& refused);
    core::task<bool> read_body(parser& request);
    core::task<bool> skip_body(parser& request);
    core::task<bool> write(response answer, bool keep_alive, bool head_only);
    core::task<bool> write_stream(reply streamed, bool keep_alive, bool chunks);
    core::task<bool> write_pieces(std::string lines, body_source& source, bool chunks);
    core::task<bool> write_piece(std::string piece, bool chunks);
    core::task<> watch_client(body_source& source);
    core::task<> linger();

    stream client;
    service& handler;
    connection_limits limits;
    beast::flat_buffer buffer;
    request_head head; // of the present request
    bool busy = false;
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
        auto answer = co_await self.handler.serve(std::move(self.head), std::move(body));
        const bool keep_alive = request.keep_alive() && !self.stopping;
        if (answer.stream)
            open = co_await self.write_stream(std::move(answer), keep_alive, request.get().version() >= 11);
        else
            open = co_await self.write(std::move(answer.answer), keep_alive, head_only);
        self.busy = false;
        if (self.buffer.size() == 0 && self.buffer.capacity() > kept_buffer) self.buffer.shrink_to_fit();
    }
    self.client.socket().shutdown(client_socket::shutdown_both, ignored);
    self.client.socket().close(ignored);
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
    group.spawn("client's end", watch_client(source));
    bool whole = false;
    std::exception_ptr failure; // of the source; the watch refers to it and must end first
    try {
        whole = co_await write_pieces(std::move(lines), source, chunks);
    } catch (...) {
        failure = std::current_exception();
    }
    streaming = nullptr;
    watching_ended = true;
    core::error_code ignored;
    client.socket().cancel(ignored);
    co_await group.join();
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
core::task<> connection::implementation::watch_client(body_source& source) {
    while (!watching_ended) {
        auto [error] = co_await client.socket().async_wait(client_socket::wait_read, core::use_task);
        if (error || watching_ended) co_return;
        char byte = 0;
        const auto n = ::recv(client.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n > 0) co_return;
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        source.abandon();
        co_return;
    }
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
        if (error) co_return;
    }
}

} // namespace drawbridge::http
