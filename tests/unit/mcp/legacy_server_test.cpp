#include "mcp/legacy_server.hpp"

#include "jsonrpc/validate.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace drawbridge;
namespace legacy = mcp::legacy_server;

namespace {

std::string ask(std::string_view method, std::string_view rest) {
    return R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + "\"" + std::string(rest) + "}";
}

// What the server gets of a request with these params.
std::string sent(std::string_view params) {
    const auto text = ask("tools/call", R"(,"params":)" + std::string(params));
    const auto read = jsonrpc::parse(text);
    REQUIRE(read.code == 0);
    const auto out = legacy::request(text, read.message);
    CHECK_FALSE(jsonrpc::find_syntax_fault(out));
    const auto message = jsonrpc::scan(out);
    return message.params.present() ? std::string(message.params.in(out)) : out;
}

std::string told(std::string_view text, std::string_view method, std::string_view info = {}) {
    return legacy::response(text, jsonrpc::scan(text), method, info);
}

// The result that the client gets of this one.
std::string result(std::string_view raw, std::string_view method, std::string_view info = {}) {
    const auto out = told(R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(raw) + "}", method, info);
    CHECK_FALSE(jsonrpc::find_syntax_fault(out));
    const auto message = jsonrpc::scan(out);
    CHECK_FALSE(message.error.present());
    return std::string(message.result.in(out));
}

std::string error(std::string_view raw) {
    const auto out = told(R"({"jsonrpc":"2.0","id":1,"error":)" + std::string(raw) + "}", "resources/read",
                          R"({"name":"s"})");
    return std::string(jsonrpc::scan(out).error.in(out));
}

mcp::initialize_result handshake(std::string_view members) {
    return mcp::initialize_result::read(
        R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18")" + std::string(members) + "}}");
}

constexpr std::string_view info = R"({"name":"s","version":"1"})";

} // namespace

TEST_CASE("legacy_server: a request loses what only modern servers know") {
    CHECK(
        sent(
            R"({"name":"t","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
            R"("progressToken":7,"io.modelcontextprotocol/clientCapabilities":{},"traceparent":"00-1","com.example/k":[1]},)"
            R"("arguments":{ "a" : 1.0 }})") ==
        R"({"name":"t","_meta":{"progressToken":7,"traceparent":"00-1","com.example/k":[1]},"arguments":{ "a" : 1.0 }})");
    CHECK(sent(R"({"_meta":{"io.modelcontextprotocol/logLevel":"debug"},"name":"t"})") == R"({"name":"t"})");
    CHECK(sent(R"({"name":"t","_meta":{"io\u002emodelcontextprotocol/clientInfo":{}}})") ==
          R"({"name":"t"})");
    CHECK(sent(R"({"name":"t","_meta":{}})") == R"({"name":"t"})");
    CHECK(sent(R"({"name":"t","_meta":null})") == R"({"name":"t"})");
    CHECK(
        sent(R"({"name":"t","inputResponses":{"a":{}},"requestState":"s","_meta":{"progressToken":"a"}})") ==
        R"({"name":"t","_meta":{"progressToken":"a"}})");
    CHECK(sent(R"({"inputResponses":{},"inputResponses":1,"name":"t","requestState":5})") ==
          R"({"name":"t"})");
    CHECK(sent(R"({"name":"t","arguments":{"requestState":1,"_meta":{"io.modelcontextprotocol/x":1}}})") ==
          R"({"name":"t","arguments":{"requestState":1,"_meta":{"io.modelcontextprotocol/x":1}}})");
}

TEST_CASE("legacy_server: empty params go") {
    const auto bare = ask("tools/call", "");
    CHECK(sent(R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})") == bare);
    CHECK(sent(R"({"_meta":{},"requestState":"x"})") == bare);
    CHECK(sent("{}") == bare);
    const std::string first = R"({"params":{"_meta":{}},"method":"tools/list","id":1,"jsonrpc":"2.0"})";
    CHECK(legacy::request(first, jsonrpc::scan(first)) ==
          R"({"method":"tools/list","id":1,"jsonrpc":"2.0"})");
}

TEST_CASE("legacy_server: a request with nothing to change stays") {
    for (const auto& text :
         {ask("ping", ""), ask("x/y", R"(,"params":[1,{"_meta":{}}])"), ask("a", R"(,"params":{ "n" : 1 })")})
        CHECK(legacy::request(text, jsonrpc::scan(text)) == text);
    const std::string broken = ask("a", R"(,"params":{"n" 1})");
    CHECK(legacy::request(broken, jsonrpc::scan(broken)) == broken);
}

