#include "support.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;
using namespace drawbridge::config::test;
using std::chrono::seconds;

TEST_CASE("config gateway: defaults") {
    const auto got = read_with(with_section(R"({"port": 8080, "domain": "localhost", "agentId": "id"})"));
    REQUIRE(got.value);
    const auto& gate = got.value->gate;
    CHECK(gate.port == 8080);
    CHECK(gate.domain == "localhost");
    CHECK(gate.agent_ids == std::vector<std::string>{"id"});
    CHECK(gate.startup_timeout == seconds(30));
    CHECK(gate.tool_timeout == seconds(60));
    CHECK(gate.session_timeout == seconds(6 * 3600));
    CHECK(gate.drain_timeout == seconds(30));
    CHECK(gate.health == gateway::health_status::always_200);
}

TEST_CASE("config gateway: T-CFG-009 port range") {
    for (const auto* port : {"1", "80", "65535", "8080.0", "8.08e3"}) {
        CAPTURE(port);
        CHECK(read_with(with_section(R"({"domain": "localhost", "agentId": "id", "port": )" +
                                     std::string(port) + "}"))
                  .value);
    }
    for (const auto* port : {"0", "-1", "65536", "1.5", "1e300", "18446744073709551615", "null", "true",
                             "\"8080\"", "[]", "\"x${P}\"", "\"\""}) {
        CAPTURE(port);
        const auto got = read_with(
            with_section(R"({"domain": "localhost", "agentId": "id", "port": )" + std::string(port) + "}"),
            {{"P", "80"}});
        CHECK(only_error(got, "gateway.port", "integer"));
    }
}

TEST_CASE("config gateway: port and domain may be one whole variable, converted after expansion") {
    const auto document = with_section(R"({"port": "${PORT}", "domain": "${HOST}", "agentId": "${ID}"})");
    const auto got = read_with(document, {{"PORT", "9090"}, {"HOST", "example.org"}, {"ID", "s"}});
    REQUIRE(got.value);
    CHECK(got.value->gate.port == 9090);
    CHECK(got.value->gate.domain == "example.org");
    for (const auto* port : {"0", "70123", "80x", "", " 80", "+80", "0x50"}) {
        const auto bad = read_with(document, {{"PORT", port}, {"HOST", "h"}, {"ID", "s"}});
        CHECK(only_error(bad, "gateway.port", "variable"));
    }
    CHECK(all_text(read_with(document, {{"PORT", "70123"}, {"HOST", "h"}, {"ID", "s"}})).find("70123") ==
          std::string::npos);
    CHECK(only_error(read_with(document, {{"PORT", "80"}, {"HOST", "http://h"}, {"ID", "s"}}),
                     "gateway.domain", "host"));
}

TEST_CASE("config gateway: T-CFG-007 required fields") {
    const auto got = read_with(with_section("{}"));
    CHECK(got.errors.size() == 3);
    CHECK(find(got.errors, "gateway.port", "required") != nullptr);
    CHECK(find(got.errors, "gateway.domain", "required") != nullptr);
    CHECK(find(got.errors, "gateway.agentId", "required") != nullptr);
}

TEST_CASE("config gateway: exactly one of agentId and agentIds") {
    const auto section = [](std::string_view ids) {
        return with_section(R"({"port": 1, "domain": "h")" + std::string(ids) + "}");
    };
    const auto many = read_with(section(R"(,"agentIds": ["primary-agent", "enclave-agent"])"));
    REQUIRE(many.value);
    CHECK(many.value->gate.agent_ids == std::vector<std::string>{"primary-agent", "enclave-agent"});
    CHECK(only_error(read_with(section(R"(,"agentId": "a", "agentIds": ["b"])")), "gateway.agentIds",
                     "exclude"));
    CHECK(only_error(read_with(section("")), "gateway.agentId", "required"));
    CHECK(only_error(read_with(section(R"(,"agentIds": [])")), "gateway.agentIds", "at least one"));
    CHECK(only_error(read_with(section(R"(,"agentIds": ["a", ""])")), "gateway.agentIds[1]", "empty"));
    CHECK(only_error(read_with(section(R"(,"agentIds": ["a", "a"])")), "gateway.agentIds[1]", "twice"));
    CHECK(only_error(read_with(section(R"(,"agentIds": ["a", 1])")), "gateway.agentIds[1]", "a string"));
    CHECK(only_error(read_with(section(R"(,"agentIds": "a")")), "gateway.agentIds", "array"));
    CHECK(only_error(read_with(section(R"(,"agentId": " ")")), "gateway.agentId", "blank"));
    CHECK(only_error(read_with(section(R"(,"agentId": "a\n")")), "gateway.agentId", "header"));
    CHECK(only_error(read_with(section(R"(,"agentId": null)")), "gateway.agentId", "null"));
}

