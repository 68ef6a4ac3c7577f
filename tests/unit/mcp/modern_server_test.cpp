#include "mcp/modern_server.hpp"

#include "jsonrpc/validate.hpp"
#include "mcp/initialize.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace drawbridge;
namespace modern = mcp::modern_server;

namespace {

const modern::caller client = {R"({"sampling":{}})", R"({"name":"c","version":"2"})", ""};

// Members of _meta as this client is introduced.
constexpr std::string_view claimed =
    R"("io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"sampling":{}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"2"})";

std::string sent(const std::string& text, const modern::caller& who = client) {
    const auto read = jsonrpc::parse(text);
    REQUIRE(read.code == 0);
    const auto out = modern::request(text, read.message, who);
    CHECK_FALSE(jsonrpc::find_syntax_fault(out));
    return out;
}

// The params that the server gets of these.
std::string params(std::string_view raw, const modern::caller& who = client) {
    const auto out =
        sent(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":)" + std::string(raw) + "}", who);
    return std::string(jsonrpc::scan(out).params.in(out));
}

std::string told(std::string_view text, std::string_view method) {
    return modern::response(text, jsonrpc::scan(text), method, "2025-11-25");
}

std::string result(std::string_view raw, std::string_view method = "tools/call") {
    const auto out = told(R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(raw) + "}", method);
    return std::string(jsonrpc::scan(out).result.in(out));
}

std::string discovered(std::string_view members) {
    const auto text = R"({"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"])" +
                      std::string(members) + "}}";
    return modern::initialize_result(text, "route").value_or("none");
}

modern::result_type type(std::string_view text) {
    return modern::type_of(text, jsonrpc::scan(text));
}

std::string meta(std::string_view members) {
    return R"({"_meta":{)" + std::string(members) + "}}";
}

} // namespace

TEST_CASE("modern_server: a request says who asks") {
    const std::string all(claimed);
    CHECK(sent(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})") ==
          R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":)" + meta(all) + "}");
    CHECK(sent(R"( { "method":"tools/list" , "id":1 , "jsonrpc":"2.0" } )") ==
          R"( { "method":"tools/list" , "id":1 , "jsonrpc":"2.0" ,"params":)" + meta(all) + "} ");
    CHECK(params("{}") == meta(all));
    CHECK(params(R"({"name":"t","arguments":{ "a" : 1.0 }})") ==
          R"({"name":"t","arguments":{ "a" : 1.0 },"_meta":{)" + all + "}}");
    CHECK(params(R"({"_meta":{},"name":"t"})") == R"({"_meta":{)" + all + R"(},"name":"t"})");
    CHECK(params(R"({"_meta":{"progressToken":7,"traceparent":"00"},"name":"t"})") ==
          R"({"_meta":{"progressToken":7,"traceparent":"00",)" + all + R"(},"name":"t"})");
    for (const auto* wrong : {"null", "5", "[]", R"("x")"})
        CHECK(params(R"({"_meta":)" + std::string(wrong) + R"(,"name":"t"})") ==
              R"({"_meta":{)" + all + R"(},"name":"t"})");
}

TEST_CASE("modern_server: a client can't write what the gateway says") {
    const std::string all(claimed);
    CHECK(
        params(
            R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"x","k":1,"io\u002emodelcontextprotocol/clientInfo":{},"io.modelcontextprotocol/related-task":{}}})") ==
        R"({"_meta":{"k":1,)" + all + "}}");
    CHECK(params(R"({"_meta":{"io.modelcontextprotocol/logLevel":"debug"}})") == meta(all));
    CHECK(params(R"({"arguments":{"_meta":{"io.modelcontextprotocol/logLevel":"debug"}}})") ==
          R"({"arguments":{"_meta":{"io.modelcontextprotocol/logLevel":"debug"}},"_meta":{)" + all + "}}");
}

