// A connection over a real loopback socket: the test is the client and the handlers.
#pragma once

#include "http/connection.hpp"

#include "core/event.hpp"
#include "core/run.hpp"
#include "core/task_group.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace drawbridge::testing {

// What the test says through a stream, and what it hears of it.
struct tap {
    explicit tap(core::executor loop) : changed(loop), abandoned(loop), gone(loop) {}

    void say(std::string piece) {
        pieces.push_back(std::move(piece));
        changed.set();
    }
    void end() {
        ended = true;
        changed.set();
    }
    void break_off() {
        broken = true;
        changed.set();
    }

    core::event changed, abandoned;
    core::event gone; // the body was destroyed
    std::deque<std::string> pieces;
    bool ended = false;
    bool broken = false; // next() throws
};

class tapped_body final : public http::body_source {
  public:
    explicit tapped_body(std::shared_ptr<tap> from) : tap_(std::move(from)) {}
    ~tapped_body() override { tap_->gone.set(); }

    core::task<std::optional<std::string>> next() override {
        auto& from = *tap_;
        for (;;) {
            if (from.broken) throw std::runtime_error("broken");
            if (from.abandoned.is_set()) co_return std::nullopt;
            if (!from.pieces.empty()) {
                auto piece = std::move(from.pieces.front());
                from.pieces.pop_front();
                co_return piece;
            }
            if (from.ended) co_return std::nullopt;
            from.changed.reset();
            co_await from.changed.wait();
        }
    }
    void abandon() override {
        tap_->abandoned.set();
        tap_->changed.set();
    }

  private:
    std::shared_ptr<tap> tap_;
};

class connection_stage final : public http::service {
  public:
    explicit connection_stage(const char* address = "127.0.0.1")
        : acceptor_(loop)
        , client(loop)
        , served(loop.get_executor())
        , group_(loop.get_executor(),
                 [this](const std::string&, const std::string& what) { failure = what; }) {
        const core::asio::ip::tcp::endpoint any(core::asio::ip::make_address(address), 0);
        acceptor_.open(any.protocol());
        acceptor_.bind(any);
        acceptor_.listen();
    }
    connection_stage(const connection_stage&) = delete;
    connection_stage& operator=(const connection_stage&) = delete;
    ~connection_stage() {
        if (door) door->cut();
        run(loop, group_.join());
    }

    // The client's end is open, and the connection runs.
    void connect(const char* address = "127.0.0.1") {
        const core::asio::ip::tcp::endpoint there(core::asio::ip::make_address(address),
                                                  acceptor_.local_endpoint().port());
        client.connect(there);
        http::tcp_socket accepted = acceptor_.accept();
        http::connection_limits limits;
        limits.header_bytes = 8192;
        limits.body_bytes = 64 * 1024;
        door = std::make_unique<http::connection>(std::move(accepted), *this, limits);
        group_.spawn("connection", door->run());
    }

    std::optional<http::response> screen(http::request_head&) override { return refusal; }
    core::task<http::reply> serve(http::request_head head, std::string body) override {
        heads.push_back(std::move(head));
        bodies.push_back(std::move(body));
        served.set();
        if (held) co_await held->wait();
        co_return answer(heads.back());
    }

    http::reply stream(std::shared_ptr<tap> from) {
        http::reply streamed(http::response(200, "text/event-stream", ""));
        streamed.stream = std::make_unique<tapped_body>(std::move(from));
        return streamed;
    }
    std::shared_ptr<tap> make_tap() { return std::make_shared<tap>(loop.get_executor()); }

    // --- the client

    core::task<> write(std::string text) {
        const auto out = core::asio::buffer(text);
        co_await core::asio::async_write(client, out, core::use_task);
    }
    // Everything up to and with this text; what comes behind stays. Ends early at the end of the connection.
    core::task<std::string> read_until(std::string marker) {
        for (;;) {
            const auto found = received.find(marker);
            if (found != std::string::npos) co_return take(found + marker.size());
            const bool more = co_await read_some();
            if (!more) co_return take(received.size());
        }
    }
    core::task<std::string> read_to_end() {
        bool more = true;
        while (more)
            more = co_await read_some();
        co_return take(received.size());
    }
    void hang_up() {
        core::error_code ignored;
        client.close(ignored);
    }
    // With a reset.
    void vanish() {
        client.set_option(core::asio::socket_base::linger(true, 0));
        hang_up();
    }
    core::task<> join() { co_await group_.join(); }
    core::time_point soon() const { return core::clock::now() + patience; }

    core::asio::io_context loop{1};

  private:
    core::task<bool> read_some() {
        std::array<char, 16 * 1024> piece;
        const auto room = core::asio::buffer(piece);
        auto [error, n] = co_await client.async_read_some(room, core::use_task);
        last_error = error;
        received.append(piece.data(), n);
        co_return !error;
    }
    std::string take(std::size_t length) {
        auto text = received.substr(0, length);
        received.erase(0, length);
        return text;
    }

    core::asio::basic_socket_acceptor<core::asio::ip::tcp, core::executor> acceptor_;

  public:
    http::tcp_socket client;
    core::error_code last_error; // of the last read
    std::string received;
    std::unique_ptr<http::connection> door;
    std::string failure; // with which the connection ended

    // The handlers: what came, and what is answered.
    std::optional<http::response> refusal; // to every request, by its head
    std::vector<http::request_head> heads;
    std::vector<std::string> bodies;
    core::event served;
    std::shared_ptr<core::event> held; // an answer waits for it
    std::function<http::reply(const http::request_head&)> answer = [](const http::request_head& head) {
        return http::reply(http::json_response(200, "\"" + head.path + "\""));
    };

  private:
    core::task_group group_;
};

inline std::string get(const std::string& path, const std::string& fields = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

} // namespace drawbridge::testing