TEST_CASE("legacy_server: every result is complete") {
    for (const auto* method : {"tools/call", "prompts/get", "completion/complete", "x/y", ""}) {
        CHECK(result("{}", method) == R"({"resultType":"complete"})");
        CHECK(result(R"({ "content":[] })", method) == R"({ "content":[] ,"resultType":"complete"})");
        CHECK(result(R"({"ttlMs":"x"})", method) == R"({"ttlMs":"x","resultType":"complete"})");
    }
    CHECK(result(R"({"resultType":"complete","a":1})", "tools/call") == R"({"resultType":"complete","a":1})");
    CHECK(result(R"({"resultType":"compl\u0065te"})", "tools/call") == R"({"resultType":"compl\u0065te"})");
    for (const auto* wrong : {R"("input_required")", R"("")", "null", "1", R"({"a":1})", R"(["complete"])"})
        CHECK(result(R"({"resultType":)" + std::string(wrong) + R"(,"a":1})", "tools/call") ==
              R"({"resultType":"complete","a":1})");
    CHECK(result(R"({"resultType":"x","a":1,"resultType":"complete"})", "tools/call") ==
          R"({"resultType":"complete","a":1})");
}

TEST_CASE("legacy_server: cacheable results say how long") {
    for (const auto* method : {"tools/list", "prompts/list", "resources/list", "resources/templates/list",
                               "resources/read", "server/discover"}) {
        CHECK(result(R"({"tools":[]})", method) ==
              R"({"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"})");
        CHECK(result("{}", method) == R"({"resultType":"complete","ttlMs":0,"cacheScope":"private"})");
        CHECK(result(R"({"ttlMs":60000,"cacheScope":"public"})", method) ==
              R"({"ttlMs":60000,"cacheScope":"public","resultType":"complete"})");
    }
    for (const auto* wrong :
         {"-1", "1.5", "1e3", "null", R"("5")", "00", "12345678901234567890", "{}", "true"})
        CHECK(result(R"({"ttlMs":)" + std::string(wrong) + "}", "tools/list") ==
              R"({"ttlMs":0,"resultType":"complete","cacheScope":"private"})");
    for (const auto* wrong : {R"("shared")", R"("Public")", "null", "0", "[]"})
        CHECK(result(R"({"cacheScope":)" + std::string(wrong) + "}", "tools/list") ==
              R"({"cacheScope":"private","resultType":"complete","ttlMs":0})");
    CHECK(result(R"({"ttlMs":5,"ttlMs":6,"cacheScope":"public","cacheScope":"public"})", "tools/list") ==
          R"({"ttlMs":5,"cacheScope":"public","resultType":"complete"})");
}

TEST_CASE("legacy_server: the server's name") {
    const std::string about = R"("io.modelcontextprotocol/serverInfo":)" + std::string(info);
    CHECK(result("{}", "x", info) == R"({"resultType":"complete","_meta":{)" + about + "}}");
    CHECK(result(R"({"_meta":{"k":1},"a":1})", "x", info) ==
          R"({"_meta":{"k":1,)" + about + R"(},"a":1,"resultType":"complete"})");
    CHECK(result(R"({"_meta":{}})", "x", info) == R"({"_meta":{)" + about + R"(},"resultType":"complete"})");
    CHECK(result(R"({"_meta":{"io.modelcontextprotocol/serverInfo":5,"k":1}})", "x", info) ==
          R"({"_meta":{"k":1,)" + about + R"(},"resultType":"complete"})");
    CHECK(result(R"({"_meta":null})", "x", info) ==
          R"({"_meta":{)" + about + R"(},"resultType":"complete"})");
    CHECK(result(R"({"_meta":{"k":1},"_meta":{"l":1}})", "x", info) ==
          R"({"_meta":{"k":1,)" + about + R"(},"resultType":"complete"})");
    // No name to tell.
    CHECK(result(R"({"_meta":{"k":1}})", "x") == R"({"_meta":{"k":1},"resultType":"complete"})");
    CHECK(result(R"({"_meta":{"io.modelcontextprotocol/serverInfo":{}}})", "x") ==
          R"({"_meta":{"io.modelcontextprotocol/serverInfo":{}},"resultType":"complete"})");
    CHECK(result(R"({"_meta":7})", "x") == R"({"resultType":"complete"})");
    CHECK(result(R"({"_meta":{}})", "x") == R"({"resultType":"complete"})");
}