TEST_CASE("modern_server: callers") {
    CHECK(
        params("{}", {R"({})", R"({"name":"c"})", "warning"}) ==
        meta(
            R"("io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c"},"io.modelcontextprotocol/logLevel":"warning")"));
    CHECK(
        params("{}", {"", "", ""}) ==
        meta(
            R"("io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"drawbridge","version":")" DRAWBRIDGE_VERSION
            R"("})"));
    CHECK(params("{}", {"{\n}", "{\r\n\"name\":\"c\"}", "a\"b"}).find_first_of("\r\n") == std::string::npos);
}

TEST_CASE("modern_server: what can't carry it stays") {
    for (const std::string text :
         {R"({"jsonrpc":"2.0","id":1,"method":"a","params":[1]})",
          R"({"id":1,"method":"a","params":{"b" 1}})", R"({"id":1,"method":"a","params":{"_meta":{"b" 1}}})",
          R"({"id":1,"result":{}})", "x", ""})
        CHECK(modern::request(text, jsonrpc::scan(text), client) == text);
}

TEST_CASE("modern_server: what the gateway asks itself") {
    const std::string all(claimed);
    CHECK(modern::own_params("", client) == meta(all));
    CHECK(modern::own_params("{}", client) == meta(all));
    CHECK(modern::own_params(R"({"notifications":{}})", client) ==
          R"({"notifications":{},"_meta":{)" + all + "}}");
    CHECK(modern::own_params(R"({"_meta":{"progressToken":1}})", client) ==
          R"({"_meta":{"progressToken":1,)" + all + "}}");
    for (const auto* wrong : {"[]", "5", "{", R"({"a" 1})"})
        CHECK(modern::own_params(wrong, client) == meta(all));
}

TEST_CASE("modern_server: a result loses what legacy clients don't know") {
    CHECK(result(R"({"resultType":"complete","content":[ ]})") == R"({"content":[ ]})");
    CHECK(
        result(
            R"({"content":[],"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"}}})") ==
        R"({"content":[]})");
    CHECK(
        result(
            R"({"tools":[],"ttlMs":5,"nextCursor":"c","cacheScope":"public","resultType":"complete","_meta":{"k":1,"io.modelcontextprotocol/serverInfo":{}}})",
            "tools/list") == R"({"tools":[],"nextCursor":"c","_meta":{"k":1}})");
    CHECK(result(R"({"resultType":"complete"})", "x/y") == "{}");
    CHECK(result(R"({"result\u0054ype":1,"resultType":2,"a":3})") == R"({"a":3})");
    CHECK(result(R"({"_meta":{"k":1},"a":{"resultType":1}})") == R"({"_meta":{"k":1},"a":{"resultType":1}})");
    CHECK(told(R"( { "id" : 1.0 , "result" : { "ttlMs" : 1 , "a" : 2.50 } } )", "x") ==
          R"( { "id" : 1.0 , "result" : { "a" : 2.50 } } )");
    CHECK(told(R"({"id":1,"result":{"ttlMs":1},"error":null})", "x") ==
          R"({"id":1,"result":{},"error":null})");
}

TEST_CASE("modern_server: structuredContent of legacy clients is an object") {
    CHECK(result(R"({"content":[],"structuredContent":{"a":[1]}})") ==
          R"({"content":[],"structuredContent":{"a":[1]}})");
    for (const auto* other : {"[1]", "5", "null", R"("{}")", "true"})
        CHECK(result(R"({"structuredContent":)" + std::string(other) + R"(,"content":[]})") ==
              R"({"content":[]})");
    CHECK(result(R"({"structuredContent":5})", "x/y") == R"({"structuredContent":5})");
}

