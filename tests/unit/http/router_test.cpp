#include "http/router.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace drawbridge::http;

TEST_CASE("router: every path with its method, with and without a slash at its end") {
    struct row {
        std::string_view method, path;
        endpoint target;
        std::string_view server;
        bool authenticated;
    };
    constexpr row table[] = {
        {"POST", "/mcp/time", endpoint::mcp, "time", true},
        {"POST", "/mcp/time/", endpoint::mcp, "time", true},
        {"GET", "/mcp/time", endpoint::mcp, "time", true},
        {"DELETE", "/mcp/time", endpoint::mcp, "time", true},
        {"POST", "/mcp/a%2Fb", endpoint::mcp, "a%2Fb", true}, // not decoded
        {"POST", "/mcp", endpoint::federation, "", true},
        {"GET", "/mcp/", endpoint::federation, "", true},
        {"GET", "/mcp/time/sse", endpoint::legacy_stream, "time", true},
        {"POST", "/mcp/time/messages", endpoint::legacy_message, "time", true},
        {"GET", "/mcp/time/sse/", endpoint::legacy_stream, "time", true},
        {"POST", "/mcp/messages/messages", endpoint::legacy_message, "messages", true},
        {"POST", "/mcp/sse", endpoint::mcp, "sse", true}, // a server of this name
        {"GET", "/health", endpoint::health, "", false},
        {"HEAD", "/health/", endpoint::health, "", false},
        {"GET", "/livez", endpoint::livez, "", false},
        {"HEAD", "/readyz", endpoint::readyz, "", false},
        {"POST", "/close", endpoint::close, "", true},
    };
    for (const auto& each : table) {
        CAPTURE(each.path);
        const auto found = find_route(each.method, each.path);
        CHECK(found.what == route::result::found);
        CHECK(found.target == each.target);
        CHECK(found.server == each.server);
        CHECK(found.authenticated == each.authenticated);
    }
}

TEST_CASE("router: another method is told which ones there are") {
    for (const std::string_view method : {"PUT", "PATCH", "HEAD", "OPTIONS", "post", "POST, GET", ""}) {
        CAPTURE(method);
        const auto found = find_route(method, "/mcp/time");
        CHECK(found.what == route::result::method_not_allowed);
        CHECK(found.allow == "POST, GET, DELETE");
        CHECK(found.authenticated);
    }
    for (const std::string_view method : {"POST", "DELETE", "GE", "GETS", "GET, HEAD", ""}) {
        CAPTURE(method);
        const auto found = find_route(method, "/health");
        CHECK(found.what == route::result::method_not_allowed);
        CHECK(found.allow == "GET, HEAD");
    }
    CHECK(find_route("GET", "/close").allow == "POST");
    CHECK(find_route("POST", "/mcp/time/sse").allow == "GET");
    CHECK(find_route("GET", "/mcp/time/messages").allow == "POST");
}

TEST_CASE("router: nothing else is there") {
    for (const std::string_view path :
         {"", "/", "//", "/mcp//", "/mcp/a/b", "/mcp/a/b/sse", "/mcp//sse", "/mcp/a/SSE", "/mcp/a/ssex",
          "/mcpx", "/mcp/a//", "/MCP/a", "/healthz", "/health//", "health", "/close/x", "/xmcp/a", "mcp/a"}) {
        CAPTURE(path);
        CHECK(find_route("POST", path).what == route::result::not_found);
        CHECK(find_route("GET", path).what == route::result::not_found);
    }
}
