#include "support.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;
using namespace drawbridge::config::test;

TEST_CASE("config: T-CFG-004 every undefined variable is reported with the path that needs it") {
    const auto got = read_with(R"({
  "mcpServers": {
    "github": {
      "container": "ghcr.io/github/github-mcp-server:latest",
      "env": {"GITHUB_TOKEN": "${GITHUB_PERSONAL_ACCESS_TOKEN}", "TWO": "${A}${B}"}
    },
    "remote": {"type": "http", "url": "https://h/", "headers": {"X": "Bearer ${API_TOKEN}"}}
  },
  "gateway": {"port": "${PORT}", "domain": "${DOMAIN}", "agentId": "${AGENT}"}
})");
    CHECK(!got.value);
    CHECK(got.errors.size() == 7);
    const std::string text = "undefined environment variable referenced: ";
    const auto* first =
        find(got.errors, "mcpServers.github.env.GITHUB_TOKEN", text + "GITHUB_PERSONAL_ACCESS_TOKEN");
    REQUIRE(first != nullptr);
    CHECK(first->line == 5);
    CHECK(first->column == 31);
    CHECK(find(got.errors, "mcpServers.github.env.TWO", text + "A") != nullptr);
    CHECK(find(got.errors, "mcpServers.github.env.TWO", text + "B") != nullptr);
    CHECK(find(got.errors, "mcpServers.remote.headers.X", text + "API_TOKEN") != nullptr);
    CHECK(find(got.errors, "gateway.port", text + "PORT") != nullptr);
    CHECK(find(got.errors, "gateway.domain", text + "DOMAIN") != nullptr);
    CHECK(find(got.errors, "gateway.agentId", text + "AGENT") != nullptr);
}

TEST_CASE("config: T-CFG-003 values with quotes and line ends can't change the document") {
    const auto value = "\", \"args\": [\"--privileged\"], \"x\": \"\n\\";
    const auto got = read_with(with_stdio(R"("env": {"A": "${V}"})"), {{"V", value}});
    REQUIRE(got.value);
    CHECK(got.value->servers[0].stdio->env[0].value == value);
    CHECK(got.value->servers[0].stdio->runtime_args.empty());
}

TEST_CASE("config: variables are not expanded in keys") {
    CHECK(only_error(read_with(with_stdio(R"("env": {"${V}": "x"})"), {{"V", "NAME"}}),
                     "mcpServers.s.env[\"${V}\"]", "variable name"));
}

TEST_CASE(
    "config: T-CFG-006 an unknown top-level field names itself, its place and the specification's version") {
    const auto got = read_with("{\"mcpServers\":{},\n  \"servers\": 1, "
                               "\"gateway\":{\"port\":1,\"domain\":\"h\",\"agentId\":\"i\"}}");
    REQUIRE(only_error(got, "servers", "unrecognized top-level field"));
    CHECK(got.errors[0].line == 2);
    CHECK(got.errors[0].column == 3);
    CHECK(got.errors[0].suggestion.find("1.17.0") != std::string::npos);
    const auto typo =
        read_with(R"({"mcpServer":{}, "mcpServers":{}, "gateway":{"port":1,"domain":"h","agentId":"i"}})");
    CHECK(only_error(typo, "mcpServer", "did you mean \"mcpServers\"?"));
}

TEST_CASE("config: T-CFG-007 missing sections, at the place of the object that lacks them") {
    const auto got = read_with("\n {}");
    REQUIRE(got.errors.size() == 2);
    CHECK(find(got.errors, "gateway", "required") != nullptr);
    CHECK(find(got.errors, "mcpServers", "required") != nullptr);
    CHECK(got.errors[0].line == 2);
    CHECK(got.errors[0].column == 2);
}

TEST_CASE("config: T-CFG-008 sections of the wrong type") {
    CHECK(only_error(read_with("[]"), "", "an object"));
    CHECK(only_error(read_with("3"), "", "an object"));
    const auto got = read_with(R"({"mcpServers": [], "gateway": "x", "customSchemas": 1})");
    CHECK(got.errors.size() == 3);
}

TEST_CASE("config: all errors are reported at once, in the order of the document") {
    const auto got = read_with(R"({
  "gateway": {"port": 0, "domain": "localhost", "agentId": "", "extra": 1},
  "mcpServers": {
    "one": {"container": "Bad Image", "mounts": ["x"], "guard-policies": {}},
    "two": {"type": "http", "url": "nowhere", "mounts": []},
    "one": {"container": "ok"}
  },
  "more": true
})");
    CHECK(!got.value);
    // The repeated "one" hides the first: two faults of its own, the rest as written.
    for (std::size_t i = 1; i < got.errors.size(); ++i)
        CHECK((got.errors[i - 1].line < got.errors[i].line ||
               (got.errors[i - 1].line == got.errors[i].line &&
                got.errors[i - 1].column <= got.errors[i].column) ||
               got.errors[i - 1].message.find("twice") != std::string::npos));
    CHECK(find(got.errors, "mcpServers.one", "twice") != nullptr);
    CHECK(find(got.errors, "gateway.port", "1 to 65535") != nullptr);
    CHECK(find(got.errors, "gateway.agentId", "empty") != nullptr);
    CHECK(find(got.errors, "gateway.extra", "unknown") != nullptr);
    CHECK(find(got.errors, "mcpServers.two.url", "http") != nullptr);
    CHECK(find(got.errors, "mcpServers.two.mounts", "stdio") != nullptr);
    CHECK(find(got.errors, "more", "unrecognized") != nullptr);
    for (const auto& one : got.errors) {
        CHECK(one.line > 0);
        CHECK(one.column > 0);
        CHECK(!one.suggestion.empty());
    }
}

