// The official MCP client and servers, as users run them.
#include "support/gateway.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::test;

namespace {

std::string node_image() {
    return environment_or("DRAWBRIDGE_IMAGE_NODE", "localhost/drawbridge-test/node");
}

// The official client (tests/sdk/client.mjs) against one server of the gateway.
finished client(const gateway& gate, const std::string& server, std::vector<std::string> scenario) {
    const auto script = environment_or("DRAWBRIDGE_SDK_CLIENT", "");
    REQUIRE_MESSAGE(!script.empty(),
                    "DRAWBRIDGE_SDK_CLIENT must name client.mjs: run these tests with tests/run");
    const auto url = "http://127.0.0.1:" + std::to_string(gate.port()) + "/mcp/" + server;
    std::vector<std::string> argv{environment_or("DRAWBRIDGE_NODE", "node"), script, url, std::string(agent)};
    argv.insert(argv.end(), scenario.begin(), scenario.end());
    return run(std::move(argv), std::chrono::seconds(120));
}

server_entry official(std::string name, const std::string& package, const std::string& arguments = {}) {
    const auto program = "/app/node_modules/@modelcontextprotocol/" + package + "/dist/index.js";
    return {std::move(name), R"({"container":)" + json_string(node_image()) + R"(,"entrypointArgs":[)" +
                                 json_string(program) + arguments +
                                 R"(],"drawbridge":{"startupTimeout":60}})"};
}

} // namespace

TEST_CASE("the official client uses the official server-everything through the gateway") {
    gateway_options options;
    options.servers = {official("everything", "server-everything")};
    const gateway gate(std::move(options));
    const auto result = client(gate, "everything", {"everything"});
    CAPTURE(result.output);
    CAPTURE(result.errors);
    CHECK(result.status == 0);
}

TEST_CASE("the official client uses the official server-filesystem through the gateway") {
    gateway_options options;
    options.servers = {official("filesystem", "server-filesystem", R"(,"/tmp")")};
    const gateway gate(std::move(options));
    const auto result = client(gate, "filesystem", {"filesystem", "/tmp"});
    CAPTURE(result.output);
    CAPTURE(result.errors);
    CHECK(result.status == 0);
}

TEST_CASE("many official clients at once get their own answers") {
    gateway_options options;
    options.servers = {official("crowd", "server-everything")};
    const gateway gate(std::move(options));
    const auto result = client(gate, "crowd", {"parallel", "8"});
    CAPTURE(result.output);
    CAPTURE(result.errors);
    CHECK(result.status == 0);
}
