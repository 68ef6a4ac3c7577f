#include "http/message.hpp"

#include "http/service.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace drawbridge;
using namespace drawbridge::http;

TEST_CASE("message: the head of a JSON response") {
    const auto answer = json_response(200, "{\"a\":1}");
    CHECK(serialize_head(answer, true) == "HTTP/1.1 200 OK\r\n"
                                          "Content-Type: application/json\r\n"
                                          "Cache-Control: no-store\r\n"
                                          "Content-Length: 7\r\n"
                                          "\r\n");
}

TEST_CASE("message: further headers, and the end of the connection") {
    auto answer = json_response(405, "");
    answer.headers.emplace_back("Allow", "GET, HEAD");
    CHECK(serialize_head(answer, false) == "HTTP/1.1 405 Method Not Allowed\r\n"
                                           "Content-Type: application/json\r\n"
                                           "Allow: GET, HEAD\r\n"
                                           "Cache-Control: no-store\r\n"
                                           "Content-Length: 0\r\n"
                                           "Connection: close\r\n"
                                           "\r\n");
}

TEST_CASE("message: a response without a body") {
    CHECK(serialize_head(response(202, "", ""), true) == "HTTP/1.1 202 Accepted\r\n"
                                                         "Cache-Control: no-store\r\n"
                                                         "Content-Length: 0\r\n"
                                                         "\r\n");
    // RFC 9110, 8.6: no Content-Length with 204.
    CHECK(serialize_head(response(204, "", ""), true).find("Content-Length") == std::string::npos);
}

TEST_CASE("message: the head of a stream tells no length") {
    response head(200, "text/event-stream", "");
    head.headers.emplace_back("X-Accel-Buffering", "no");
    CHECK(serialize_head(head, true, framing::chunked) == "HTTP/1.1 200 OK\r\n"
                                                          "Content-Type: text/event-stream\r\n"
                                                          "X-Accel-Buffering: no\r\n"
                                                          "Cache-Control: no-store, no-transform\r\n"
                                                          "Transfer-Encoding: chunked\r\n"
                                                          "\r\n");
    CHECK(serialize_head(head, false, framing::chunked).ends_with("chunked\r\nConnection: close\r\n\r\n"));
    // For HTTP/1.0 the connection's end is the body's, whatever the client hoped for.
    CHECK(serialize_head(head, true, framing::close) == "HTTP/1.1 200 OK\r\n"
                                                        "Content-Type: text/event-stream\r\n"
                                                        "X-Accel-Buffering: no\r\n"
                                                        "Cache-Control: no-store, no-transform\r\n"
                                                        "Connection: close\r\n"
                                                        "\r\n");
}

TEST_CASE("message: a fault as a response") {
    const mcp::fault wrong(mcp::fault_kind::bad_credentials, "");
    const auto refused = fault_response(wrong);
    CHECK(refused.status == 401);
    CHECK(refused.body == R"({"jsonrpc":"2.0","error":{"code":-32003,"message":"Authentication failed"}})");
    CHECK(serialize_head(refused, true).find("\r\nWWW-Authenticate: Bearer\r\n") != std::string::npos);

    mcp::fault full(mcp::fault_kind::overloaded, "too many");
    full.retry_after = std::chrono::seconds(3);
    const auto later = fault_response(full, "time", "\"x\"");
    CHECK(later.status == 503);
    CHECK(
        later.body ==
        R"({"jsonrpc":"2.0","id":"x","error":{"code":-32001,"message":"Server overloaded","data":{"server":"time","detail":"too many"}}})");
    CHECK(serialize_head(later, true).find("\r\nRetry-After: 3\r\n") != std::string::npos);
}
