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

TEST_CASE("filter_for: what a server is asked to tell, under its own URIs") {
    listen_filter wanted;
    wanted.tools = true;
    wanted.resources = true;
    wanted.uris = {"drawbridge://a/test://x",   "drawbridge://a/",        "drawbridge://a.b/test://y",
                   "drawbridge://%61/test://z", "drawbridge://a",         "test://x",
                   "DRAWBRIDGE://a/test://u",   "drawbridge://b/test://x"};
    listen_filter own;
    own.tools = true;
    own.resources = true;
    own.uris = {"test://x", ""};
    CHECK(filter_for("a", wanted) == own);
    own.uris = {"test://y"};
    CHECK(filter_for("a.b", wanted) == own);
    own.uris = {};
    CHECK(filter_for("c", wanted) == own);
    CHECK(filter_for("a", listen_filter()) == listen_filter());
}

TEST_CASE("add_agreed: what any server agreed to, under the endpoint's URIs") {
    listen_filter all;
    add_agreed(all, "a", listen_filter());
    CHECK(all.empty());
    listen_filter first;
    first.tools = true;
    first.uris = {"test://x"};
    add_agreed(all, "a", first);
    listen_filter second;
    second.prompts = true;
    second.uris = {"test://x", "file:///y z"};
    add_agreed(all, "b c", second);
    listen_filter both;
    both.tools = true;
    both.prompts = true;
    both.uris = {"drawbridge://a/test://x", "drawbridge://b%20c/test://x", "drawbridge://b%20c/file:///y z"};
    CHECK(all == both);
    CHECK(filter_for("b c", all).uris == second.uris);
    add_agreed(all, "c", listen_filter());
    CHECK(all == both);
}

TEST_CASE("gateway_info: an implementation, as MCP wants it") {
    CHECK(gateway_info("1.2\"3") == R"({"name":"drawbridge","version":"1.2\"3"})");
}
