#include "mcp/modern_request.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <string>

using namespace drawbridge::mcp;
namespace jsonrpc = drawbridge::jsonrpc;

namespace {

const std::string version_key = R"("io.modelcontextprotocol/protocolVersion")";
const std::string capabilities_key = R"("io.modelcontextprotocol/clientCapabilities")";
const std::string info_key = R"("io.modelcontextprotocol/clientInfo")";
const std::string level_key = R"("io.modelcontextprotocol/logLevel")";
const std::string claim = version_key + R"(:"2026-07-28")";
const std::string enough = claim + "," + capabilities_key + ":{}";

std::string request(const std::string& method, const std::string& params) {
    return R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":)" + params + "}";
}

// With these members of _meta and, beside it, of params.
std::string with(const std::string& method, const std::string& meta, const std::string& more = {}) {
    return request(method, R"({"_meta":{)" + meta + "}" + (more.empty() ? "" : ",") + more + "}");
}

mirrored_headers headers(const std::string& method, std::optional<std::string> name = {}) {
    return {"2026-07-28", method, std::move(name), {}};
}

struct outcome {
    std::optional<refusal> why;
    modern_request read;
};

outcome read(const std::string& text, const mirrored_headers& mirrored) {
    const auto parsed = jsonrpc::parse(text);
    REQUIRE(parsed.code == 0);
    CHECK(era_of(text, parsed.message, mirrored) == era::modern);
    outcome out;
    out.why = read_modern_request(text, parsed.message, mirrored, out.read);
    return out;
}

modern_request accepted(const std::string& text, const mirrored_headers& mirrored) {
    CAPTURE(text);
    auto out = read(text, mirrored);
    CHECK_FALSE(out.why);
    if (out.why) MESSAGE(out.why->message);
    return std::move(out.read);
}

refusal refused(const std::string& text, const mirrored_headers& mirrored, int code,
                std::string_view said = {}) {
    CAPTURE(text);
    CAPTURE(said);
    const auto out = read(text, mirrored);
    REQUIRE(out.why);
    CHECK(out.why->http_status == 400);
    CHECK(out.why->code == code);
    CAPTURE(out.why->message);
    CHECK(out.why->message.find(said) != std::string::npos);
    return *out.why;
}

era era_for(const std::string& text, std::optional<std::string> header) {
    CAPTURE(text);
    const auto parsed = jsonrpc::parse(text);
    REQUIRE(parsed.code == 0);
    mirrored_headers mirrored;
    mirrored.protocol_version = std::move(header);
    return era_of(text, parsed.message, mirrored);
}

} // namespace

TEST_CASE("modern_request: the body decides the era, the header where the body is silent") {
    const std::string modern = "2026-07-28";
    CHECK(era_for(with("tools/list", enough), modern) == era::modern);
    CHECK(era_for(with("tools/list", claim), {}) == era::modern);
    CHECK(era_for(with("tools/list", claim), "2025-11-25") == era::modern);
    CHECK(era_for(with("tools/list", version_key + R"(:"v999.0.0")"), {}) == era::modern);
    CHECK(era_for(with("tools/list", version_key + R"(:"2025-11-25")"), {}) == era::modern);
    CHECK(era_for(with("tools/list", version_key + ":null"), {}) == era::modern);
    CHECK(era_for(with("tools/list", R"("io.modelcontextprotocol\/protocolVersion":"x")"), {}) ==
          era::modern);
    CHECK(era_for(with("tools/list", version_key + ":1," + claim), {}) == era::modern);
    // No claim.
    CHECK(era_for(with("tools/list", ""), modern) == era::modern);
    CHECK(era_for(request("tools/list", "{}"), modern) == era::modern);
    CHECK(era_for(request("tools/list", "[]"), modern) == era::modern);
    CHECK(era_for(request("tools/list", R"({"_meta":1})"), modern) == era::modern);
    CHECK(era_for(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})", modern) == era::modern);
    for (const auto* header : {"2025-11-25", "2024-11-05", "v999.0.0", "", "2026-07-28, 2026-07-28"})
        CHECK(era_for(request("tools/list", "{}"), header) == era::legacy);
    CHECK(era_for(request("tools/list", "{}"), {}) == era::legacy);
    CHECK(era_for(request("tools/list", R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28"})"), {}) ==
          era::legacy);
    CHECK(era_for(with("tools/list", "\"progressToken\":1," + capabilities_key + ":{}"), {}) == era::legacy);
}