TEST_CASE("config gateway: apiKey is read as agentId, with a warning") {
    const auto section = [](std::string_view ids) {
        return with_section(R"({"port": 1, "domain": "h",)" + std::string(ids) + "}");
    };
    const auto old = read_with(section(R"("apiKey": "k")"));
    REQUIRE(old.value);
    CHECK(old.value->gate.agent_ids == std::vector<std::string>{"k"});
    CHECK(find(old.warnings, "gateway.apiKey", "agentId") != nullptr);
    CHECK(only_error(read_with(section(R"("apiKey": "k", "agentId": "a")")), "gateway.apiKey", "old name"));
    CHECK(
        only_error(read_with(section(R"("apiKey": "k", "agentIds": ["a"])")), "gateway.apiKey", "old name"));
    CHECK(only_error(read_with(section(R"("apiKey": "")")), "gateway.apiKey", "blank"));
}

TEST_CASE("config gateway: timeouts") {
    const auto got = read_with(with_gateway(R"("startupTimeout": 90, "toolTimeout": 120)"));
    REQUIRE(got.value);
    CHECK(got.value->gate.startup_timeout == seconds(90));
    CHECK(got.value->gate.tool_timeout == seconds(120));
    for (const auto* key : {"startupTimeout", "toolTimeout"})
        for (const auto* value : {"0", "-1", "86401", "1.5"})
            CHECK(only_error(read_with(with_gateway("\"" + std::string(key) + "\": " + value)),
                             "gateway." + std::string(key), "from 1 to 86400"));
    CHECK(only_error(read_with(with_gateway(R"("toolTimeout": "60")")), "gateway.toolTimeout", "string"));
}

TEST_CASE("config gateway: MCP_GATEWAY_TOOL_TIMEOUT stands in for toolTimeout") {
    const variables known = {{"MCP_GATEWAY_TOOL_TIMEOUT", "77"}};
    CHECK(read_with(with_gateway(R"("startupTimeout": 1)"), known).value->gate.tool_timeout == seconds(77));
    CHECK(read_with(with_gateway(R"("toolTimeout": 5)"), known).value->gate.tool_timeout == seconds(5));
    CHECK(read_with(with_gateway(R"("startupTimeout": 1)"), {{"MCP_GATEWAY_TOOL_TIMEOUT", ""}}).value);
    CHECK(only_error(read_with(with_gateway(R"("startupTimeout": 1)"), {{"MCP_GATEWAY_TOOL_TIMEOUT", "1m"}}),
                     "gateway.toolTimeout", "MCP_GATEWAY_TOOL_TIMEOUT"));
    CHECK(read_with(with_gateway(R"("toolTimeout": 5)"), {{"MCP_GATEWAY_TOOL_TIMEOUT", "bad"}}).value);
}

TEST_CASE("config gateway: sessionTimeout beats the variable, which beats 6 h") {
    const variables known = {{"MCP_GATEWAY_SESSION_TIMEOUT", "2h"}};
    CHECK(read_with(with_gateway(R"("sessionTimeout": "1h30m")"), known).value->gate.session_timeout ==
          seconds(5400));
    CHECK(read_with(with_gateway(R"("sessionTimeout": "")"), known).value->gate.session_timeout ==
          seconds(7200));
    CHECK(read_with(with_gateway(R"("toolTimeout": 5)"), known).value->gate.session_timeout == seconds(7200));
    CHECK(read_with(with_gateway(R"("sessionTimeout": "500ms")")).value->gate.session_timeout == seconds(1));
    for (const auto* text : {"\"4\"", "\"-1h\"", "\"0\"", "\"soon\"", "60"})
        CHECK(read_with(with_gateway("\"sessionTimeout\": " + std::string(text)), known).errors.size() == 1);
    CHECK(
        only_error(read_with(with_gateway(R"("toolTimeout": 5)"), {{"MCP_GATEWAY_SESSION_TIMEOUT", "never"}}),
                   "gateway.sessionTimeout", "MCP_GATEWAY_SESSION_TIMEOUT"));
}

