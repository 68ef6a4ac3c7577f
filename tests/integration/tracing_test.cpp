// OpenTelemetry traces (Gateway 4.1.3.7): the test plays the collector, and the remote server behind.
#include "support/eventually.hpp"
#include "support/gateway.hpp"
#include "support/remote_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <csignal>

using namespace drawbridge::test;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr auto soon = 20s; // a batch goes after 5 s at the latest

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string parent = "b7ad6b7169203331";

server_entry remote(const remote_server& server) {
    return {"remote", R"({"type":"http","url":")" + server.url() + "\"}"};
}

std::string url_of(const remote_server& collector) {
    return "http://127.0.0.1:" + std::to_string(collector.port()) + "/v1/traces";
}

std::string tracing(const std::string& endpoint, const std::string& more = {}) {
    return R"("opentelemetry":{"endpoint":")" + endpoint + "\"" + more + "}";
}

remote_answer take_everything(const remote_request&) {
    remote_answer told;
    told.body = "{}";
    return told;
}

struct received_span {
    json::value span;
    json::value resource;

    std::string text(std::string_view path) const { return text_at(span, path); }
    // Of an attribute; integers in their decimal spelling.
    std::string attribute(std::string_view key) const {
        for (const auto& each : span.at("attributes").as_array()) {
            if (text_at(each, "key") != key) continue;
            const auto text = text_at(each, "value.stringValue");
            return text.empty() ? text_at(each, "value.intValue") : text;
        }
        return "(none)";
    }
};

std::vector<received_span> spans_of(const remote_server& collector) {
    std::vector<received_span> all;
    for (const auto& request : collector.seen()) {
        const auto body = parse(request.body);
        for (const auto& resource : body.at("resourceSpans").as_array())
            for (const auto& scope : resource.at("scopeSpans").as_array())
                for (const auto& span : scope.at("spans").as_array())
                    all.push_back({span, resource.at("resource")});
    }
    return all;
}

std::optional<received_span> find_span(const remote_server& collector, std::string_view name) {
    for (auto& each : spans_of(collector))
        if (each.text("name") == name) return each;
    return std::nullopt;
}

// Ends the gateway, which sends what is left.
void end(gateway& gate) {
    gate.signal(SIGTERM);
    CHECK(gate.wait_exit(60s) == 0);
}

const remote_request* find_call(const std::vector<remote_request>& seen, std::string_view part) {
    const auto found = std::find_if(seen.begin(), seen.end(), [&](const auto& each) {
        return each.body.find(part) != std::string::npos;
    });
    return found == seen.end() ? nullptr : &*found;
}

bool is_lower_hex(const std::string& text, std::size_t size) {
    return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string::npos &&
           text.find_first_not_of('0') != std::string::npos;
}

// Of a child, as its parent; an empty text where it is no traceparent.
std::string parent_id(const std::string& traceparent) {
    return traceparent.size() == 55 ? traceparent.substr(36, 16) : std::string();
}

http_answer call_with(const gateway& gate, const http_headers& more, const std::string& body) {
    http_client client(gate.port());
    auto headers = rpc_headers();
    headers.insert(headers.end(), more.begin(), more.end());
    return client.send("POST", "/mcp/remote", body, headers);
}

} // namespace

TEST_CASE("T-OTEL-001: without opentelemetry the gateway starts, and adds nothing to what servers get") {
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server)};
    options.environment = {{"OTEL_EXPORTER_OTLP_HEADERS", "A=b"}};
    const gateway gate(std::move(options));
    const auto client = "00-" + trace + "-" + parent + "-01";
    CHECK(call_with(gate, {{"traceparent", client}}, call_text("echo", R"({"text":"a"})", "1")).status ==
          200);
    const auto seen = server.seen();
    REQUIRE(find_call(seen, "tools/call") != nullptr);
    CHECK_FALSE(find_call(seen, "tools/call")->headers.contains("traceparent"));
}