TEST_CASE("modern_request: the era of initialize and of notifications") {
    const std::string modern = "2026-07-28";
    CHECK(era_for(request("initialize", R"({"protocolVersion":"2025-11-25"})"), {}) == era::legacy);
    CHECK(era_for(request("initialize", R"({"protocolVersion":"2026-07-28"})"), {}) == era::legacy);
    CHECK(era_for(request("initialize", R"({"protocolVersion":"2025-11-25"})"), "2025-11-25") == era::legacy);
    CHECK(era_for(request("initialize", R"({"protocolVersion":"2025-11-25"})"), modern) == era::modern);
    CHECK(era_for(with("initialize", enough), modern) == era::modern);
    CHECK(era_for(with("initialize", claim), {}) == era::modern);
    CHECK(era_for(with("initialize", version_key + R"(:"2025-11-25")"), {}) == era::legacy);
    CHECK(era_for(with("initialize", version_key + ":1"), "2025-11-25") == era::legacy);
    const std::string cancelled =
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1)";
    CHECK(era_for(cancelled + "}}", modern) == era::modern);
    CHECK(era_for(cancelled + R"(,"_meta":{)" + claim + "}}}", {}) == era::modern);
    CHECK(era_for(cancelled + "}}", {}) == era::legacy);
}

TEST_CASE("modern_request: Mcp-Method is no sign of an era") {
    const auto text = request("initialize", R"({"protocolVersion":"2025-11-25"})");
    const auto parsed = jsonrpc::parse(text);
    CHECK(era_of(text, parsed.message, {"2025-11-25", "initialize", {}, {}}) == era::legacy);
}

TEST_CASE("modern_request: what a request says of itself") {
    const auto least = accepted(with("tools/list", enough), headers("tools/list"));
    CHECK(least.capabilities == "{}");
    CHECK(least.info == "");
    CHECK(least.log_level == "");
    CHECK(least.input_responses == "");
    CHECK(least.request_state == "");
    CHECK_FALSE(least.has_request_state);
    const auto most =
        accepted(with("tools/call",
                      claim + "," + capabilities_key + ":{\n\"sampling\":{} }," + info_key +
                          R"(:{"name":"n","version":"1","x":1},)" + level_key +
                          R"(:"w\u0061rning","com.example/x":1,"progressToken":3)",
                      R"("name":"t","inputResponses":{"k":{"action":"accept"}},"requestState":"s\n")"),
                 headers("tools/call", "t"));
    CHECK(most.capabilities == R"({ "sampling":{} })"); // one line
    CHECK(most.info == R"({"name":"n","version":"1","x":1})");
    CHECK(most.log_level == "warning");
    CHECK(most.input_responses == R"({"k":{"action":"accept"}})");
    CHECK(most.request_state == "s\n");
    CHECK(most.has_request_state);
}

TEST_CASE("modern_request: keys of _meta that are missing") {
    const auto mirrored = headers("server/discover");
    const auto protocol = "io.modelcontextprotocol/protocolVersion";
    const auto capabilities = "io.modelcontextprotocol/clientCapabilities";
    for (const std::string params : {"{}", R"({"_meta":{}})", "[]", R"({"_meta":{"progressToken":1}})"}) {
        const auto why = refused(request("server/discover", params), mirrored, -32602, protocol);
        CHECK(why.message.find(capabilities) != std::string::npos);
    }
    refused(R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})", mirrored, -32602, protocol);
    const auto no_version =
        refused(with("server/discover", capabilities_key + ":{}"), mirrored, -32602, protocol);
    CHECK(no_version.message.find(capabilities) == std::string::npos);
    const auto no_capabilities = refused(with("server/discover", claim), mirrored, -32602, capabilities);
    CHECK(no_capabilities.message.find(protocol) == std::string::npos);
}

