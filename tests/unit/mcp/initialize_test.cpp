#include "mcp/initialize.hpp"

#include "mcp/revisions.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge::mcp;

TEST_CASE("initialize: the answer goes to each client with its own id and version, the rest byte for byte") {
    const auto read = initialize_result::read(
        R"({"jsonrpc":"2.0","id":1,"result":{ "capabilities":{"tools":{"listChanged":true}}, "protocolVersion" : "2024-11-05","serverInfo":{"name":"s","version":"1"} }})");
    REQUIRE(read.valid());
    CHECK(read.fault() == "");
    CHECK(read.protocol_version() == "2024-11-05");
    CHECK(
        read.answer("\"a\\u0062\"", "2025-06-18") ==
        R"({"jsonrpc":"2.0","id":"a\u0062","result":{ "capabilities":{"tools":{"listChanged":true}}, "protocolVersion" : "2025-06-18","serverInfo":{"name":"s","version":"1"} }})");
    CHECK(read.answer("7", "1999-01-01").find("\"" + std::string(latest_legacy_revision) + "\"") !=
          std::string::npos);
}

TEST_CASE("initialize: a nested protocolVersion is not the server's") {
    const auto read = initialize_result::read(
        R"({"jsonrpc":"2.0","id":1,"result":{"_meta":{"protocolVersion":"x"},"protocolVersion":"2025-03-26"}})");
    REQUIRE(read.valid());
    CHECK(
        read.answer("1", "2025-06-18") ==
        R"({"jsonrpc":"2.0","id":1,"result":{"_meta":{"protocolVersion":"x"},"protocolVersion":"2025-06-18"}})");
}

TEST_CASE("initialize: every revision that the gateway speaks, escaped as well") {
    for (const auto version : legacy_revisions) {
        const auto text =
            R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":")" + std::string(version) + R"("}})";
        const auto read = initialize_result::read(text);
        CHECK(read.valid());
        CHECK(read.protocol_version() == version);
    }
    CHECK(
        initialize_result::read(R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025\u002d06-18"}})")
            .protocol_version() == "2025-06-18");
}

TEST_CASE("initialize: what is no good says why") {
    CHECK_FALSE(initialize_result().valid());
    const auto fault = [](const char* text) {
        const auto read = initialize_result::read(text);
        CHECK_FALSE(read.valid());
        return read.fault();
    };
    CHECK(fault(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"secret"}})") ==
          "it refused initialize with an error");
    CHECK(fault(R"({"jsonrpc":"2.0","id":1,"result":{}})") ==
          "its answer to initialize has no protocolVersion");
    CHECK(fault(R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":7}})") != "");
    CHECK(fault(R"({"jsonrpc":"2.0","id":1,"result":[]})") != "");
    CHECK(fault(R"({"jsonrpc":"2.0","id":1,"result":"x"})") != "");
    CHECK(fault(R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2099-01-01"}})") ==
          "it answered initialize with a protocol version that this gateway does not speak");
}

TEST_CASE("revisions: negotiation") {
    CHECK(latest_legacy_revision == "2025-11-25");
    for (const auto version : legacy_revisions)
        CHECK(negotiate(version) == version);
    for (const auto* other : {"", "2025-11-26", "2025-11-25 ", "draft"})
        CHECK(negotiate(other) == latest_legacy_revision);
}
