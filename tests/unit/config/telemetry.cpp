#include "config/telemetry.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;
using namespace drawbridge::config::test;

namespace {

const std::string endpoint = R"("endpoint": "http://127.0.0.1:4318/v1/traces")";
const std::string trace = "0123456789abcdef0123456789abcdef";
const std::string span = "0123456789abcdef";

reading read_tracing(std::string_view fields, const variables& known = {}) {
    return read_with(with_gateway("\"opentelemetry\": {" + std::string(fields) + "}"), known);
}

} // namespace

TEST_CASE("config telemetry: T-OTEL-001 without the object there is no tracing") {
    const auto got = read_with(with_gateway(R"("startupTimeout": 30)"),
                               {{"OTEL_EXPORTER_OTLP_HEADERS", "broken"}}); // nobody asks for it
    REQUIRE(got.value);
    CHECK_FALSE(got.value->gate.tracing);
    CHECK(all_text(got).find("OTEL") == std::string::npos);
}

TEST_CASE("config telemetry: T-OTEL-002 an endpoint is enough") {
    const auto got = read_tracing(endpoint);
    REQUIRE(got.value);
    REQUIRE(got.value->gate.tracing);
    const auto& tracing = *got.value->gate.tracing;
    CHECK(tracing.endpoint == "http://127.0.0.1:4318/v1/traces");
    CHECK(tracing.trace_id.empty());
    CHECK(tracing.span_id.empty());
    CHECK(tracing.service_name == "mcp-gateway");
    CHECK(tracing.headers.empty());
    CHECK(all_text(got).find("opentelemetry") == std::string::npos); // it is no longer without effect
}