TEST_CASE("config gateway: keepaliveInterval: -1 is off, 0 and nothing are 1500, for every http server") {
    const auto interval = [](std::string_view field) {
        const auto got = read_with(
            R"({"mcpServers":{"s":{"type":"http","url":"http://h"}},"gateway":{"port":1,"domain":"h","agentId":"i")" +
            std::string(field) + "}}");
        REQUIRE_MESSAGE(got.value, all_text(got));
        CHECK(got.warnings.empty());
        CHECK(got.value->servers[0].http->keepalive_interval == got.value->gate.keepalive_interval);
        return got.value->gate.keepalive_interval;
    };
    CHECK(interval("") == seconds(1500));
    CHECK(interval(R"(,"keepaliveInterval": 0)") == seconds(1500));
    CHECK(interval(R"(,"keepaliveInterval": -1)") == seconds(0));
    CHECK(interval(R"(,"keepaliveInterval": 1)") == seconds(1));
    CHECK(interval(R"(,"keepaliveInterval": 86400)") == seconds(86400));
    for (const auto* value : {"-2", "86401", "1.5", "\"60\"", "null"})
        CHECK(only_error(read_with(with_gateway("\"keepaliveInterval\": " + std::string(value))),
                         "gateway.keepaliveInterval", "integer"));
}

TEST_CASE("config gateway: T-CFG-005 payloadDir is an absolute path") {
    CHECK(read_with(with_gateway(R"("payloadDir": "/var/lib/mcp-gateway/payloads")")).value);
    for (const auto* folder :
         {"payloads", "./payloads", "../data/payloads", "data/payloads", "", " ", "C:\\\\temp"}) {
        CAPTURE(folder);
        CHECK(read_with(with_gateway("\"payloadDir\": \"" + std::string(folder) + "\"")).errors.size() == 1);
    }
}

