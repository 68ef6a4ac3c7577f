// What a connection makes of the bytes of a request, and what it refuses by itself.
#include "http/connection_stage.hpp"

#include "http/listener.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::http;
using testing::connection_stage;
using testing::get;

namespace {

// The head as the handlers see it.
request_head head_of(const std::string& fields, const char* listens = "127.0.0.1",
                     const char* called = "127.0.0.1") {
    connection_stage stage(listens);
    stage.connect(called);
    const auto ask = [&]() -> core::task<> {
        co_await stage.write("GET /mcp/time?a=b HTTP/1.1\r\n" + fields + "\r\n");
        co_await stage.read_until("\"/mcp/time\"");
    };
    testing::run(stage.loop, ask());
    REQUIRE(stage.heads.size() == 1);
    return stage.heads.front();
}

std::string last_answer(const std::string& request) {
    connection_stage stage;
    stage.connect();
    std::string answer;
    const auto ask = [&]() -> core::task<> {
        co_await stage.write(request);
        answer = co_await stage.read_to_end();
        co_await stage.join();
    };
    testing::run(stage.loop, ask());
    CHECK(stage.heads.empty()); // nothing of it was obeyed
    CHECK(stage.last_error == core::asio::error::eof);
    return answer;
}

} // namespace

TEST_CASE("connection: the fields of a request") {
    const auto head =
        head_of("Host: localhost:8080\r\nAuthorization: one\r\nContent-Type: application/json\r\n"
                "accept: application/json\r\nAccept: text/event-stream;q=0.5, */*\r\n"
                "Origin: http://localhost:3000\r\nMCP-Protocol-Version: 2025-11-25\r\n"
                "mcp-session-id: abc\r\nLast-Event-ID: 3-7\r\n");
    CHECK(head.method == "GET");
    CHECK(head.path == "/mcp/time");
    CHECK(head.query == "a=b");
    CHECK(head.host == "localhost:8080");
    CHECK(head.authorization == "one");
    CHECK(head.authorization_count == 1);
    CHECK(head.content_type == "application/json");
    CHECK(head.accept == "application/json, text/event-stream;q=0.5, */*");
    CHECK(head.origin == "http://localhost:3000");
    CHECK(head.protocol_version == "2025-11-25");
    CHECK(head.session_id == "abc");
    CHECK(head.last_event_id == "3-7");
    CHECK(head.loopback);
}

TEST_CASE("connection: fields that are not there are empty, and one that stands twice is like nothing else") {
    const auto bare = head_of("Host: localhost\r\n");
    CHECK(bare.accept.empty());
    CHECK(bare.origin.empty());
    CHECK(bare.session_id.empty());
    CHECK(bare.last_event_id.empty());
    CHECK(bare.authorization_count == 0);
    const auto twice =
        head_of("Host: localhost\r\nHost: localhost\r\nOrigin: http://a\r\nOrigin: http://a\r\n"
                "Authorization: one\r\nAuthorization: two\r\n");
    CHECK(twice.host == "localhost, localhost");
    CHECK(twice.origin == "http://a, http://a");
    CHECK(twice.authorization_count == 2);
    CHECK(head_of("Host: localhost\r\nOrigin:\r\nOrigin: http://localhost\r\n").origin ==
          ", http://localhost");
    CHECK(head_of("Host: localhost\r\nOrigin:\r\n").origin == "null"); // a browser's request, from nowhere
}

TEST_CASE("connection: loopback is loopback whatever the socket listens on") {
    CHECK(head_of("Host: localhost\r\n", "0.0.0.0", "127.0.0.1").loopback);
    CHECK(head_of("Host: localhost\r\n", "0.0.0.0", "127.8.9.1").loopback);
    bool has_v6 = true;
    try {
        connection_stage probe("::");
    } catch (const boost::system::system_error&) {
        has_v6 = false;
    }
    if (!has_v6) return;
    CHECK(head_of("Host: localhost\r\n", "::", "127.0.0.1").loopback); // shows as ::ffff:127.0.0.1
    CHECK(head_of("Host: localhost\r\n", "::", "::1").loopback);
}

