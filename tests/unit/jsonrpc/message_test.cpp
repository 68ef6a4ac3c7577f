#include "jsonrpc/message.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace drawbridge::jsonrpc;

TEST_CASE("error_response: the shape of Gateway 5.1") {
    CHECK(error_response("7", code_server_unavailable, "Server unavailable", "github", "exit status 1") ==
          R"({"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"Server unavailable",)"
          R"("data":{"server":"github","detail":"exit status 1"}}})");
    CHECK(error_response("", code_parse_error, "Parse error") ==
          R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}})");
    CHECK(error_response("\"a\"", 1, "m", "s") ==
          R"({"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"m","data":{"server":"s"}}})");
    CHECK(error_response("\"a\"", 1, "m", "", "d") ==
          R"({"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"m","data":{"detail":"d"}}})");
    CHECK(error_object(-1, "m") == R"({"code":-1,"message":"m"})");
}

TEST_CASE("error_response: any text gives a valid message") {
    const auto text = error_response("1", -32000, "a\"b\n", "s\\", "\xFF\x01");
    CHECK_NOTHROW(boost::json::parse(text));
    CHECK(parse(text).code == 0);
}

TEST_CASE("results, requests, notifications") {
    CHECK(result_response("\"x\"", R"({"a":1})") == R"({"jsonrpc":"2.0","id":"x","result":{"a":1}})");
    CHECK(request("3", "tools/list") == R"({"jsonrpc":"2.0","id":3,"method":"tools/list"})");
    CHECK(request("3", "a\"b", "{}") == R"({"jsonrpc":"2.0","id":3,"method":"a\"b","params":{}})");
    CHECK(notification("notifications/initialized") ==
          R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
    CHECK(notification("n", "[1]") == R"({"jsonrpc":"2.0","method":"n","params":[1]})");
}
