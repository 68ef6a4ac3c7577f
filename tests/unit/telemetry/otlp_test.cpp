#include "telemetry/otlp.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include <string>

using namespace drawbridge::telemetry;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

span_record sample() {
    span_record one;
    one.own = *parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "k=v");
    one.parent = *parse_span_id("00f067aa0ba902b7");
    one.remote_parent = true;
    one.name = "tools/call echo";
    one.kind = span_kind::server;
    one.start = std::chrono::system_clock::time_point(1700000000s + 123456789ns);
    one.end = one.start + 1500us;
    one.attributes.emplace_back("mcp.server", std::string("demo"));
    one.attributes.emplace_back("http.status_code", std::int64_t{200});
    one.status = span_status::ok;
    return one;
}

trace_resource who() {
    return {"mcp-gateway", "0.1.0"};
}

json::value written(const span_record& one) {
    const auto text = export_request(who(), std::span(&one, 1));
    const auto whole = json::parse({text.data(), text.size()});
    return whole.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0);
}

} // namespace

TEST_CASE("otlp: T-OTEL-005 T-OTEL-010 a request, byte for byte") {
    const auto one = sample();
    CHECK(export_request(who(), std::span(&one, 1)) ==
          R"({"resourceSpans":[{"resource":{"attributes":[)"
          R"({"key":"service.name","value":{"stringValue":"mcp-gateway"}},)"
          R"({"key":"service.version","value":{"stringValue":"0.1.0"}}]},)"
          R"("scopeSpans":[{"scope":{"name":"drawbridge","version":"0.1.0"},"spans":[)"
          R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","traceState":"k=v",)"
          R"("parentSpanId":"00f067aa0ba902b7","flags":769,"name":"tools/call echo","kind":2,)"
          R"("startTimeUnixNano":"1700000000123456789","endTimeUnixNano":"1700000000124956789",)"
          R"("attributes":[{"key":"mcp.server","value":{"stringValue":"demo"}},)"
          R"({"key":"http.status_code","value":{"intValue":"200"}}],"status":{"code":1}}]}]}]})");
}

TEST_CASE("otlp: what a span has not is not there") {
    span_record bare;
    bare.own = sample().own;
    bare.own.state.clear();
    bare.name = "gateway";
    const auto span = written(bare);
    const auto& object = span.as_object();
    for (const auto* key : {"parentSpanId", "traceState", "status", "links"})
        CHECK_FALSE(object.contains(key));
    CHECK(object.at("kind") == 1);
    CHECK(object.at("flags") == 1);
    CHECK(object.at("attributes").as_array().empty());
    CHECK(object.at("startTimeUnixNano") == "0");
}

TEST_CASE("otlp: a link, and an error with its message") {
    auto one = sample();
    one.link = parse_traceparent("00-11111111111111111111111111111111-2222222222222222-00", "a=b");
    one.status = span_status::error;
    one.message = "Server timeout";
    one.remote_parent = false;
    const auto span = written(one);
    CHECK(span.at("links").at(0).at("traceId") == "11111111111111111111111111111111");
    CHECK(span.at("links").at(0).at("spanId") == "2222222222222222");
    CHECK(span.at("links").at(0).at("traceState") == "a=b");
    CHECK(span.at("links").at(0).at("flags") == 0);
    CHECK(span.at("status").at("code") == 2);
    CHECK(span.at("status").at("message") == "Server timeout");
    CHECK(span.at("flags") == 0x101);
}

TEST_CASE("otlp: names that clients choose can't break the document") {
    auto one = sample();
    one.name = "tools/call \"},\n\x01\xff";
    one.attributes.emplace_back("mcp.tool", std::string("\"},\n\x01\xff"));
    const auto span = written(one);
    CHECK(span.at("name") == "tools/call \"},\n\x01\xEF\xBF\xBD");
    CHECK(span.at("attributes").at(2).at("value").at("stringValue") == "\"},\n\x01\xEF\xBF\xBD");
    auto named = who();
    named.service_name = "a\"b";
    const auto text = export_request(named, std::span(&one, 1));
    CHECK(text.find(R"("stringValue":"a\"b")") != std::string::npos);
}

TEST_CASE("otlp: several spans in one request, and none") {
    const std::vector<span_record> three{sample(), sample(), sample()};
    const auto text = export_request(who(), three);
    const auto whole = json::parse({text.data(), text.size()});
    CHECK(whole.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array().size() == 3);
    const auto empty = export_request(who(), {});
    CHECK_NOTHROW(json::parse({empty.data(), empty.size()}));
}

TEST_CASE("otlp: a collector's answer") {
    const auto partial =
        read_export_answer(R"( {"partialSuccess":{"rejectedSpans":"3","errorMessage":"too \"old\""}})");
    CHECK(partial.rejected == 3);
    CHECK(partial.message == "too \"old\"");
    CHECK(read_export_answer(R"({"partialSuccess":{"rejectedSpans":4}})").rejected == 4);
    for (const auto* body : {"", "{}", "null", "[]", "ok", R"({"partialSuccess":{}})",
                             R"({"partialSuccess":7})", R"({"partialSuccess":{"rejectedSpans":"x"}})",
                             R"({"partialSuccess":{)", R"({"partialSuccess":{"rejectedSpans":-1}})"}) {
        CAPTURE(body);
        CHECK(read_export_answer(body).rejected == 0);
    }
}

TEST_CASE("otlp: which statuses are worth another try") {
    for (const unsigned status : {429U, 500U, 502U, 503U, 504U})
        CHECK(is_retryable(status));
    for (const unsigned status : {200U, 202U, 301U, 400U, 401U, 403U, 404U, 408U, 413U, 600U})
        CHECK_FALSE(is_retryable(status));
}

TEST_CASE("otlp: Retry-After") {
    const auto now = std::chrono::system_clock::from_time_t(1445412460); // Wed, 21 Oct 2015 07:27:40 GMT
    CHECK(read_retry_after("0", now) == 0s);
    CHECK(read_retry_after("120", now) == 120s);
    CHECK(read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now) == 20s);
    CHECK(read_retry_after("Wed, 21 Oct 2015 07:27:00 GMT", now) == 0s);
    for (const auto* value : {"", "-1", "soon", "1.5", "12s", "Wed, 21 Oct 2015", "99999999999999999999"})
        CHECK_FALSE(read_retry_after(value, now));
}