TEST_CASE("T-OTEL-002, T-OTEL-005, T-OTEL-010: a span for each call, a child of the process's span") {
    const remote_server collector(take_everything);
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server)};
    options.gateway_extra = tracing(url_of(collector), R"(,"serviceName":"my-gateway")");
    gateway gate(std::move(options));
    CHECK(gate.get("/health").status == 200);
    const auto before = std::chrono::system_clock::now();
    CHECK(tool_text(gate.call("remote", "echo", R"({"text":"canary-argument"})")) == "canary-argument");
    const auto after = std::chrono::system_clock::now();
    gate.rpc("remote", "tools/list");
    CHECK(eventually(soon, [&] { return find_span(collector, "tools/list").has_value(); }));
    end(gate);

    const auto root = find_span(collector, "gateway");
    const auto call = find_span(collector, "tools/call echo");
    const auto list = find_span(collector, "tools/list");
    REQUIRE(root);
    REQUIRE(call);
    REQUIRE(list);
    CHECK(call->attribute("mcp.server") == "remote");
    CHECK(call->attribute("mcp.method") == "tools/call");
    CHECK(call->attribute("mcp.tool") == "echo");
    CHECK(call->attribute("http.status_code") == "200");
    CHECK(list->attribute("mcp.method") == "tools/list");
    CHECK(list->attribute("mcp.tool") == "(none)");
    CHECK(root->text("parentSpanId").empty());
    for (const auto& each : spans_of(collector)) {
        CHECK(is_lower_hex(each.text("traceId"), 32));
        CHECK(is_lower_hex(each.text("spanId"), 16));
        CHECK(each.text("traceId") == root->text("traceId"));
        CHECK(std::stoull(each.text("startTimeUnixNano")) <= std::stoull(each.text("endTimeUnixNano")));
        bool named = false;
        for (const auto& attribute : each.resource.at("attributes").as_array())
            named = named || (text_at(attribute, "key") == "service.name" &&
                              text_at(attribute, "value.stringValue") == "my-gateway");
        CHECK(named);
    }
    CHECK(call->text("parentSpanId") == root->text("spanId"));
    CHECK(call->text("spanId") != list->text("spanId"));
    const auto nanoseconds = [](auto when) {
        return static_cast<unsigned long long>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count());
    };
    CHECK(std::stoull(call->text("startTimeUnixNano")) >= nanoseconds(before));
    CHECK(std::stoull(call->text("endTimeUnixNano")) <= nanoseconds(after));
    for (const auto& request : collector.seen()) {
        CHECK(request.method == "POST");
        CHECK(request.path == "/v1/traces");
        CHECK(request.headers.at("content-type") == "application/json");
        CHECK(request.body.find("canary") == std::string::npos); // what is said stays out of the traces
    }
    // The server was told which span its work belongs to.
    const auto seen = server.seen();
    REQUIRE(find_call(seen, "tools/call") != nullptr);
    const auto& told = find_call(seen, "tools/call")->headers.at("traceparent");
    CHECK(told == "00-" + call->text("traceId") + "-" + call->text("spanId") + "-01");
}

TEST_CASE("T-OTEL-003, T-OTEL-004: an endpoint that is missing or not HTTP is refused") {
    for (const std::string bad : {R"("opentelemetry":{})", R"("opentelemetry":{"serviceName":"s"})",
                                  R"("opentelemetry":{"endpoint":"grpc://127.0.0.1:4317"})",
                                  R"("opentelemetry":{"endpoint":"127.0.0.1:4318"})"}) {
        CAPTURE(bad);
        const auto refused = run(
            {program_path(), "check"}, 60s, {},
            R"({"mcpServers":{},"gateway":{"port":8080,"domain":"localhost","agentId":"id",)" + bad + "}}");
        CHECK(refused.status == 1);
        CHECK(refused.errors.find("gateway.opentelemetry.endpoint") != std::string::npos);
    }
}