TEST_CASE("modern_request: keys of _meta that are malformed") {
    const auto mirrored = headers("tools/list");
    const auto check = [&](const std::string& meta, std::string_view said) {
        refused(with("tools/list", meta), mirrored, -32602, said);
    };
    refused(request("tools/list", R"({"_meta":[]})"), mirrored, -32602, "params._meta is no object");
    refused(request("tools/list", R"({"_meta":null})"), mirrored, -32602, "params._meta is no object");
    for (const std::string value : {"1", "null", "{}", "[\"2026-07-28\"]"})
        check(version_key + ":" + value + "," + capabilities_key + ":{}", "is no string");
    for (const std::string value : {"1", "null", "[]", "\"{}\"", "true"})
        check(claim + "," + capabilities_key + ":" + value, "clientCapabilities\"] is no object");
    for (const std::string value : {"1", "null", "[]", "{}", R"({"name":"n"})", R"({"name":"n","version":1})",
                                    R"({"version":"1"})", R"({"name":"n","name":"m","version":"1"})"}) {
        check(enough + "," + info_key + ":" + value, "clientInfo");
    }
    check(enough + "," + claim, "twice");
    check(enough + "," + capabilities_key + ":{}", "twice");
    check(enough + R"(,"io.modelcontextprotocol\/logLevel":"info",)" + level_key + R"(:"info")", "twice");
}

TEST_CASE("modern_request: log levels") {
    for (const std::string level :
         {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}) {
        const auto text = with("tools/list", enough + "," + level_key + ":\"" + level + '"');
        CHECK(accepted(text, headers("tools/list")).log_level == level);
    }
    for (const std::string value : {"\"\"", "\"Info\"", "\"trace\"", "\"off\"", "3", "null", "[\"info\"]"})
        refused(with("tools/list", enough + "," + level_key + ":" + value), headers("tools/list"), -32602,
                "debug");
}

TEST_CASE("modern_request: the version in header and body") {
    auto mirrored = headers("tools/list");
    mirrored.protocol_version.reset();
    refused(with("tools/list", enough), mirrored, -32020, "MCP-Protocol-Version is missing");
    refused(with("tools/list", claim), mirrored, -32020, "MCP-Protocol-Version is missing");
    for (const auto* other : {"2025-11-25", "v999.0.0", "", "2026-07-28,2026-07-28"}) {
        mirrored.protocol_version = other;
        refused(with("tools/list", enough), mirrored, -32020, "MCP-Protocol-Version differs");
    }
    mirrored.protocol_version = "2026-07-28";
    const auto wrong = version_key + R"(:"v999.0.0",)" + capabilities_key + ":{}";
    refused(with("tools/list", wrong), mirrored, -32020, "MCP-Protocol-Version differs");
}

TEST_CASE("modern_request: a version that is not supported") {
    const auto check = [](const std::string& version, const std::string& token) {
        const auto text = with("server/discover", version_key + ":" + token);
        const auto why = refused(text, {version, {}, {}, {}}, -32022);
        const auto data = boost::json::parse(why.data).as_object();
        CHECK(data.at("requested").as_string() == version);
        CHECK(data.at("supported") == boost::json::parse(supported_revisions_json));
    };
    // Neither what else is missing nor other headers matter: they are a question of the version.
    check("v999.0.0", R"("v999.0.0")");
    check("2099-01-01", R"("2099-\u00301-01")");
    check("", R"("")");
    check("a\"b", R"("a\"b")");
    check("2025-11-25", R"("2025-11-25")");
}