TEST_CASE("config telemetry: T-OTEL-003 T-OTEL-004 the endpoint is required, and http or https") {
    CHECK(only_error(read_tracing(""), "gateway.opentelemetry.endpoint", "required"));
    CHECK(only_error(read_tracing(R"("serviceName": "s")"), "gateway.opentelemetry.endpoint", "required"));
    for (const auto* bad : {"grpc://h:4317", "collector:4318", "ftp://h/", "", " ", "http://", "https:///v1",
                            "http://h:0/", "unix:///run/otlp.sock"}) {
        CAPTURE(bad);
        CHECK(only_error(read_tracing("\"endpoint\": \"" + std::string(bad) + "\""),
                         "gateway.opentelemetry.endpoint", ""));
    }
    CHECK(only_error(read_tracing(R"("endpoint": 4318)"), "gateway.opentelemetry.endpoint", "string"));
    CHECK(read_tracing(R"("endpoint": "HTTPS://collector.example")").value);
}

TEST_CASE("config telemetry: T-OTEL-007 T-OTEL-008 ids are lowercase hexadecimal of the right length") {
    const auto both = read_tracing(endpoint + R"(, "traceId": ")" + trace + R"(", "spanId": ")" + span + '"');
    REQUIRE(both.value);
    CHECK(both.value->gate.tracing->trace_id == trace);
    CHECK(both.value->gate.tracing->span_id == span);
    const auto one = read_tracing(endpoint + R"(, "traceId": ")" + trace + '"');
    REQUIRE(one.value);
    CHECK(one.value->gate.tracing->trace_id == trace);
    CHECK(one.value->gate.tracing->span_id.empty());
    for (const auto& bad : {trace + "0", trace.substr(1), std::string("0123456789ABCDEF0123456789ABCDEF"),
                            std::string(32, '0'), std::string(32, 'g'), std::string(32, ' ')}) {
        CAPTURE(bad);
        CHECK(only_error(read_tracing(endpoint + R"(, "traceId": ")" + bad + '"'),
                         "gateway.opentelemetry.traceId", "32"));
    }
    for (const auto& bad : {trace, std::string("0123456789ABCDEF"), std::string(16, '0')}) {
        CAPTURE(bad);
        CHECK(
            only_error(read_tracing(endpoint + R"(, "traceId": ")" + trace + R"(", "spanId": ")" + bad + '"'),
                       "gateway.opentelemetry.spanId", "16"));
    }
}

TEST_CASE("config telemetry: spanId without traceId is ignored with a warning") {
    const auto lone = read_tracing(endpoint + R"(, "spanId": ")" + span + '"');
    REQUIRE(lone.value);
    CHECK(lone.value->gate.tracing->span_id.empty());
    CHECK(find(lone.warnings, "gateway.opentelemetry.spanId", "without traceId") != nullptr);
    const auto empty =
        read_tracing(endpoint + R"(, "traceId": "${T}", "spanId": ")" + span + '"', {{"T", ""}});
    REQUIRE(empty.value);
    CHECK(empty.value->gate.tracing->span_id.empty());
    CHECK(find(empty.warnings, "gateway.opentelemetry.spanId", "without traceId") != nullptr);
    const auto neither = read_tracing(endpoint + R"(, "traceId": "${T}", "spanId": "${T}")", {{"T", ""}});
    REQUIRE(neither.value);
    CHECK(find(neither.warnings, "gateway.opentelemetry.spanId", "") == nullptr);
    // A faulty one is reported once, and nothing about the other.
    CHECK(only_error(read_tracing(endpoint + R"(, "traceId": 1, "spanId": ")" + span + '"'),
                     "gateway.opentelemetry.traceId", "string"));
}

TEST_CASE("config telemetry: T-CFG-003 T-CFG-004 variables in every field") {
    const std::string fields =
        R"("endpoint": "https://${HOST}/v1/traces", "traceId": "${T}", "spanId": "${P}",
                                  "serviceName": "${NAME}-gateway")";
    const auto got =
        read_tracing(fields, {{"HOST", "c.example:4318"}, {"T", trace}, {"P", span}, {"NAME", "flow"}});
    REQUIRE(got.value);
    const auto& tracing = *got.value->gate.tracing;
    CHECK(tracing.endpoint == "https://c.example:4318/v1/traces");
    CHECK(tracing.trace_id == trace);
    CHECK(tracing.span_id == span);
    CHECK(tracing.service_name == "flow-gateway");
    const auto missing = read_tracing(R"("endpoint": "${NOWHERE}")");
    CHECK_FALSE(missing.value);
    CHECK(find(missing.errors, "gateway.opentelemetry.endpoint", "NOWHERE") != nullptr);
    CHECK(read_tracing(endpoint + R"(, "serviceName": " ")").value->gate.tracing->service_name ==
          "mcp-gateway");
}

TEST_CASE("config telemetry: headers and unknown fields are refused") {
    CHECK(only_error(read_tracing(endpoint + R"(, "headers": {"A": "b"})"), "gateway.opentelemetry.headers",
                     "OTEL_EXPORTER_OTLP_HEADERS"));
    CHECK(only_error(read_tracing(endpoint + R"(, "sampleRate": 1)"), "gateway.opentelemetry.sampleRate",
                     "unknown"));
    CHECK(only_error(read_with(with_gateway(R"("opentelemetry": true)")), "gateway.opentelemetry", "object"));
    const auto user = read_tracing(R"("endpoint": "https://me:s3cret@c.example/v1/traces")");
    REQUIRE(user.value);
    CHECK(find(user.warnings, "gateway.opentelemetry.endpoint", "OTEL_EXPORTER_OTLP_HEADERS") != nullptr);
    CHECK(all_text(user).find("s3cret") == std::string::npos);
}

TEST_CASE("config telemetry: T-OTEL-006 headers come from the environment") {
    const auto got = read_tracing(
        endpoint, {{"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer my-token,X-Custom=value"}});
    REQUIRE(got.value);
    const auto& headers = got.value->gate.tracing->headers;
    REQUIRE(headers.size() == 2);
    CHECK(headers[0].name == "Authorization");
    CHECK(headers[0].value == "Bearer my-token");
    CHECK(headers[1].name == "X-Custom");
    CHECK(headers[1].value == "value");
    const auto broken = read_tracing(endpoint, {{"OTEL_EXPORTER_OTLP_HEADERS", "s3cret,A=b"}});
    REQUIRE(broken.value); // a gateway starts without its traces rather than not at all
    CHECK(broken.value->gate.tracing->headers.size() == 1);
    CHECK(find(broken.warnings, "gateway.opentelemetry", "entry 1 is left out") != nullptr);
    CHECK(all_text(broken).find("s3cret") == std::string::npos);
}

TEST_CASE("config telemetry: the spelling of the headers") {
    const auto parsed = parse_exporter_headers(
        " a = b%20c%2Cd ,,Authorization=Basic dXNlcjpwYXNz==, x=100%,y=%zz,e=,plus=a+b, X=again");
    CHECK(parsed.faults.empty());
    const std::pair<const char*, const char*> rows[] = {
        {"a", "b c,d"}, {"Authorization", "Basic dXNlcjpwYXNz=="}, {"y", "%zz"}, {"e", ""}, {"plus", "a+b"},
        {"X", "again"}};
    REQUIRE(parsed.headers.size() == std::size(rows));
    for (std::size_t at = 0; at < std::size(rows); ++at) {
        CHECK(parsed.headers[at].name == rows[at].first);
        CHECK(parsed.headers[at].value == rows[at].second);
    }
    CHECK(parse_exporter_headers("").headers.empty());
    CHECK(parse_exporter_headers(" , ").faults.empty());
}

TEST_CASE("config telemetry: entries that are no header are left out without being shown") {
    for (const auto* bad : {"s3cret", "=s3cret", "s3 cret=v", "s3cret\r\nX=v", "A=s3cret%0d%0aX: y",
                            "A=s3cret%00", "Host=s3cret", "content-type=s3cret", "Content-Length=s3cret",
                            "transfer-encoding=s3cret", "connection=s3cret"}) {
        CAPTURE(bad);
        const auto parsed = parse_exporter_headers("Good=1," + std::string(bad));
        REQUIRE(parsed.headers.size() == 1);
        CHECK(parsed.headers[0].name == "Good");
        REQUIRE(parsed.faults.size() == 1);
        CHECK(parsed.faults[0].starts_with("entry 2 is left out"));
        CHECK(parsed.faults[0].find("s3") == std::string::npos);
    }
}
