#include "mcp/federation.hpp"

#include "mcp/revisions.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <vector>

using namespace drawbridge::mcp;
using std::string;

TEST_CASE("federated_initialize: capabilities of the endpoint, and completions where the revision has them") {
    const std::vector<string> servers = {"files", "my.server"};
    const string prefix = name_prefix("my.server");
    CHECK(federated_initialize("2025-11-25", "1.2.3", servers) ==
          R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},)"
          R"("prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"logging":{},)"
          R"("completions":{}},"serverInfo":{"name":"drawbridge","version":"1.2.3"},)"
          R"("instructions":"This gateway joins several MCP servers. The names of tools and prompts begin )"
          R"(with )"
          R"(the server's prefix, resource URIs with drawbridge://SERVER/. Servers: files (files__), )"
          R"(my.server ()" +
              prefix + R"()."})");
    for (const auto revision : legacy_revisions) {
        const auto result = boost::json::parse(federated_initialize(revision, "1", servers)).as_object();
        CHECK(result.at("protocolVersion").as_string() == string(revision));
        CHECK(result.at("capabilities").as_object().contains("completions") == (revision != "2024-11-05"));
    }
}

TEST_CASE("federated_initialize: none and many servers") {
    const auto none = boost::json::parse(federated_initialize("2025-11-25", "1", {}));
    CHECK(none.at("instructions") == "This gateway joins MCP servers, but none is configured.");
    std::vector<string> many;
    for (int i = 0; i < 60; ++i)
        many.push_back("s" + std::to_string(i));
    const auto told = boost::json::parse(federated_initialize("2025-11-25", "1", many));
    const string text(told.at("instructions").as_string());
    CHECK(text.ends_with("s49 (s49__), and 10 more."));
}