TEST_CASE("modern_request: initialize") {
    const auto silent = request("initialize", R"({"protocolVersion":"2025-11-25","capabilities":{}})");
    refused(silent, headers("initialize"), -32020, "has no initialize");
    // Complete: that there is no such method is said elsewhere.
    accepted(with("initialize", enough), headers("initialize"));
    refused(with("initialize", claim), headers("initialize"), -32602, "clientCapabilities");
}

TEST_CASE("modern_request: Mcp-Method") {
    auto mirrored = headers("tools/list");
    accepted(with("tools/list", enough), mirrored);
    accepted(with("tools\\/list", enough), mirrored);
    accepted(with("unknown/method", enough), headers("unknown/method"));
    mirrored.method.reset();
    refused(with("tools/list", enough), mirrored, -32020, "Mcp-Method is missing");
    for (const auto* other :
         {"prompts/list", "TOOLS/LIST", "", "tools/list,tools/list", "=?base64?dG9vbHMvbGlzdA==?="})
        refused(with("tools/list", enough), headers(other), -32020, "Mcp-Method differs");
}

TEST_CASE("modern_request: Mcp-Name") {
    struct row {
        const char* method;
        const char* member;
    };
    for (const auto& [name, member_name] :
         {row{"tools/call", "name"}, row{"prompts/get", "name"}, row{"resources/read", "uri"},
          row{"tasks/get", "taskId"}, row{"tasks/update", "taskId"}, row{"tasks/cancel", "taskId"}}) {
        const std::string method = name;
        const std::string member = member_name;
        CAPTURE(method);
        const auto text = [&](const std::string& value) {
            return with(method, enough, '"' + member + "\":" + value);
        };
        accepted(text(R"("a/b:c d")"), headers(method, "a/b:c d"));
        accepted(text(R"("\u0061")"), headers(method, "a"));
        accepted(text(R"("Hello")"), headers(method, "=?base64?SGVsbG8=?="));
        accepted(text(R"("caf\u00e9")"), headers(method, "=?base64?Y2Fmw6k=?="));
        accepted(text(R"("")"), headers(method, ""));
        refused(text(R"("a")"), headers(method), -32020, "Mcp-Name is missing");
        refused(text(R"("a")"), headers(method, "A"), -32020, "Mcp-Name differs from params." + member);
        refused(text(R"("a")"), headers(method, ""), -32020, "Mcp-Name differs");
        refused(text(R"("Hello")"), headers(method, "=?base64?SGVsbG8?="), -32020, "Mcp-Name cannot be read");
        refused(text(R"("caf\u00e9")"), headers(method, "caf\xC3\xA9"), -32020, "Mcp-Name cannot be read");
        refused(with(method, enough), headers(method, "a"), -32602, "params." + member);
        refused(with(method, enough), headers(method), -32602, "params." + member);
        for (const std::string value : {"1", "null", "[\"a\"]"})
            refused(text(value), headers(method, "1"), -32602, "params." + member);
        if (member != "name") // twice is refused with the message
            refused(text(R"("a",")" + member + R"(":"b")"), headers(method, "a"), -32602, "twice");
    }
    // Others have none, and one that is there means nothing.
    for (const auto* method :
         {"tools/list", "completion/complete", "resources/subscribe", "subscriptions/listen"})
        accepted(with(method, enough, R"("uri":"a")"), headers(method, "wrong"));
}