TEST_CASE("legacy_server: only the result's own members count") {
    CHECK(
        result(R"({"content":[{"resultType":1,"_meta":{"k":1}}],"structuredContent":{"ttlMs":-1}})",
               "tools/call") ==
        R"({"content":[{"resultType":1,"_meta":{"k":1}}],"structuredContent":{"ttlMs":-1},"resultType":"complete"})");
}

TEST_CASE("legacy_server: everything around the result stays") {
    CHECK(told(R"( { "result" : { "a" : 1.50 } , "id" : "\u0061" , "jsonrpc" : "2.0" } )", "tools/call") ==
          R"( { "result" : { "a" : 1.50 ,"resultType":"complete"} , "id" : "\u0061" , "jsonrpc" : "2.0" } )");
}

TEST_CASE("legacy_server: a result that is none becomes an error") {
    for (const auto* raw : {"null", "[]", "1", R"("x")", R"({"a" 1})", R"({"a":1,})", R"({"_meta":{"a" 1}})"})
        CHECK(
            told(R"({"jsonrpc":"2.0","id":"i","result":)" + std::string(raw) + "}", "tools/list", info) ==
            R"({"jsonrpc":"2.0","id":"i","error":{"code":-32603,"message":"the server's result of tools/list is no readable JSON object"}})");
    const auto nameless = told(R"({"jsonrpc":"2.0","result":null})", "x");
    CHECK(nameless.find("\"id\"") == std::string::npos);
    CHECK_FALSE(jsonrpc::find_syntax_fault(nameless));
}

TEST_CASE("legacy_server: error codes that changed their meaning") {
    CHECK(error(R"({"code":-32002,"message":"no such","data":{"uri":"a:b"}})") ==
          R"({"code":-32602,"message":"no such","data":{"uri":"a:b"}})");
    CHECK(error(R"({ "message":"open it", "code" : -32042,"data":{"elicitations":[]}})") ==
          R"({ "message":"open it", "code" : -32603,"data":{"elicitations":[]}})");
    for (const auto* code : {"-32020", "-32021", "-32022", "-32042", "-32099", "-32042.0", "-3.2042e4"})
        CHECK(error(R"({"code":)" + std::string(code) + R"(,"message":"m"})") ==
              R"({"code":-32603,"message":"m"})");
    CHECK(error(R"({"code":-32002.0,"message":"m"})") == R"({"code":-32602,"message":"m"})");
    CHECK(error(R"({"code":1,"code":-32042,"c\u006fde":-32002})") ==
          R"({"code":1,"code":-32603,"c\u006fde":-32602})");
}

TEST_CASE("legacy_server: other errors stay") {
    for (const auto* raw :
         {R"({"code":-32601,"message":"m"})", R"({"code":-32602,"message":"m"})",
          R"({"code":-32603,"message":"m"})", R"({"code":-32000,"message":"m"})",
          R"({"code":-32019,"message":"m"})", R"({"code":-32100,"message":"m"})",
          R"({"code":-32700,"message":"m"})", R"({"code":0,"message":"m"})", R"({"code":42,"message":"m"})",
          R"({"code":"-32002"})", R"({"code":null})", R"({"code":1e99999})", R"({"data":{"code":-32002}})",
          R"({})", "5", R"("x")", "[]"})
        CHECK(error(raw) == raw);
}

TEST_CASE("legacy_server: result and error together") {
    CHECK(told(R"({"jsonrpc":"2.0","id":1,"result":{},"error":null})", "x") ==
          R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}})");
    CHECK(told(R"({"error":{"code":-32002,"message":"m"},"result":null,"id":1,"jsonrpc":"2.0"})", "x") ==
          R"({"error":{"code":-32602,"message":"m"},"id":1,"jsonrpc":"2.0"})");
}

TEST_CASE("legacy_server: what is no response stays") {
    for (const auto* text :
         {"", "x", "[]", R"({"jsonrpc":"2.0","method":"a"})", R"({"id":1,"result":{},"result":{}})"})
        CHECK(told(text, "tools/list", info) == text);
}

TEST_CASE("legacy_server: a large result is taken as it is") {
    const std::string blob(1 << 20, 'x');
    const auto raw = R"({"content":[{"type":"text","text":")" + blob + R"("}]})";
    CHECK(result(raw, "tools/call") == raw.substr(0, raw.size() - 1) + R"(,"resultType":"complete"})");
}

