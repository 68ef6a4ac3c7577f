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

TEST_CASE("what fails after the document is told in lines without a top-level error") {
    gateway_options options;
    options.servers = {
        {"out9", R"({"type":"http","url":"http://127.0.0.1:9/"})"},
        {"out10", R"({"container":"localhost/drawbridge-test/not-there:1","drawbridge":{"pull":"never"}})"}};
    const gateway gate(std::move(options));
    CHECK(number_at(gate.rpc("out9", "tools/list", "{}", R"("my-id")"), "error.code") == -32001);
    CHECK(number_at(gate.rpc("out10", "tools/list", "{}", "7"), "error.code") == -32001);
    // The line of a call is written before its answer; it only has to cross the pipe.
    const auto told_of = [&](std::string_view id) {
        const auto text = gate.stdout_text();
        const auto at = text.find(R"("requestId":)" + std::string(id));
        return at != std::string::npos && text.find('\n', at) != std::string::npos;
    };
    REQUIRE(eventually(30s, [&] { return told_of(R"("my-id")") && told_of("7"); }));
    const auto lines = gate.stdout_lines();
    CHECK(find(parse(lines.front()), "mcpServers.out9") != nullptr);
    for (std::size_t index = 1; index < lines.size(); ++index) {
        CAPTURE(lines[index]);
        const auto told = parse(lines[index]);
        CHECK(find(told, "error") == nullptr);
        CHECK(find(told, "mcpServers") == nullptr); // the document is written once
        CHECK(!text_at(told, "timestamp").empty());
        CHECK(!text_at(told, "server").empty());
    }
}

TEST_CASE("agent ids, right and wrong, never stand in the log, at its most talkative") {
    gateway_options options;
    options.servers = {scripted("out11")};
    const auto port = free_port();
    options.port = port;
    options.configuration = R"({"mcpServers":{"out11":)" + options.servers.front().json +
                            R"(},"gateway":{"port":)" + std::to_string(port) +
                            R"(,"domain":"localhost","agentIds":["canary-first","canary-next"]}})";
    options.arguments = {"--log-level", "debug"};
    gateway gate(std::move(options));
    for (const auto* id :
         {"canary-first", "Bearer canary-next", "canary-wrong", "Bearer canary-wrong", "Basic canary"})
        gate.post("/mcp/out11", call_text("echo", R"({"text":"x"})", "1"), id);
    gate.post("/mcp/nobody", "{}", "canary-first");
    gate.post("/close", {}, "canary-wrong");
    gate.post("/close", {}, "canary-next");
    REQUIRE(gate.wait_exit(60s) == 0);
    CHECK(gate.log().find("/close was refused") != std::string::npos); // attempts are logged
    CHECK(gate.log().find("canary") == std::string::npos);
    // The document names the first id, once for the one server.
    const auto lines = gate.stdout_lines();
    CHECK(text_at(parse(lines.front()), "mcpServers.out11.headers.Authorization") == "canary-first");
    for (std::size_t index = 1; index < lines.size(); ++index)
        CHECK(lines[index].find("canary") == std::string::npos);
}

TEST_CASE("the legacy apiKey is read and never written out; tools are passed through as they are") {
    gateway_options options;
    const auto port = free_port();
    options.port = port;
    options.configuration =
        R"({"mcpServers":{"out12":{"type":"http","url":"http://x.example/","tools":["*"]},)"
        R"("out13":{"type":"http","url":"http://x.example/","tools":["b","a"]}},"gateway":{"port":)" +
        std::to_string(port) + R"(,"domain":"localhost","apiKey":"old-key"}})";
    const gateway gate(std::move(options));
    const auto line = gate.stdout_lines().front();
    CHECK(line.find("apiKey") == std::string::npos);
    const auto document = parse(line);
    CHECK(text_at(document, "mcpServers.out12.headers.Authorization") == "old-key");
    CHECK(text_at(document, "mcpServers.out12.tools.0") == "*");
    CHECK(text_at(document, "mcpServers.out13.tools.0") == "b");
    CHECK(text_at(document, "mcpServers.out13.tools.1") == "a");
}

TEST_CASE("--client-config: an older file that others may read becomes private; a place that can't be "
          "written fails") {
    std::string pattern = "/tmp/drawbridge-test-XXXXXX";
    const std::string folder = ::mkdtemp(pattern.data());
    const auto path = folder + "/clients.json";
    std::ofstream(path) << "older";
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    const server_entry remote{"out14", R"({"type":"http","url":"http://x.example/"})"};
    {
        gateway_options options;
        options.servers = {remote};
        options.arguments = {"--client-config", path};
        options.wait_ready = false;
        const gateway gate(std::move(options));
        REQUIRE(eventually(60s, [&] { return gate.get("/livez").status == 200; }));
        struct stat found {};
        REQUIRE(::stat(path.c_str(), &found) == 0);
        CHECK((found.st_mode & 0777) == 0600);
    }
    gateway_options options;
    options.servers = {remote};
    options.arguments = {"--client-config", folder + "/no/such/folder.json"};
    options.wait_ready = false;
    gateway gate(std::move(options));
    CHECK(gate.wait_exit(60s) == 1);
    CHECK(text_at(parse(gate.stdout_text()), "error.message").find("--client-config") != std::string::npos);
    ::unlink(path.c_str());
    CHECK(::rmdir(folder.c_str()) == 0); // no half-written file is left
}