TEST_CASE("modern_request: answers and state") {
    const auto text = [](const std::string& method, const std::string& more) {
        return with(method, enough, R"("name":"a","uri":"a",)" + more);
    };
    for (const std::string method : {"tools/call", "prompts/get", "resources/read"}) {
        const auto mirrored = headers(method, "a");
        const auto state = accepted(text(method, R"("requestState":"")"), mirrored);
        CHECK(state.has_request_state);
        CHECK(state.request_state == "");
        CHECK(accepted(text(method, R"("inputResponses":{})"), mirrored).input_responses == "{}");
        for (const std::string value : {"null", "[]", "\"x\"", "1"})
            refused(text(method, R"("inputResponses":)" + value), mirrored, -32602, "params.inputResponses");
        for (const std::string value : {"null", "{}", "1"})
            refused(text(method, R"("requestState":)" + value), mirrored, -32602, "params.requestState");
        refused(text(method, R"("requestState":"a","requestState":"b")"), mirrored, -32602, "twice");
        refused(text(method, R"("inputResponses":{},"input\u0052esponses":{})"), mirrored, -32602, "twice");
    }
    const auto elsewhere =
        accepted(text("tools/list", R"("inputResponses":1,"requestState":1)"), headers("tools/list"));
    CHECK(elsewhere.input_responses == "");
    CHECK_FALSE(elsewhere.has_request_state);
}

TEST_CASE("modern_request: values are not told") {
    const auto text = with("tools/call", enough, R"("name":"first-secret")");
    const auto why = refused(text, headers("tools/call", "second-secret"), -32020);
    CHECK(why.message.find("secret") == std::string::npos);
}

TEST_CASE("modern_request: a refusal as a response") {
    CHECK(refusal(400, -32020, "a \"b\"").response("\"x\"") ==
          R"({"jsonrpc":"2.0","id":"x","error":{"code":-32020,"message":"a \"b\""}})");
    CHECK(
        refusal(400, -32022, "m", R"({"a":1})").response("18446744073709551616") ==
        R"({"jsonrpc":"2.0","id":18446744073709551616,"error":{"code":-32022,"message":"m","data":{"a":1}}})");
    CHECK(refusal(400, -32700, "m").response({}) ==
          R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"m"}})");
}

TEST_CASE("modern_request: removed methods") {
    for (const auto* method :
         {"initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
          "notifications/initialized", "notifications/roots/list_changed", "tasks/list", "tasks/result"}) {
        CAPTURE(method);
        CHECK(is_removed_method(method));
    }
    for (const auto* method :
         {"tasks/get", "tasks/cancel", "tasks/update", "server/discover", "tools/call", "tools/list",
          "subscriptions/listen", "Ping", "", "task", "notifications/cancelled", "completion/complete",
          "resources/read", "unknown/method"}) {
        CAPTURE(method);
        CHECK_FALSE(is_removed_method(method));
    }
}

TEST_CASE("modern_request: statuses of errors") {
    CHECK(status_of_error(-32601) == 404);
    CHECK(status_of_error(-32020) == 400);
    CHECK(status_of_error(-32021) == 400);
    CHECK(status_of_error(-32022) == 400);
    for (const int code : {-32602, -32603, -32600, -32700, -32000, -32002, -32023, -32042, 0, 1, 404})
        CHECK(status_of_error(code) == 200);
}

TEST_CASE("modern_request: what Mcp-Name has to say") {
    const auto name_of = [](const std::string& text) {
        return mirrored_name(text, jsonrpc::scan(text)).value_or("none");
    };
    CHECK(name_of(with("tools/call", enough, R"("name":"\u0061")")) == "a");
    CHECK(name_of(with("prompts/get", enough, R"("name":"")")) == "");
    CHECK(name_of(with("resources/read", enough, R"("uri":"file:///a","name":"b")")) == "file:///a");
    CHECK(name_of(with("tasks/get", enough, R"("taskId":"1")")) == "1");
    CHECK(name_of(with("tools/call", enough)) == "none");
    CHECK(name_of(with("tools/call", enough, R"("name":1)")) == "none");
    CHECK(name_of(request("tools/call", "[]")) == "none");
    CHECK(name_of(with("tools/list", enough, R"("name":"a")")) == "none");
}
