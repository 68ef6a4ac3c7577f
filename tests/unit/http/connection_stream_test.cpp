// Bodies that come into being while they are written, over a real loopback socket.
#include "http/connection_stage.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace drawbridge;
using namespace drawbridge::http;
using testing::connection_stage;
using testing::get;

namespace {

// A stage where /stream is a stream and everything else is answered with its path.
struct stream_stage {
    stream_stage() : tap(stage.make_tap()) {
        stage.answer = [this](const request_head& head) {
            if (head.path != "/stream") return reply(json_response(200, "\"" + head.path + "\""));
            auto streamed = stage.stream(tap);
            streamed.pass = passes.enter();
            return streamed;
        };
        stage.connect();
    }
    template <class Work>
    void run(Work work) {
        testing::run(stage.loop, work());
    }

    connection_stage stage;
    core::gate passes{stage.loop.get_executor()};
    std::shared_ptr<testing::tap> tap;
};

} // namespace

TEST_CASE("stream: head at once, each piece a chunk, an end, and the next request") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        auto& stage = at.stage;
        co_await stage.write(get("/stream"));
        const auto head = co_await stage.read_until("\r\n\r\n"); // before there is any piece
        CHECK(head == "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                      "Cache-Control: no-store, no-transform\r\nTransfer-Encoding: chunked\r\n\r\n");
        at.tap->say("data: a\n\n");
        auto chunk = co_await stage.read_until("\n\n\r\n");
        CHECK(chunk == "9\r\ndata: a\n\n\r\n");
        at.tap->say(""); // would be the end
        at.tap->say(std::string(0x1234, 'x') + "\n\n");
        chunk = co_await stage.read_until("\n\n\r\n");
        CHECK(chunk == "1236\r\n" + std::string(0x1234, 'x') + "\n\n\r\n");
        CHECK(at.passes.inside() == 1);
        at.tap->end();
        chunk = co_await stage.read_until("0\r\n\r\n");
        CHECK(chunk == "0\r\n\r\n");
        co_await at.tap->gone.wait();
        CHECK_FALSE(at.tap->abandoned.is_set());
        CHECK(at.passes.inside() == 0);
        co_await stage.write(get("/next"));
        const auto next = co_await stage.read_until("\"/next\"");
        CHECK(next.starts_with("HTTP/1.1 200 OK\r\n"));
    });
}

TEST_CASE("stream: the pass is held while a slow client has not been sent everything") {
    stream_stage at;
    constexpr std::size_t much = std::size_t{32} << 20; // more than two sockets hold
    at.run([&]() -> core::task<> {
        at.tap->say(std::string(much, 'x'));
        at.tap->end();
        co_await at.stage.write(get("/stream"));
        co_await at.stage.read_until("\r\n\r\n");
        CHECK(at.passes.inside() == 1);
        CHECK_FALSE(at.tap->gone.is_set());
        const auto body = co_await at.stage.read_until("\r\n0\r\n\r\n");
        CHECK(body.size() == much + 9 + 7); // "2000000\r\n" and the end
        co_await at.passes.wait_empty(at.stage.soon());
        CHECK(at.passes.inside() == 0);
    });
}

TEST_CASE("stream: what was sent early is not lost, and the next stream is watched anew") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        auto& stage = at.stage;
        for (int round = 0; round < 50; ++round) {
            at.tap = stage.make_tap();
            co_await stage.write(get("/stream"));
            co_await stage.read_until("\r\n\r\n");
            const auto path = "/early" + std::to_string(round);
            co_await stage.write(get(path));
            if (round % 2 == 0) { // sometimes behind a piece, sometimes not
                at.tap->say("a\n\n");
                co_await stage.read_until("a\n\n\r\n");
            }
            CHECK(stage.heads.size() == 2 * static_cast<std::size_t>(round) + 1);
            at.tap->end();
            co_await stage.read_until("0\r\n\r\n");
            const auto next = co_await stage.read_until("\"" + path + "\"");
            CHECK(next.ends_with("\"" + path + "\""));
            CHECK_FALSE(at.tap->abandoned.is_set());
        }
        at.tap = stage.make_tap();
        co_await stage.write(get("/stream"));
        co_await stage.read_until("\r\n\r\n");
        stage.hang_up();
        co_await at.tap->gone.wait();
        CHECK(at.tap->abandoned.is_set());
    });
}