TEST_CASE(
    "connection: a body whose length can be read in two ways is refused, and nothing behind it is obeyed") {
    const std::string smuggled = "POST /close HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    for (const std::string fields : {
             "Transfer-Encoding: identity\r\n",
             "Transfer-Encoding: gzip\r\n",
             "Transfer-Encoding: xchunked\r\n",
             "Transfer-Encoding: chunked, identity\r\n",
             "Transfer-Encoding: gzip, chunked\r\n",
             "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
             "Transfer-Encoding:\r\n",
             "Transfer-Encoding: \"chunked\"\r\n",
             "Transfer-Encoding: chunked;a=b\r\n",
             "Transfer-Encoding: chunked\x0b\r\n",
             "Transfer-Encoding : chunked\r\n",
             "Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
             "Content-Length: 4\r\nTransfer-Encoding: identity\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
             "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
             "Content-Length: 4\r\nContent-Length: 5\r\n",
             "Content-Length: 4, 5\r\n",
             "Content-Length: +4\r\n",
             "Content-Length: 0x4\r\n",
             "Content-Length:\r\n",
         }) {
        CAPTURE(fields);
        const auto answer = last_answer("POST /mcp/time HTTP/1.1\r\nHost: localhost\r\n" + fields +
                                        "\r\n0\r\n\r\n" + smuggled);
        CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
        CHECK(answer.find("HTTP/1.1 ", 8) == std::string::npos); // one answer
    }
    // HTTP/1.0 knows no Transfer-Encoding: whoever passed it on did not read it.
    const auto old =
        last_answer("POST /mcp/time HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled);
    CHECK(old.starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_CASE("connection: chunked bodies are read, in any spelling of the word") {
    connection_stage stage;
    stage.connect();
    const auto ask = [&]() -> core::task<> {
        for (const auto* word : {"chunked", "Chunked", "CHUNKED"}) {
            co_await stage.write("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: " +
                                 std::string(word) + "\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
            const auto answer = co_await stage.read_until("\"/a\"");
            CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        }
    };
    testing::run(stage.loop, ask());
    CHECK(stage.bodies == std::vector<std::string>{"{}", "{}", "{}"});
}

TEST_CASE("connection: stop ends an idle connection at once and a busy one behind its answer") {
    connection_stage idle;
    idle.connect();
    const auto leave = [&]() -> core::task<> {
        co_await idle.write(get("/a"));
        co_await idle.read_until("\"/a\"");
        idle.door->stop();
        const auto rest = co_await idle.read_to_end();
        CHECK(rest.empty());
        co_await idle.join();
    };
    testing::run(idle.loop, leave());
    connection_stage busy;
    busy.connect();
    busy.held = std::make_shared<core::event>(busy.loop.get_executor());
    const auto finish = [&]() -> core::task<> {
        co_await busy.write(get("/a"));
        co_await busy.served.wait();
        busy.door->stop();
        busy.held->set();
        const auto answer = co_await busy.read_to_end();
        CHECK(answer.ends_with("\r\nConnection: close\r\n\r\n\"/a\""));
        co_await busy.join();
    };
    testing::run(busy.loop, finish());
}

// --- the gateway closes

namespace {

// What ends the last answer of a connection to "/a".
constexpr std::string_view last_words = "\r\nConnection: close\r\n\r\n\"/a\"";

core::task<> use_once(connection_stage& stage) {
    co_await stage.write(get("/first"));
    const auto answer = co_await stage.read_until("\"/first\"");
    CHECK(answer.find("Connection:") == std::string::npos);
}

// The last answer has been read, and the connection ends in order.
core::task<> part(connection_stage& stage) {
    CHECK(stage.last_error == core::asio::error::eof);
    stage.hang_up();
    co_await stage.join();
}

} // namespace

TEST_CASE("winding down: an idle connection gets one more answer, ends in order, and obeys nothing more") {
    connection_stage stage;
    stage.connect();
    const auto ask = [&]() -> core::task<> {
        co_await use_once(stage);
        stage.door->wind_down();
        stage.door->wind_down();
        co_await stage.write(get("/last"));
        const auto rest = co_await stage.read_to_end();
        CHECK(rest.ends_with("\r\nConnection: close\r\n\r\n\"/last\""));
        co_await stage.write(get("/late"));
        co_await part(stage);
        CHECK(stage.heads.size() == 2);
    };
    testing::run(stage.loop, ask());
}

TEST_CASE("winding down: an answer that is being thought of is the last one, also before a further request") {
    for (const bool hasty : {false, true}) {
        CAPTURE(hasty);
        connection_stage stage;
        stage.held = std::make_shared<core::event>(stage.loop.get_executor());
        stage.connect();
        const auto ask = [&]() -> core::task<> {
            auto requests = get("/a");
            if (hasty) requests += get("/b");
            co_await stage.write(requests);
            co_await stage.served.wait();
            stage.door->wind_down();
            stage.held->set();
            const auto answer = co_await stage.read_to_end();
            CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
            CHECK(answer.ends_with(last_words));
            co_await part(stage);
            CHECK(stage.heads.size() == 1);
        };
        testing::run(stage.loop, ask());
    }
}

TEST_CASE("winding down: a request that has come, or begun to come, is answered") {
    const auto request = get("/a");
    for (const std::size_t before : {std::size_t{1}, request.size() / 2, request.size()}) {
        CAPTURE(before);
        connection_stage stage;
        stage.connect();
        const auto ask = [&]() -> core::task<> {
            co_await use_once(stage);
            stage.client.send(core::asio::buffer(request, before)); // nothing else runs meanwhile
            stage.door->wind_down();
            co_await stage.write(request.substr(before));
            const auto answer = co_await stage.read_to_end();
            CHECK(answer.ends_with(last_words));
            co_await part(stage);
        };
        testing::run(stage.loop, ask());
    }
}

TEST_CASE("winding down: a connection without a request yet gets one answer") {
    connection_stage stage;
    stage.connect();
    const auto ask = [&]() -> core::task<> {
        stage.door->wind_down();
        co_await stage.write(get("/a"));
        const auto answer = co_await stage.read_to_end();
        CHECK(answer.ends_with(last_words));
        co_await part(stage);
    };
    testing::run(stage.loop, ask());
}

TEST_CASE("winding down: a refusal by the head alone is the last answer, whatever the body") {
    const std::string small = "Content-Length: 2\r\n\r\n{}";
    const std::string unknown = "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    for (const auto& rest : {small, unknown}) {
        CAPTURE(rest);
        connection_stage stage;
        stage.connect();
        const auto ask = [&]() -> core::task<> {
            co_await use_once(stage);
            stage.refusal = json_response(503, "\"closing\"");
            co_await stage.write("POST /a HTTP/1.1\r\nHost: localhost\r\n");
            stage.door->wind_down();
            co_await stage.write(rest);
            const auto answer = co_await stage.read_to_end();
            CHECK(answer.starts_with("HTTP/1.1 503 "));
            CHECK(answer.ends_with("\r\nConnection: close\r\n\r\n\"closing\""));
            co_await part(stage);
            CHECK(stage.heads.size() == 1);
        };
        testing::run(stage.loop, ask());
    }
}

TEST_CASE("winding down: stop does not wait for a client that has its last answer and stays") {
    for (const bool refuses : {false, true}) {
        CAPTURE(refuses);
        connection_stage stage;
        if (refuses) stage.refusal = json_response(503, "\"/a\"");
        stage.connect();
        const auto ask = [&]() -> core::task<> {
            stage.door->wind_down();
            co_await stage.write(get("/a"));
            const auto answer = co_await stage.read_to_end();
            CHECK(answer.ends_with(last_words));
            const auto began = core::clock::now();
            stage.door->stop();
            co_await stage.join();
            CHECK(core::clock::now() - began < std::chrono::seconds(1)); // 2 s are its client's otherwise
        };
        testing::run(stage.loop, ask());
    }
}

TEST_CASE("winding down: a connection that is accepted meanwhile gets one answer") {
    connection_stage stage;
    connection_limits limits;
    limits.header_bytes = 8192;
    limits.body_bytes = 8192;
    listener gate(stage.loop.get_executor(), stage, limits, 4, telemetry::log());
    listen_address any;
    any.host = "127.0.0.1";
    REQUIRE(gate.open(any) == "");
    core::task_group group(stage.loop.get_executor(), [](const std::string&, const std::string&) {});
    const auto ask = [&]() -> core::task<> {
        group.spawn("listener", gate.run());
        gate.wind_down();
        const core::asio::ip::tcp::endpoint there(core::asio::ip::make_address(any.host), gate.port());
        stage.client.connect(there);
        co_await stage.write(get("/a"));
        const auto answer = co_await stage.read_to_end();
        CHECK(answer.ends_with(last_words));
        co_await part(stage);
        gate.stop();
        const auto deadline = stage.soon();
        co_await gate.join(deadline);
        co_await group.join();
    };
    testing::run(stage.loop, ask());
}