TEST_CASE("T-OTEL-005: what goes wrong is told by the span, too") {
    const remote_server collector(take_everything);
    const remote_server server([](const remote_request& request) {
        remote_answer told;
        told.status = 0;
        if (request.body.find("\"broken\"") != std::string::npos) {
            told.status = 200;
            told.body = R"({"jsonrpc":"2.0","id":)" + std::to_string(number_at(parse(request.body), "id")) +
                        R"(,"result":{"isError":true,"content":[{"type":"text","text":"canary-error"}]}})";
        }
        return told;
    });
    gateway_options options;
    options.servers = {
        {"remote", R"({"type":"http","url":")" + server.url() + R"(","tools":["echo","broken"]})"},
        {"gone", R"({"type":"http","url":"http://127.0.0.1:)" + std::to_string(free_port()) + R"(/mcp"})"}};
    options.gateway_extra = tracing(url_of(collector));
    gateway gate(std::move(options));
    gate.call("remote", "broken");
    gate.call("remote", "forbidden");
    gate.call("gone", "echo");
    end(gate);
    const auto broken = find_span(collector, "tools/call broken");
    const auto forbidden = find_span(collector, "tools/call forbidden");
    const auto gone = find_span(collector, "tools/call echo");
    REQUIRE(broken);
    REQUIRE(forbidden);
    REQUIRE(gone);
    CHECK(broken->attribute("error.type") == "tool_error");
    CHECK(forbidden->attribute("error.type") == "-32602");
    CHECK(gone->attribute("error.type") == "-32001");
    CHECK(gone->attribute("mcp.server") == "gone");
    for (const auto* each : {&*broken, &*forbidden, &*gone}) {
        CHECK(number_at(each->span, "status.code") == 2);
        CHECK(each->attribute("http.status_code") == "200");
    }
    for (const auto& request : collector.seen())
        CHECK(request.body.find("canary") == std::string::npos);
}

TEST_CASE("T-OTEL-005: calls through the unified endpoint bear the server's own name and the tool's") {
    const remote_server collector(take_everything);
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server)};
    options.gateway_extra = tracing(url_of(collector));
    gateway gate(std::move(options));
    const auto listed = gate.post("/mcp", rpc_text("tools/list", "{}", "1"));
    CHECK(listed.status == 200);
    const auto called = gate.post("/mcp", call_text("remote__echo", R"({"text":"u"})", "2"));
    CHECK(tool_text(parse(called.body)) == "u");
    end(gate);
    const auto call = find_span(collector, "tools/call echo");
    REQUIRE(call);
    CHECK(call->attribute("mcp.server") == "remote");
    CHECK(call->attribute("http.status_code") == "200");
    REQUIRE(find_span(collector, "tools/list"));
    CHECK(find_span(collector, "tools/list")->attribute("http.status_code") == "200");
}

TEST_CASE("T-OTEL-006: the headers of OTEL_EXPORTER_OTLP_HEADERS go with every export, and nowhere else") {
    const remote_server collector(take_everything);
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server)};
    options.gateway_extra = tracing(url_of(collector));
    options.environment = {
        {"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer canary-otlp-token,X-Custom=a%2Cb"}};
    gateway gate(std::move(options));
    gate.call("remote", "echo", R"({"text":"1"})");
    CHECK(eventually(soon, [&] { return !collector.seen().empty(); }));
    gate.call("remote", "echo", R"({"text":"2"})");
    end(gate);
    CHECK(collector.seen().size() >= 2);
    for (const auto& request : collector.seen()) {
        CHECK(request.headers.at("authorization") == "Bearer canary-otlp-token");
        CHECK(request.headers.at("x-custom") == "a,b");
        CHECK(request.body.find("canary") == std::string::npos);
    }
    for (const auto& request : server.seen())
        for (const auto& [name, value] : request.headers)
            CHECK(value.find("canary") == std::string::npos);
    CHECK(gate.log().find("canary") == std::string::npos);
    CHECK(gate.stdout_text().find("canary") == std::string::npos);
}