TEST_CASE("modern_server: outputSchema of legacy clients is one of objects") {
    const auto tools = [](std::string_view schema) {
        return result(R"({"tools":[{"name":"a","outputSchema":)" + std::string(schema) +
                          R"(,"inputSchema":{"type":"array"}}]})",
                      "tools/list");
    };
    const std::string bare = R"({"tools":[{"name":"a","inputSchema":{"type":"array"}}]})";
    CHECK(tools(R"({ "type" : "object" })").find("outputSchema") != std::string::npos);
    CHECK(tools(R"({"$ref":"#/$defs/a","type":"\u006fbject"})").find("outputSchema") != std::string::npos);
    for (const auto* schema :
         {R"({"type":"array"})", R"({"type":["object"]})", "{}", R"({"$ref":"#/a"})", "true", "null",
          R"({"properties":{"type":"object"}})", R"({"type":"object","type":"array"})"})
        CHECK(tools(schema) == bare);
    CHECK(
        result(
            R"({"tools":[{"outputSchema":1},5,{"outputSchema":{"type":"object"}},{"a":1,"outputSchema":[]}],"ttlMs":0})",
            "tools/list") == R"({"tools":[{},5,{"outputSchema":{"type":"object"}},{"a":1}]})");
    CHECK(result(R"({"tools":{"outputSchema":1}})", "tools/list") == R"({"tools":{"outputSchema":1}})");
    CHECK(result(R"({"tools":[{"outputSchema":1}]})", "x/y") == R"({"tools":[{"outputSchema":1}]})");
}

TEST_CASE("modern_server: a result that can't be read stays") {
    for (const std::string raw : {"null", "[]", "5", R"({"a":1,"ttlMs" 2})", R"({"ttlMs":1,"_meta":{"a" 1}})",
                                  R"({"ttlMs":1,"tools":[{"a" 1}]})", R"({"ttlMs":1,"tools":[{} {}]})"})
        CHECK(result(raw, "tools/list") == raw);
    for (const auto* text : {"", "x", R"({"jsonrpc":"2.0","method":"a","params":{"ttlMs":1}})"})
        CHECK(told(text, "tools/list") == text);
}

TEST_CASE("modern_server: a missing capability is a tool's error") {
    const auto text = [](std::string_view error) {
        return R"({"jsonrpc":"2.0","id":"a","error":)" + std::string(error) + "}";
    };
    CHECK(
        told(
            text(
                R"({"code":-32021,"message":"needs \u0073ampling","data":{"requiredCapabilities":{"sampling":{}}}})"),
            "tools/call") ==
        R"({"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"needs sampling"}],"isError":true}})");
    CHECK(
        told(text(R"({"code":-32021})"), "tools/call") ==
        R"({"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"the tool needs a capability that this client does not have"}],"isError":true}})");
    for (const auto* method : {"prompts/get", "resources/read", "x/y"})
        CHECK(told(text(R"({"code":-32021,"message":"m"})"), method) ==
              text(R"({"code":-32021,"message":"m"})"));
    for (const auto* error : {R"({"code":-32602,"message":"m"})", R"({"code":-32020,"message":"m"})",
                              R"({"code":"-32021"})", R"({"code":-32021,"code":1})", R"({})", "5", "null"})
        CHECK(told(text(error), "tools/call") == text(error));
}

TEST_CASE("modern_server: server/discover as an answer to initialize") {
    CHECK(
        discovered(
            R"(,"resultType":"complete","capabilities":{"tools":{"listChanged":true},"logging":{},"extensions":{"a/b":{}}},"instructions":"Do \u0061ll","ttlMs":5,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"version":"1","name":"s","title":"S"}})") ==
        R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"logging":{},"extensions":{"a/b":{}}},"serverInfo":{"version":"1","name":"s","title":"S"},"instructions":"Do \u0061ll"})");
    const std::string plain =
        R"({"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"route","version":"unknown"}})";
    CHECK(discovered(R"(,"capabilities":{})") == plain);
    CHECK(discovered(R"(,"capabilities":{"tasks":{}},"instructions":5)") == plain);
    for (const auto* info : {"null", "5", "{}", R"({"name":"s"})", R"({"name":"s","version":1})",
                             R"({"name":"s","name":"t","version":"1"})"})
        CHECK(discovered(R"(,"capabilities":{},"_meta":{"io.modelcontextprotocol/serverInfo":)" +
                         std::string(info) + "}") == plain);
    // The gateway can read what it wrote.
    const auto read = mcp::initialize_result::read(R"({"jsonrpc":"2.0","id":1,"result":)" +
                                                   discovered(R"(,"capabilities":{})") + "}");
    CHECK(read.valid());
    CHECK(read.protocol_version() == "2025-11-25");
}