TEST_CASE("stream: requests in one packet, streams among them") {
    stream_stage at;
    at.tap->say("a\n\n");
    at.tap->end();
    at.run([&]() -> core::task<> {
        co_await at.stage.write(get("/one") + get("/stream") + get("/two", "Connection: close\r\n"));
        const auto all = co_await at.stage.read_to_end();
        const auto one = all.find("\"/one\"");
        const auto chunk = all.find("3\r\na\n\n\r\n0\r\n\r\n");
        const auto two = all.find("\"/two\"");
        REQUIRE(one != std::string::npos);
        REQUIRE(chunk != std::string::npos);
        REQUIRE(two != std::string::npos);
        CHECK(one < chunk);
        CHECK(chunk < two);
        co_await at.stage.join();
    });
}

TEST_CASE("stream: a client that is gone is noticed without a further piece") {
    for (const bool reset : {false, true}) {
        CAPTURE(reset);
        stream_stage at;
        at.run([&]() -> core::task<> {
            co_await at.stage.write(get("/stream"));
            at.tap->say("a\n\n");
            co_await at.stage.read_until("a\n\n\r\n");
            CHECK_FALSE(at.tap->abandoned.is_set());
            if (reset)
                at.stage.vanish();
            else
                at.stage.hang_up();
            co_await at.tap->abandoned.wait();
            co_await at.stage.join();
            CHECK(at.tap->gone.is_set());
            CHECK(at.passes.inside() == 0);
        });
    }
}

TEST_CASE("stream: a client that goes while a piece is on its way") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        at.tap->say(std::string(std::size_t{32} << 20, 'x'));
        co_await at.stage.write(get("/stream"));
        co_await at.stage.read_until("\r\n\r\n");
        at.stage.vanish();
        co_await at.stage.join(); // nobody ended the stream
        CHECK(at.tap->gone.is_set());
        CHECK(at.passes.inside() == 0);
    });
}

TEST_CASE("stream: HTTP/1.0 gets no chunks, and the end of the connection as the end") {
    for (const std::string fields : {"", "Connection: keep-alive\r\n"}) {
        CAPTURE(fields);
        stream_stage at;
        at.run([&]() -> core::task<> {
            co_await at.stage.write("GET /stream HTTP/1.0\r\n" + fields + "\r\n");
            const auto head = co_await at.stage.read_until("\r\n\r\n");
            CHECK(head.find("Transfer-Encoding") == std::string::npos);
            CHECK(head.find("Content-Length") == std::string::npos);
            CHECK(head.find("\r\nConnection: close\r\n") != std::string::npos);
            at.tap->say("data: a\n\n");
            const auto first = co_await at.stage.read_until("\n\n");
            CHECK(first == "data: a\n\n");
            at.tap->say("data: b\n\n");
            at.tap->end();
            const auto rest = co_await at.stage.read_to_end();
            CHECK(rest == "data: b\n\n");
            CHECK(at.stage.last_error == core::asio::error::eof);
            co_await at.stage.join();
        });
    }
}

TEST_CASE("stream: a client that asks for the end of the connection gets it behind the last chunk") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        co_await at.stage.write(get("/stream", "Connection: close\r\n"));
        at.tap->say("a");
        at.tap->end();
        const auto all = co_await at.stage.read_to_end();
        CHECK(all.find("\r\nConnection: close\r\n") != std::string::npos);
        CHECK(all.ends_with("\r\n\r\n1\r\na\r\n0\r\n\r\n"));
        co_await at.stage.join();
    });
}

TEST_CASE("stream: stop asks a stream for its end, and the client reads a whole response") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        co_await at.stage.write(get("/stream"));
        co_await at.stage.read_until("\r\n\r\n");
        at.stage.door->stop();
        CHECK(at.tap->abandoned.is_set());
        const auto rest = co_await at.stage.read_to_end();
        CHECK(rest == "0\r\n\r\n");
        CHECK(at.stage.last_error == core::asio::error::eof);
        co_await at.stage.join();
    });
}