TEST_CASE("legacy_server: server/discover") {
    const auto server = handshake(
        R"(,"capabilities":{"tasks":{"list":{}},"tools":{"listChanged":true},"logging":{},"experimental":{"a":{}}},)"
        R"("serverInfo":{"name":"s","version":"1"},"instructions":"Do \u0061ll")");
    REQUIRE(server.valid());
    const std::string begin =
        R"({"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"capabilities":)";
    const std::string hints = R"(,"ttlMs":0,"cacheScope":"private")";
    CHECK(
        legacy::discover_result(server, true, info) ==
        begin +
            R"({"tools":{"listChanged":true},"logging":{},"experimental":{"a":{}}},"instructions":"Do \u0061ll")" +
            hints + R"(,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}})");
    CHECK(legacy::discover_result(server, false, "") ==
          begin + R"({"tools":{"listChanged":true},"experimental":{"a":{}}},"instructions":"Do \u0061ll")" +
              hints + "}");
    for (const auto* members :
         {"", R"(,"capabilities":null,"instructions":5)", R"(,"capabilities":[],"instructions":null)",
          R"(,"capabilities":{"a":1},"capabilities":{"b":1})", R"(,"capabilities":{"a":nonsense})"})
        CHECK(legacy::discover_result(handshake(members), true, "") == begin + "{}" + hints + "}");
    CHECK(legacy::discover_result(mcp::initialize_result(), true, "") == begin + "{}" + hints + "}");
}

TEST_CASE("legacy_server: what clients declare") {
    const auto same = [](std::string_view text) { return legacy::client_capabilities(text) == text; };
    CHECK(same("{}"));
    CHECK(same(R"({"sampling":{"tools":{}},"elicitation":{"form":{},"url":{}},"experimental":{"a":{}}})"));
    CHECK(same(R"({"elicitation":{"url":{}}})"));
    CHECK(same(R"({"com.example":5})"));
    CHECK(legacy::client_capabilities(R"({"elicitation":{}})") == R"({"elicitation":{"form":{}}})");
    CHECK(legacy::client_capabilities(R"({"elicitation":{ }})") == R"({"elicitation":{"form":{}}})");
    CHECK(legacy::client_capabilities(R"({"extensions":{"io.modelcontextprotocol/ui":{}},"roots":{}})") ==
          R"({"roots":{}})");
    CHECK(legacy::client_capabilities(R"({"tasks":{},"roots":{"listChanged":true}})") == R"({"roots":{}})");
    CHECK(legacy::client_capabilities(R"({"sampling":true,"roots":null,"elicitation":[]})") == "{}");
    for (const auto* text : {"", "[]", "null", "{", R"({"a":x})", "{} {}"})
        CHECK(legacy::client_capabilities(text) == "{}");
}

TEST_CASE("legacy_server: profiles") {
    const auto wanted = legacy::profile(R"({"sampling":{"tools":{},"context":{}},"elicitation":{}})");
    CHECK(wanted == R"({"elicitation":{"form":{}},"sampling":{"context":{},"tools":{}}})");
    for (const auto* text :
         {R"({"elicitation":{"form":{}},"sampling":{"context":{},"tools":{}}})",
          R"({ "elicitation" : { } , "sampling" : {"context":{ }, "to\u006fls":{}}, "extensions":{"a":{}} })",
          "{\n\"sampling\":{\"context\":{},\r\n\"tools\":{}},\"\\u0065licitation\":{\"form\":{}}}"})
        CHECK(legacy::profile(text) == wanted);
    CHECK(legacy::profile("") == "{}");
    CHECK(legacy::profile("{}") == "{}");
    CHECK(legacy::profile(R"({"extensions":{}})") == "{}");
    CHECK(legacy::profile(R"({"experimental":{"b":{"k":[1, "\u0061", null, {"z":1,"y":2}, []]},"a":{}}})") ==
          R"({"experimental":{"a":{},"b":{"k":[1,"a",null,{"y":2,"z":1},[]]}}})");
    CHECK(legacy::profile(R"({"sampling":{}})") != legacy::profile(R"({"roots":{}})"));
    std::string deep = R"({"experimental":)";
    for (int i = 0; i < 250; ++i)
        deep += R"({"a":)";
    deep += "1" + std::string(251, '}');
    CHECK(legacy::profile(deep) == deep);
}
