// stdout: the client configuration (Gateway 5.4).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE("T-OUT-001 to T-OUT-006: one JSON document with every server, its type, url, headers and tools") {
    gateway_options options;
    options.servers = {scripted("out-a"),
                       scripted("out-b", {}, R"("tools":["echo"])"),
                       {"out-c", R"({"type":"http","url":"https://example.com/mcp"})"}};
    const gateway gate(std::move(options));
    const auto lines = gate.stdout_lines();
    REQUIRE(lines.size() == 1); // T-OUT-001: a single document
    const auto document = parse(lines.front());
    for (const std::string name : {"out-a", "out-b", "out-c"}) {
        CAPTURE(name);
        const auto at = "mcpServers." + name;
        REQUIRE(find(document, at) != nullptr);           // T-OUT-002
        CHECK(text_at(document, at + ".type") == "http"); // T-OUT-003
        CHECK(text_at(document, at + ".url") ==
              "http://localhost:" + std::to_string(gate.port()) + "/mcp/" + name); // T-OUT-004
        REQUIRE(find(document, at + ".headers") != nullptr);                       // T-OUT-005
        CHECK(text_at(document, at + ".headers.Authorization") == agent);          // T-OUT-006
    }
    CHECK(text_at(document, "mcpServers.out-b.tools.0") == "echo");
    CHECK(find(document, "mcpServers.out-a.tools") == nullptr);
}

TEST_CASE("T-OUT-007: the document is complete before /health answers") {
    gateway_options options;
    options.servers = {scripted("out7")};
    options.wait_ready = false;
    const gateway gate(std::move(options));
    REQUIRE(eventually(60s, [&] { return gate.get("/health").status == 200; }));
    // It was written before that answer; it only has to cross the pipe to this test.
    REQUIRE(eventually(5s, [&] { return gate.stdout_text().ends_with("\n"); }));
    CHECK(find(parse(gate.stdout_lines().front()), "mcpServers.out7") != nullptr);
}

TEST_CASE("--client-config: the document goes to a file of mode 0600 and not to stdout") {
    std::string pattern = "/tmp/drawbridge-test-XXXXXX";
    const std::string folder = ::mkdtemp(pattern.data());
    const auto path = folder + "/clients.json";
    {
        gateway_options options;
        options.servers = {scripted("out8")};
        options.arguments = {"--client-config", path, "--log-level", "debug"};
        options.wait_ready = false;
        const gateway gate(std::move(options));
        REQUIRE(eventually(60s, [&] { return gate.get("/health").status == 200; }));
        struct stat found {};
        REQUIRE(::stat(path.c_str(), &found) == 0);
        CHECK((found.st_mode & 0777) == 0600);
        std::ifstream file(path);
        const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        CHECK(text_at(parse(text), "mcpServers.out8.headers.Authorization") == agent);
        CHECK(gate.stdout_text().find(agent) == std::string::npos);
        CHECK(gate.log().find(agent) == std::string::npos);
    }
    ::unlink(path.c_str());
    ::rmdir(folder.c_str());
}