TEST_CASE("stream: one that begins after stop ends as well") {
    stream_stage at;
    at.stage.held = std::make_shared<core::event>(at.stage.loop.get_executor());
    at.run([&]() -> core::task<> {
        co_await at.stage.write(get("/stream"));
        co_await at.stage.served.wait();
        at.stage.door->stop();
        at.stage.held->set();
        const auto all = co_await at.stage.read_to_end();
        CHECK(all.find("\r\nConnection: close\r\n") != std::string::npos);
        CHECK(all.ends_with("\r\n\r\n0\r\n\r\n"));
        co_await at.stage.join();
        CHECK(at.tap->abandoned.is_set());
    });
}

TEST_CASE("stream: cut ends it at once") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        co_await at.stage.write(get("/stream"));
        co_await at.stage.read_until("\r\n\r\n");
        at.stage.door->cut();
        co_await at.stage.join();
        CHECK(at.tap->abandoned.is_set());
        CHECK(at.tap->gone.is_set());
        const auto rest = co_await at.stage.read_to_end();
        CHECK(rest.empty());
    });
}

TEST_CASE("stream: a body that fails takes its connection with it and leaves nothing behind") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        co_await at.stage.write(get("/stream"));
        at.tap->say("a\n\n");
        co_await at.stage.read_until("a\n\n\r\n");
        at.tap->break_off();
        co_await at.stage.join();
        CHECK(at.tap->gone.is_set());
        CHECK(at.passes.inside() == 0);
        CHECK(at.stage.failure == "broken");
        at.stage.door.reset(); // as the listener does
        const auto rest = co_await at.stage.read_to_end();
        CHECK(rest.empty()); // no last chunk: the client sees that it broke off
    });
}

TEST_CASE("stream: winding down cuts nothing; the answer behind its end is the last one") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        auto& stage = at.stage;
        co_await stage.write(get("/stream"));
        const auto head = co_await stage.read_until("\r\n\r\n");
        CHECK(head.find("Connection:") == std::string::npos);
        stage.door->wind_down();
        at.tap->say("a\n\n");
        const auto piece = co_await stage.read_until("a\n\n\r\n");
        CHECK(piece == "3\r\na\n\n\r\n");
        CHECK_FALSE(at.tap->abandoned.is_set());
        at.tap->end();
        const auto end = co_await stage.read_until("0\r\n\r\n");
        CHECK(end == "0\r\n\r\n");
        co_await stage.write(get("/last"));
        const auto last = co_await stage.read_to_end();
        CHECK(last.ends_with("\r\nConnection: close\r\n\r\n\"/last\""));
        CHECK(stage.last_error == core::asio::error::eof);
        CHECK(at.passes.inside() == 0); // not held for a client that stays
        stage.hang_up();
        co_await stage.join();
        CHECK_FALSE(at.tap->abandoned.is_set());
    });
}

TEST_CASE("stream: winding down, a request that was sent during the stream is answered behind it") {
    stream_stage at;
    at.run([&]() -> core::task<> {
        auto& stage = at.stage;
        co_await stage.write(get("/stream"));
        co_await stage.read_until("\r\n\r\n");
        co_await stage.write(get("/early"));
        stage.door->wind_down();
        at.tap->end();
        co_await stage.read_until("0\r\n\r\n");
        const auto last = co_await stage.read_to_end();
        CHECK(last.ends_with("\r\nConnection: close\r\n\r\n\"/early\""));
        CHECK(stage.last_error == core::asio::error::eof);
        stage.hang_up();
        co_await stage.join();
    });
}

TEST_CASE("stream: one that begins while winding down says that it is the last answer, and is whole") {
    stream_stage at;
    at.stage.held = std::make_shared<core::event>(at.stage.loop.get_executor());
    at.run([&]() -> core::task<> {
        auto& stage = at.stage;
        co_await stage.write(get("/stream"));
        co_await stage.served.wait();
        stage.door->wind_down();
        stage.held->set();
        const auto head = co_await stage.read_until("\r\n\r\n");
        CHECK(head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
        CHECK(head.find("\r\nConnection: close\r\n") != std::string::npos);
        CHECK_FALSE(at.tap->abandoned.is_set());
        at.tap->say("a");
        at.tap->end();
        const auto rest = co_await stage.read_to_end();
        CHECK(rest == "1\r\na\r\n0\r\n\r\n");
        CHECK(stage.last_error == core::asio::error::eof);
        stage.hang_up();
        co_await stage.join();
    });
}