TEST_CASE("config: text that is not JSON gives one error with its place") {
    const auto got = read_with("{\n  \"gateway\": {,}\n}");
    REQUIRE(got.errors.size() == 1);
    CHECK(got.errors[0].line == 2);
    CHECK(got.errors[0].column == 15);
    CHECK(read_with("").errors.size() == 1);
    CHECK(read_with(std::string(200, '{')).errors.size() == 1);
    CHECK(only_error(read_with("{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}"), "",
                     "32 levels"));
    CHECK(only_error(read_with(std::string((4 << 20) + 1, ' ')), "", "4 MiB"));
}

TEST_CASE("config: bytes that are not UTF-8 are refused with their place") {
    const auto got = read_with("{\n \"a\": \"\xff\xfe\"}");
    REQUIRE(got.errors.size() == 1);
    CHECK(got.errors[0].line == 2);
    CHECK(got.errors[0].suggestion.find("UTF-8") != std::string::npos);
}

TEST_CASE("config: a byte order mark and CRLF line ends are accepted") {
    CHECK(read_with("\xef\xbb\xbf{\r\n\"mcpServers\":{},\r\n\"gateway\":{\"port\":1,\"domain\":\"h\","
                    "\"agentId\":\"i\"}}\r\n")
              .value);
}

TEST_CASE("config: no servers is accepted with a warning") {
    const auto got = read_with(R"({"mcpServers":{},"gateway":{"port":1,"domain":"h","agentId":"i"}})");
    REQUIRE(got.value);
    CHECK(find(got.warnings, "mcpServers", "no server") != nullptr);
}

TEST_CASE("config: servers keep the order of the document") {
    const auto got =
        read_with(R"({"mcpServers":{"z":{"container":"a"},"a":{"container":"a"},"m":{"container":"a"}},
                                  "gateway":{"port":1,"domain":"h","agentId":"i"}})");
    REQUIRE(got.value);
    REQUIRE(got.value->servers.size() == 3);
    CHECK(got.value->servers[0].name == "z");
    CHECK(got.value->servers[1].name == "a");
    CHECK(got.value->servers[2].name == "m");
}

TEST_CASE("config: no value of a variable is ever shown") {
    // The same secret in every string of the document, in spellings that break different rules.
    const auto document = R"({
  "mcpServers": {
    "one": {"type": "${S}"},
    "two": {"type": "stdio", "container": "${S}", "entrypoint": "${S}", "entrypointArgs": ["${S}"], "mounts": ["${S}"],
            "env": {"A": "${S}"}, "args": ["${S}", "--${S}", "-${S}", "--user"], "tools": ["${S}"], "registry": "${S}",
            "guard-policies": {"allow-only": {"repos": "${S}", "min-integrity": "${S}"},
                               "write-sink": {"accept": ["${S}"], "sink-visibility": "${S}"}},
            "drawbridge": {"profile": "${S}", "network": "${S}", "memory": "${S}", "capabilities": ["${S}"], "pull": "${S}",
                           "start": "${S}", "pids": "${S}"}},
    "three": {"type": "http", "url": "${S}", "headers": {"A": "${S}"}, "auth": {"type": "${S}", "audience": "${S}"}}
  },
  "gateway": {"port": "${S}", "domain": "${S}", "agentIds": ["${S}", "${S}"], "apiKey": "${S}", "sessionTimeout": "${S}",
              "payloadDir": "${S}", "trustedBots": ["${S}"], "startupTimeout": "${S}",
              "opentelemetry": {"endpoint": "${S}", "traceId": "${S}", "spanId": "${S}", "serviceName": "${S}"},
              "drawbridge": {"healthStatus": "${S}"}},
  "customSchemas": {"x": "${S}"}
})";
    for (const auto* secret : {"s3cret", "S3CRET token", "s3cret\n", "--s3cret", "http://s3cret:x",
                               "/s3cret:/s3cret", "\xc3\xa9s3cret", " s3cret", "s3cret:1:2"}) {
        const auto got = read_with(document, {{"S", secret}, {"MCP_GATEWAY_TOOL_TIMEOUT", secret}});
        CHECK(got.errors.size() > 15);
        CHECK(all_text(got).find("s3cret") == std::string::npos);
        CHECK(all_text(got).find("S3CRET") == std::string::npos);
    }
}