TEST_CASE("T-OTEL-007: with traceId and spanId all spans and servers belong to that trace") {
    const remote_server collector(take_everything);
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server)};
    options.gateway_extra = tracing(url_of(collector), R"(,"traceId":"${TRACE}","spanId":"${PARENT}")");
    options.environment = {{"TRACE", trace}, {"PARENT", parent}};
    gateway gate(std::move(options));
    gate.call("remote", "echo", R"({"text":"a"})");
    // A client's own trace is another one: it is linked.
    const std::string other = "11111111111111111111111111111111";
    call_with(gate, {{"traceparent", "00-" + other + "-2222222222222222-01"}, {"tracestate", "k=v"}},
              call_text("linked", R"({"text":"b"})", "2"));
    end(gate);
    const auto root = find_span(collector, "gateway");
    const auto linked = find_span(collector, "tools/call linked");
    REQUIRE(root);
    REQUIRE(linked);
    CHECK(root->text("parentSpanId") == parent);
    for (const auto& each : spans_of(collector))
        CHECK(each.text("traceId") == trace);
    CHECK(linked->text("parentSpanId") == root->text("spanId"));
    CHECK(text_at(linked->span, "links.0.traceId") == other);
    const auto seen = server.seen();
    for (const auto* part : {"\"echo\"", "\"linked\""}) {
        REQUIRE(find_call(seen, part) != nullptr);
        const auto& headers = find_call(seen, part)->headers;
        CHECK(headers.at("traceparent").starts_with("00-" + trace + "-"));
        CHECK(headers.at("traceparent").ends_with("-01"));
        CHECK_FALSE(headers.contains("tracestate"));
    }
}

TEST_CASE("T-OTEL-008: with traceId alone the parent is a random span") {
    const remote_server collector(take_everything);
    std::vector<std::string> parents;
    for (int round = 0; round < 2; ++round) {
        const auto before = spans_of(collector).size();
        gateway_options options;
        options.gateway_extra = tracing(url_of(collector), R"(,"traceId":")" + trace + '"');
        gateway gate(std::move(options));
        end(gate);
        const auto spans = spans_of(collector);
        REQUIRE(spans.size() == before + 1);
        CHECK(spans.back().text("traceId") == trace);
        CHECK(is_lower_hex(spans.back().text("parentSpanId"), 16));
        parents.push_back(spans.back().text("parentSpanId"));
    }
    CHECK(parents[0] != parents[1]);
}

TEST_CASE("a spanId without traceId is ignored with a warning") {
    const remote_server collector(take_everything);
    gateway_options options;
    options.gateway_extra = tracing(url_of(collector), R"(,"spanId":")" + parent + '"');
    gateway gate(std::move(options));
    end(gate);
    REQUIRE(find_span(collector, "gateway"));
    CHECK(find_span(collector, "gateway")->text("parentSpanId").empty());
    CHECK(gate.log().find("ignored without traceId") != std::string::npos);
}

TEST_CASE("a client's trace is continued: from its header, and before that from the message") {
    const remote_server collector(take_everything);
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server)};
    options.gateway_extra = tracing(url_of(collector));
    gateway gate(std::move(options));
    const http_headers header = {{"traceparent", "00-" + trace + "-" + parent + "-00"},
                                 {"tracestate", "congo=t61"},
                                 {"tracestate", "rojo=00f"}};
    call_with(gate, header, call_text("by_header", "{}", "1"));
    const std::string nearer = "00-33333333333333333333333333333333-4444444444444444-01";
    call_with(gate, header,
              rpc_text("tools/call",
                       R"({"name":"by_message","_meta":{"traceparent":")" + nearer +
                           R"(","tracestate":"k=v"},"arguments":{"text":"x"}})",
                       "2"));
    end(gate);
    const auto root = find_span(collector, "gateway");
    const auto first = find_span(collector, "tools/call by_header");
    const auto second = find_span(collector, "tools/call by_message");
    REQUIRE(root);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->text("traceId") == trace);
    CHECK(first->text("parentSpanId") == parent);
    CHECK(first->text("traceState") == "congo=t61, rojo=00f");
    CHECK(text_at(first->span, "links.0.spanId") == root->text("spanId"));
    CHECK(second->text("traceId") == std::string(32, '3'));
    CHECK(second->text("parentSpanId") == std::string(16, '4'));

    const auto seen = server.seen();
    const auto* one = find_call(seen, "by_header");
    const auto* two = find_call(seen, "by_message");
    REQUIRE(one != nullptr);
    REQUIRE(two != nullptr);
    CHECK(one->headers.at("traceparent") == "00-" + trace + "-" + first->text("spanId") + "-00");
    CHECK(one->headers.at("tracestate") == "congo=t61, rojo=00f");
    CHECK(one->body.find("_meta") == std::string::npos); // nothing is added to a message
    CHECK(parent_id(two->headers.at("traceparent")) == second->text("spanId"));
    const auto meta = parse(two->body);
    CHECK(text_at(meta, "params._meta.traceparent") == two->headers.at("traceparent"));
    CHECK(text_at(meta, "params._meta.tracestate") == "k=v");
    CHECK(text_at(meta, "params.arguments.text") == "x");
}

