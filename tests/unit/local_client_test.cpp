#include "local_client.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>

using namespace drawbridge;
using namespace std::chrono_literals;

namespace {

// Takes one connection, reads the head of its request, sends bytes as they are and closes, or waits for the
// client to do so.
class raw_server {
  public:
    explicit raw_server(std::string answer, bool keeps_open = false)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
        , answer_(std::move(answer))
        , keeps_open_(keeps_open) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof where;
        auto* const address = reinterpret_cast<sockaddr*>(&where);
        REQUIRE(::bind(socket_, address, size) == 0);
        REQUIRE(::listen(socket_, 1) == 0);
        ::getsockname(socket_, address, &size);
        port = ntohs(where.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    raw_server(const raw_server&) = delete;
    raw_server& operator=(const raw_server&) = delete;
    ~raw_server() {
        thread_.join();
        ::close(socket_);
    }

    gateway_place place() const {
        gateway_place here;
        here.host = "127.0.0.1";
        here.port = port;
        here.authority = "127.0.0.1:" + std::to_string(port);
        return here;
    }

    std::uint16_t port = 0;
    std::string request; // to be looked at when the answer has come

  private:
    void serve() {
        pollfd watched{socket_, POLLIN, 0};
        if (::poll(&watched, 1, 20'000) <= 0) return;
        const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        std::array<char, 4096> piece;
        while (request.find("\r\n\r\n") == std::string::npos) {
            const auto n = ::recv(client, piece.data(), piece.size(), 0);
            if (n <= 0) break;
            request.append(piece.data(), static_cast<std::size_t>(n));
        }
        ::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
        while (keeps_open_ && ::recv(client, piece.data(), piece.size(), 0) > 0) {
        }
        ::close(client);
    }

    int socket_;
    std::string answer_;
    bool keeps_open_;
    std::thread thread_;
};

local_request to(const std::string& target) {
    local_request request;
    request.target = target;
    return request;
}

local_answer answer_of(const std::string& bytes) {
    const raw_server server(bytes);
    return local_get(server.place(), to("/"));
}

} // namespace

TEST_CASE("local client: what it sends") {
    local_answer answer;
    std::string sent;
    {
        raw_server server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true); // does not close by itself
        auto request = to("/health?a=b");
        request.authorization = "agent";
        answer = local_get(server.place(), request);
        sent = server.request;
        CHECK(sent == "GET /health?a=b HTTP/1.1\r\nHost: " + server.place().authority +
                          "\r\nUser-Agent: drawbridge\r\nAccept: application/json\r\nConnection: close\r\n"
                          "Authorization: agent\r\n\r\n");
    }
    CHECK(answer.status == 200);
    CHECK(answer.body == "ok");
    CHECK(answer.error == "");
    raw_server plain("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(local_get(plain.place(), to("/")).status == 200);
    CHECK(plain.request.find("Authorization") == std::string::npos);
}

TEST_CASE("local client: how an answer can end") {
    CHECK(answer_of("HTTP/1.1 503 x\r\nContent-Length: 2\r\n\r\nno").status == 503);
    CHECK(answer_of("HTTP/1.0 200 OK\r\n\r\nto the end").body == "to the end");
    CHECK(answer_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
              .body == "abc");
    CHECK(answer_of("HTTP/1.1 302 x\r\nLocation: http://localhost/\r\nContent-Length: 0\r\n\r\n").status ==
          302);
    const std::string large(300'000, 'x');
    CHECK(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + large).body == large);
}

TEST_CASE("local client: what is no answer") {
    struct row {
        const char* bytes;
        const char* error;
    };
    constexpr row table[] = {
        {"", "the connection was closed without an answer"},
        {"HTTP/1.1 200", "the answer was cut off"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "the answer was cut off"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "the answer was cut off"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "the answer is too long"},
    };
    for (const auto& each : table) {
        CAPTURE(each.bytes);
        const auto answer = answer_of(each.bytes);
        CHECK(answer.status == 0);
        CHECK(answer.error == each.error);
        CHECK_FALSE(answer.interrupted);
    }
    CHECK(answer_of("SSH-2.0-other\r\n\r\n").error.find("what answers is not HTTP: ") == 0);
}

TEST_CASE("local client: nobody there") {
    gateway_place gone;
    {
        const raw_server server("");
        gone = server.place();
        local_get(gone, to("/"));
    }
    CHECK(local_get(gone, to("/")).error == "Connection refused");
    gateway_place nothing;
    nothing.socket = "none/control";
    CHECK(local_get(nothing, to("/")).error == "No such file or directory");
    nothing.socket = std::string(200, 'x');
    CHECK(local_get(nothing, to("/")).error == "the path is too long for a socket");
}

TEST_CASE("local client: the limit is for everything together") {
    for (const auto* begun : {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}) {
        const raw_server server(begun, true);
        auto request = to("/");
        request.limit = 200ms;
        const auto before = std::chrono::steady_clock::now();
        const auto answer = local_get(server.place(), request);
        CHECK(std::chrono::steady_clock::now() - before >= 200ms);
        CHECK(answer.status == 0);
        CHECK(answer.error == "no answer within 0.2 s");
        CHECK_FALSE(answer.interrupted);
    }
}

TEST_CASE("local client: it can be interrupted") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    REQUIRE(::write(ends[1], "x", 1) == 1);
    {
        const raw_server server("", true);
        auto request = to("/");
        request.limit = 60s;
        request.interrupt = ends[0];
        const auto answer = local_get(server.place(), request);
        CHECK(answer.interrupted);
        CHECK(answer.status == 0);
        CHECK(answer.error == "interrupted");
    }
    ::close(ends[0]);
    ::close(ends[1]);
}