TEST_CASE("config gateway: fields without effect are validated and named together in one warning") {
    const auto got = read_with(with_gateway(
        R"("payloadDir": "/p", "payloadPathPrefix": "/w", "payloadSizeThreshold": 1, "trustedBots": ["b[bot]"],
           "forcePublicRepos": false, "sinkVisibilityExemptServers": ["*"])"));
    REQUIRE(got.value);
    REQUIRE(got.warnings.size() == 2); // the other: no servers
    const auto* warning = find(got.warnings, "", "without effect in this version");
    REQUIRE(warning != nullptr);
    for (const auto* field : {"payloadDir", "payloadPathPrefix", "payloadSizeThreshold", "trustedBots",
                              "forcePublicRepos", "sinkVisibilityExemptServers"})
        CHECK(warning->message.find("gateway." + std::string(field)) != std::string::npos);
}

TEST_CASE("config gateway: faults in fields without effect are errors all the same") {
    const std::pair<const char*, const char*> rows[] = {
        {"payloadSizeThreshold", "0"},
        {"payloadSizeThreshold", "\"1\""},
        {"trustedBots", "[]"},
        {"trustedBots", "\"b\""},
        {"forcePublicRepos", "\"true\""},
        {"payloadPathPrefix", "1"},
        {"sinkVisibilityExemptServers", "\"*\""},
        {"opentelemetry", "true"},
        {"payloadDir", "1"},
    };
    for (const auto& [key, value] : rows) {
        CAPTURE(key);
        const auto got = read_with(with_gateway("\"" + std::string(key) + "\": " + value));
        CHECK(only_error(got, "gateway." + std::string(key), ""));
    }
    CHECK(only_error(read_with(with_gateway(R"("trustedBots": ["a", " "])")), "gateway.trustedBots[1]",
                     "blank"));
}

TEST_CASE("config gateway: T-OTEL-003 T-OTEL-004 opentelemetry is validated") {
    const auto read_otel = [](std::string_view fields, const variables& known = {}) {
        return read_with(with_gateway("\"opentelemetry\": {" + std::string(fields) + "}"), known);
    };
    const std::string endpoint = R"("endpoint": "http://127.0.0.1:4318/v1/traces")";
    CHECK(read_otel(endpoint).value);
    CHECK(only_error(read_otel(""), "gateway.opentelemetry.endpoint", "required"));
    CHECK(only_error(read_otel(R"("endpoint": "grpc://h")"), "gateway.opentelemetry.endpoint", "http"));
    CHECK(only_error(read_otel(endpoint + R"(, "traceId": "XYZ")"), "gateway.opentelemetry.traceId", "32"));
    CHECK(
        only_error(read_otel(endpoint + R"(, "traceId": "0123456789abcdef0123456789abcdef", "spanId": "1")"),
                   "gateway.opentelemetry.spanId", "16"));
    CHECK(only_error(read_otel(endpoint + R"(, "headers": {})"), "gateway.opentelemetry.headers",
                     "OTEL_EXPORTER"));
    CHECK(only_error(read_otel(endpoint + R"(, "sampleRate": 1)"), "gateway.opentelemetry.sampleRate",
                     "unknown"));
    CHECK(read_otel(endpoint + R"(, "traceId": "${T}")", {{"T", ""}}).value);
    const auto lone = read_otel(endpoint + R"(, "spanId": "0123456789abcdef")");
    REQUIRE(lone.value);
    CHECK(find(lone.warnings, "gateway.opentelemetry.spanId", "without traceId") != nullptr);
}

TEST_CASE("config gateway: fields of the reference gateway that this version lacks are refused") {
    for (const auto* key : {"agentPolicies", "containerRuntime", "containerRuntimeCommand",
                            "containerRuntimeArgs", "dockerless"})
        CHECK(only_error(read_with(with_gateway("\"" + std::string(key) + "\": {}")),
                         "gateway." + std::string(key), "not supported by this version"));
}

TEST_CASE("config gateway: T-CFG-006 unknown fields are refused with a suggestion") {
    CHECK(only_error(read_with(with_gateway(R"("startupTimeOut": 3)")), "gateway.startupTimeOut",
                     "did you mean \"startupTimeout\"?"));
    CHECK(only_error(read_with(with_gateway(R"("whatever": 3)")), "gateway.whatever", "unknown field"));
}

TEST_CASE("config gateway: the drawbridge object") {
    const auto got = read_with(with_gateway(
        R"("drawbridge": {"healthStatus": "503-when-unhealthy", "drainTimeout": 5, "maxMessageBytes": 4096,
           "maxHeaderBytes": 8192, "maxQueuedCalls": 7, "maxConnections": 9})"));
    REQUIRE(got.value);
    const auto& gate = got.value->gate;
    CHECK(gate.health == gateway::health_status::unhealthy_503);
    CHECK(gate.drain_timeout == seconds(5));
    CHECK(gate.max_message_bytes == 4096);
    CHECK(gate.max_header_bytes == 8192);
    CHECK(gate.max_queued_calls == 7);
    CHECK(gate.max_connections == 9);
    const std::pair<const char*, const char*> rows[] = {
        {"healthStatus", "200"},     {"healthStatus", "\"503\""}, {"drainTimeout", "3601"},
        {"maxMessageBytes", "1023"}, {"maxMessageBytes", "1e12"}, {"maxHeaderBytes", "2000000"},
        {"maxQueuedCalls", "0"},     {"maxConnections", "0"},     {"maxMessagesBytes", "4096"},
    };
    for (const auto& [key, value] : rows) {
        CAPTURE(key);
        CHECK(only_error(
            read_with(with_gateway("\"drawbridge\": {\"" + std::string(key) + "\": " + value + "}")),
            "gateway.drawbridge." + std::string(key), ""));
    }
    CHECK(only_error(read_with(with_gateway(R"("drawbridge": [])")), "gateway.drawbridge", "an object"));
}

TEST_CASE("config gateway: the key of requestState comes from a variable, and no error repeats it") {
    const std::string key(32, 'k');
    const auto good =
        read_with(with_gateway(R"("drawbridge": {"requestStateKey": "${STATE_KEY}"})"), {{"STATE_KEY", key}});
    REQUIRE_MESSAGE(good.value, all_text(good));
    CHECK(good.value->gate.request_state_key == key);
    const auto bad = read_with(with_gateway(R"("drawbridge": {"requestStateKey": "${STATE_KEY}"})"),
                               {{"STATE_KEY", "too-short-a-secret"}});
    CHECK(only_error(bad, "gateway.drawbridge.requestStateKey", "32 characters"));
    CHECK(all_text(bad).find("too-short-a-secret") == std::string::npos);
}

TEST_CASE("config gateway: sessions and streams in the drawbridge object") {
    const auto plain = read_with(with_gateway(R"("drawbridge": {})"));
    REQUIRE(plain.value);
    CHECK(plain.value->gate.allowed_origins.empty());
    CHECK(plain.value->gate.allowed_hosts.empty());
    CHECK(!plain.value->gate.legacy_sse);
    CHECK(plain.value->gate.federation);
    CHECK(plain.value->gate.request_state_key.empty());
    CHECK(plain.value->gate.max_sessions == 10000);
    CHECK(plain.value->gate.max_sessions_per_agent == 10000);
    CHECK(plain.value->gate.stream_buffer_bytes == std::size_t{1} << 20);
    const auto got = read_with(with_gateway(
        R"("drawbridge": {"legacySse": true, "federation": false, "maxSessions": 1000000,
           "maxSessionsPerAgent": 1, "streamBufferBytes": 4096})"));
    REQUIRE_MESSAGE(got.value, all_text(got));
    CHECK(got.value->gate.legacy_sse);
    CHECK(!got.value->gate.federation);
    CHECK(got.value->gate.max_sessions == 1000000);
    CHECK(got.value->gate.max_sessions_per_agent == 1);
    CHECK(got.value->gate.stream_buffer_bytes == 4096);
    const std::pair<const char*, const char*> rows[] = {
        {"legacySse", "\"true\""},
        {"legacySse", "1"},
        {"requestStateKey", "\"\""},
        {"requestStateKey", "\"far too short to be a key\""},
        {"requestStateKey", "12345678901234567890123456789012"},
        {"federation", "null"},
        {"federation", "\"no\""},
        {"maxSessions", "0"},
        {"maxSessions", "1000001"},
        {"maxSessions", "\"5\""},
        {"maxSessionsPerAgent", "0"},
        {"maxSessionsPerAgent", "1e7"},
        {"streamBufferBytes", "4095"},
        {"streamBufferBytes", "1073741825"},
        {"streamBufferBytes", "\"1MiB\""},
        {"allowedOrigins", "\"*\""},
        {"allowedOrigins", "{}"},
        {"allowedHosts", "\"localhost\""},
        {"allowedHosts", "null"},
        {"legacySSE", "true"},
        {"sessions", "\"shared\""},
    };
    for (const auto& [key, value] : rows) {
        CAPTURE(key);
        CAPTURE(value);
        CHECK(only_error(
            read_with(with_gateway("\"drawbridge\": {\"" + std::string(key) + "\": " + value + "}")),
            "gateway.drawbridge." + std::string(key), ""));
    }
}

TEST_CASE("config gateway: allowed origins and hosts are kept as browsers spell them") {
    const auto got = read_with(with_gateway(
                                   R"("drawbridge": {
        "allowedOrigins": ["https://App.Example.com", "${O}", "http://localhost:80", "*", "http://[::1]:6274"],
        "allowedHosts": ["Gateway.Example.com", "[::1]", "${H}"]})"),
                               {{"O", "https://a.example:443"}, {"H", "10.0.0.1"}});
    REQUIRE_MESSAGE(got.value, all_text(got));
    CHECK(got.value->gate.allowed_origins == std::vector<std::string>{"https://app.example.com",
                                                                      "https://a.example", "http://localhost",
                                                                      "*", "http://[::1]:6274"});
    CHECK(got.value->gate.allowed_hosts ==
          std::vector<std::string>{"gateway.example.com", "[::1]", "10.0.0.1"});
    const auto bad =
        read_with(with_gateway(
                      R"("drawbridge": {"allowedOrigins": ["https://a.example", "a.example", 1, "${NO}"],
        "allowedHosts": ["a.example", "${H}"]})"),
                  {{"H", "s3cret:80"}});
    CHECK(bad.errors.size() == 4);
    const std::string at = "gateway.drawbridge.";
    CHECK(find(bad.errors, at + "allowedOrigins[1]", "scheme") != nullptr);
    CHECK(find(bad.errors, at + "allowedOrigins[2]", "a string") != nullptr);
    CHECK(find(bad.errors, at + "allowedOrigins[3]", "undefined") != nullptr);
    CHECK(find(bad.errors, at + "allowedHosts[1]", "port") != nullptr);
    CHECK(all_text(bad).find("s3cret") == std::string::npos);
}