TEST_CASE("T-OTEL-005: a call to a server on stdio continues the trace in its message, and goes through") {
    const remote_server collector(take_everything);
    gateway_options options;
    options.servers = {scripted("traced")};
    options.gateway_extra = tracing(url_of(collector));
    gateway gate(std::move(options));
    const auto answer = gate.rpc("traced", "tools/call",
                                 R"({"name":"echo","_meta":{"traceparent":"00-)" + trace + "-" + parent +
                                     R"(-01"},"arguments":{"text":"through"}})");
    CHECK(tool_text(answer) == "through");
    end(gate);
    const auto call = find_span(collector, "tools/call echo");
    REQUIRE(call);
    CHECK(call->attribute("mcp.server") == "traced");
    CHECK(call->text("traceId") == trace);
    CHECK(call->text("parentSpanId") == parent);
}

TEST_CASE("T-OTEL-009: a collector that is not there, fails or never answers harms nobody") {
    std::atomic<bool> answers = false;
    const remote_server server;
    const remote_server failing([](const remote_request&) {
        remote_answer told;
        told.status = 500;
        return told;
    });
    const remote_server silent([&](const remote_request&) {
        while (!answers)
            std::this_thread::sleep_for(10ms);
        return remote_answer();
    });
    for (const auto& endpoint :
         {"http://127.0.0.1:" + std::to_string(free_port()) + "/v1/traces", url_of(failing), url_of(silent),
          std::string("https://collector.invalid/")}) {
        CAPTURE(endpoint);
        gateway_options options;
        options.servers = {remote(server)};
        options.gateway_extra = tracing(endpoint);
        gateway gate(std::move(options));
        for (int call = 0; call < 20; ++call)
            CHECK(tool_text(gate.call("remote", "echo", R"({"text":"works"})")) == "works");
        CHECK(gate.get("/health").status == 200);
        CHECK(gate.get("/livez").status == 200);
        const auto before = std::chrono::steady_clock::now();
        end(gate);
        CHECK(std::chrono::steady_clock::now() - before < 15s);
        const auto log = gate.log();
        const auto told = log.find("traces do not reach");
        REQUIRE(told != std::string::npos);
        CHECK(log.find("traces do not reach", told + 1) == std::string::npos);
    }
    answers = true;
}

TEST_CASE("T-OTEL-009: what a collector could not take at first is sent again") {
    std::atomic<int> tries = 0;
    const remote_server collector([&](const remote_request&) {
        remote_answer told;
        told.status = ++tries <= 2 ? 503 : 200;
        told.body = "{}";
        return told;
    });
    const remote_server server;
    gateway_options options;
    options.servers = {remote(server)};
    options.gateway_extra = tracing(url_of(collector));
    gateway gate(std::move(options));
    gate.call("remote", "echo", R"({"text":"a"})");
    CHECK(eventually(30s, [&] { return gate.log().find("again; 0 spans were lost") != std::string::npos; }));
    const auto seen = collector.seen();
    REQUIRE(seen.size() >= 3);
    CHECK(seen[1].body == seen[0].body);
    CHECK(seen[2].body == seen[0].body);
    end(gate);
}
