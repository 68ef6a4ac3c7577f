// The examples of the specification's Appendix A, shaped the same with names of our own. Those that give no
// agent id are refused for that alone.
#include "support.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;
using namespace drawbridge::config::test;

static const variables known = {
    {"MY_API_KEY", "k"},
    {"API_TOKEN", "t"},
    {"GITHUB_TOKEN", "g"},
    {"MCP_GATEWAY_AGENT_ID", "agent"},
    {"PARENT_TRACE_ID", "0af7651916cd43dd8448eb211c80319c"},
    {"PARENT_SPAN_ID", "b7ad6b7169203331"},
};

static const std::string gateway_section =
    R"("gateway": {"port": 8080, "domain": "localhost", "agentId": "gateway-token"})";

static const std::string github =
    R"("mcpServers": {"github": {"container": "ghcr.io/github/github-mcp-server:latest",
    "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": "${GITHUB_TOKEN}"}}})";

TEST_CASE("config: T-CFG-001 Appendix A.1, a basic containerized server") {
    const auto got = read_with(R"({"mcpServers": {"example": {"container": "ghcr.io/sample/mcp-server:latest",
        "entrypointArgs": ["--verbose"], "env": {"API_KEY": "${MY_API_KEY}"}}}, )" +
                                   gateway_section + "}",
                               known);
    REQUIRE(got.value);
    CHECK(got.warnings.empty());
    CHECK(got.value->servers[0].stdio->env[0].value == "k");
}

TEST_CASE("config: T-CFG-018 Appendix A.2, mounts and an entrypoint") {
    const auto got =
        read_with(R"({"mcpServers": {"data-server": {"container": "ghcr.io/sample/data-mcp:latest",
        "entrypoint": "/custom/start.sh", "entrypointArgs": ["--config", "/app/config.json"],
        "mounts": ["/host/data:/container/data:ro", "/host/config:/container/config:rw"], "type": "stdio"}}, )" +
                      gateway_section + "}",
                  known);
    REQUIRE(got.value);
    CHECK(got.value->servers[0].stdio->mounts.size() == 2);
}

TEST_CASE("config: Appendix A.3, mixed transports: only the agent id is missing") {
    const auto got = read_with(R"({"mcpServers": {
        "local-server": {"container": "ghcr.io/sample/python-mcp:latest", "entrypointArgs": ["--config", "/app/c.json"],
                         "type": "stdio", "tools": ["read_file", "write_file", "list_directory"]},
        "remote-server": {"type": "http", "url": "https://api.example.com/mcp",
                          "headers": {"Authorization": "Bearer ${API_TOKEN}"}, "tools": ["*"]}},
        "gateway": {"port": 8080, "domain": "localhost", "startupTimeout": 60, "toolTimeout": 120}})",
                               known);
    CHECK(only_error(got, "gateway.agentId", "required"));
}

TEST_CASE("config: Appendix A.4, the GitHub server: only the agent id is missing") {
    CHECK(
        only_error(read_with("{" + github + R"(, "gateway": {"port": 8080, "domain": "localhost"}})", known),
                   "gateway.agentId", "required"));
    CHECK(read_with("{" + github + ", " + gateway_section + "}", known).value);
}

TEST_CASE("config: Appendix A.5, servers from a registry") {
    const auto got = read_with(R"({"mcpServers": {
        "markitdown": {"registry": "https://api.example.com/v0/servers/microsoft/markitdown", "container": "node:lts-alpine",
                       "entrypointArgs": ["npx", "-y", "@microsoft/markitdown"], "type": "stdio"},
        "custom-api": {"registry": "https://registry.example.com/servers/custom-api/v1", "type": "http",
                       "url": "https://api.example.com/mcp", "headers": {"Authorization": "Bearer ${API_TOKEN}"}}}, )" +
                                   gateway_section + "}",
                               known);
    REQUIRE(got.value);
    CHECK(got.warnings.empty());
    CHECK(got.value->servers[0].registry.find("markitdown") != std::string::npos);
}

TEST_CASE("config: T-OTEL-002 Appendix A.6 and A.7, tracing") {
    const auto tracing = [](std::string_view more) {
        return "{" + github +
               R"(, "gateway": {"port": 8080, "domain": "localhost", "agentId": "${MCP_GATEWAY_AGENT_ID}",
            "opentelemetry": {"endpoint": "https://collector.example.com:4318/v1/traces",)" +
               std::string(more) + R"("serviceName": "my-gateway"}}})";
    };
    for (const auto* more : {"", R"("traceId": "${PARENT_TRACE_ID}", "spanId": "${PARENT_SPAN_ID}",)"}) {
        const auto got = read_with(tracing(more), known);
        REQUIRE(got.value);
        CHECK(got.warnings.empty());
        CHECK(got.value->gate.tracing.has_value());
    }
}

TEST_CASE("config: Appendix A.8, several agent ids") {
    const auto got = read_with("{" + github + R"(, "gateway": {"port": 8080, "domain": "localhost",
        "agentIds": ["primary-agent", "enclave-agent"]}})",
                               known);
    REQUIRE(got.value);
    CHECK(got.value->gate.agent_ids.size() == 2);
}
