#include "config/client_config.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;

namespace {

configuration two_servers() {
    configuration made;
    made.gate.domain = "localhost";
    made.gate.port = 8080;
    made.gate.agent_ids = {"first \"id\"", "second"};
    made.servers.resize(2);
    made.servers[0].name = "time";
    made.servers[1].name = "git";
    return made;
}

} // namespace

TEST_CASE("client configuration: every server in the order of the document (Gateway 5.4)") {
    CHECK(
        client_configuration(two_servers(), 9000) ==
        R"({"mcpServers":{"time":{"type":"http","url":"http://localhost:9000/mcp/time","headers":{"Authorization":"first \"id\""}},)"
        R"("git":{"type":"http","url":"http://localhost:9000/mcp/git","headers":{"Authorization":"first \"id\""}}}})");
}

TEST_CASE("client configuration: tools are passed through only where they were given") {
    auto from = two_servers();
    from.servers.resize(1);
    from.servers[0].tools_given = true;
    from.servers[0].tools = {"read", "a\"b"};
    CHECK(client_configuration(from, 1).find(R"(},"tools":["read","a\"b"]}}})") != std::string::npos);
    from.servers[0].tools.clear();
    CHECK(client_configuration(from, 1).find(R"("tools":[]}}})") != std::string::npos);
    from.servers[0].tools_given = false;
    CHECK(client_configuration(from, 1).find("tools") == std::string::npos);
}

TEST_CASE("client configuration: without servers it is still a document") {
    auto from = two_servers();
    from.servers.clear();
    CHECK(client_configuration(from, 1) == R"({"mcpServers":{}})");
}