TEST_CASE("modern_server: what is no answer to server/discover") {
    for (const auto* members :
         {"", R"(,"capabilities":null)", R"(,"capabilities":[])", R"(,"capabilities":{},"capabilities":{})",
          R"(,"capabilities":{},"supportedVersions":[])",
          R"(,"capabilities":{},"resultType":"input_required")", R"(,"capabilities":{},"resultType":"x")",
          R"(,"capabilities":{"a":nonsense})"})
        CHECK(discovered(members) == "none");
    for (const auto* text :
         {"", "x", "[]", R"({"jsonrpc":"2.0","id":1,"result":{}})",
          R"({"jsonrpc":"2.0","id":1,"result":null})",
          R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"m"}})",
          R"({"jsonrpc":"2.0","id":1,"result":{"supportedVersions":"2026-07-28","capabilities":{}}})",
          R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})"})
        CHECK_FALSE(modern::initialize_result(text, "route"));
}

TEST_CASE("modern_server: resultType") {
    using modern::result_type;
    CHECK(type(R"({"id":1,"result":{}})") == result_type::complete);
    CHECK(type(R"({"id":1,"result":{"resultType":"complete"}})") == result_type::complete);
    CHECK(type(R"({"id":1,"result":{"a":{"resultType":"x"}}})") == result_type::complete);
    CHECK(type(R"({"id":1,"error":{"code":1}})") == result_type::complete);
    CHECK(type(R"({"id":1,"result":{"resultType":"input_required"}})") == result_type::input_required);
    CHECK(type(R"({"id":1,"result":{"result\u0054ype":"input\u005frequired"},"error":null})") ==
          result_type::input_required);
    for (const auto* value :
         {R"("task")", R"("")", "null", "1", R"({"a":1})", R"("complete","resultType":"complete")"})
        CHECK(type(R"({"id":1,"result":{"resultType":)" + std::string(value) + "}}") == result_type::unknown);
    for (const auto* value : {"null", "[]", "5", R"({"a" 1})"})
        CHECK(type(R"({"id":1,"result":)" + std::string(value) + "}") == result_type::unknown);
}

TEST_CASE("modern_server: what clients declare") {
    const auto same = [](std::string_view text) { return modern::client_capabilities(text) == text; };
    CHECK(same("{}"));
    CHECK(same(
        R"({"sampling":{"context":{}},"elicitation":{},"extensions":{"a/b":{}},"experimental":{},"x":1})"));
    CHECK(modern::client_capabilities(R"({"roots":{"listChanged":true},"sampling":{}})") ==
          R"({"roots":{},"sampling":{}})");
    CHECK(modern::client_capabilities(R"({"sampling":{},"tasks":{"list":{}}})") == R"({"sampling":{}})");
    CHECK(modern::client_capabilities(
              R"({"roots":true,"sampling":null,"elicitation":[],"extensions":5,"experimental":"x"})") ==
          "{}");
    CHECK(modern::client_capabilities(R"({"sampling":{"tools":{}},"s\u0061mpling":{}})") ==
          R"({"sampling":{"tools":{}}})");
    CHECK(modern::client_capabilities(" {\n\"roots\":{}\r\n}\n") == R"({ "roots":{}  })");
    for (const auto* text : {"", "[]", "null", "{", R"({"a":x})", "{} {}"})
        CHECK(modern::client_capabilities(text) == "{}");
}
