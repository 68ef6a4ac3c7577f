#include "mcp/probe.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge;

TEST_CASE("probe: which era an answer to server/discover shows") {
    struct row {
        const char* answer; // behind the id
        bool modern;
    };
    const row table[] = {
        {R"("result":{"supportedVersions":["2026-07-28"],"capabilities":{}})", true},
        {R"("result":{"supportedVersions":["2025-11-25" , "2026-07-28"]})", true},
        {R"("result":{"supportedVersions":["2026\u002d07-28"]})", true},
        {R"("result":{"supportedVersions":["2099-01-01"]})", false}, // nothing that we speak
        {R"("result":{"supportedVersions":["2025-11-25"]})", false},
        {R"("result":{"supportedVersions":[]})", false},
        {R"("result":{"supportedVersions":[20260728,null,{"a":"2026-07-28"},["2026-07-28"]]})", false},
        {R"("result":{"supportedVersions":"2026-07-28"})", false},
        {R"("result":{"supportedVersions":{"2026-07-28":1}})", false},
        {R"("result":{"supportedVersions":["2026-07-28x"," 2026-07-28"]})", false},
        {R"("result":{"protocolVersion":"2026-07-28"})", false},
        {R"("result":{})", false},
        {R"("result":[])", false},
        {R"("result":"2026-07-28")", false},
        {R"("result":null)", false},
        {R"("error":{"code":-32022,"data":{"supported":["2026-07-28"],"requested":"x"}})", true},
        {R"("error":{"data":{"supported":["x","2026-07-28"]},"message":"","code":-32022})", true},
        {R"("error":{"code":-32022,"message":"no"})", false},
        {R"("error":{"code":-32022,"data":{"supported":["2025-11-25"]}})", false},
        {R"("error":{"code":-32022,"data":{"supported":[]}})", false},
        {R"("error":{"code":-32022,"data":["2026-07-28"]})", false},
        {R"("error":{"code":-32022,"data":null})", false},
        {R"("error":{"code":-32601,"data":{"supported":["2026-07-28"]}})", false},
        {R"("error":{"code":"-32022","data":{"supported":["2026-07-28"]}})", false},
        {R"("error":{"code":-32601,"message":"Method not found"})", false},
        {R"("error":{"code":-32602,"message":"Invalid request parameters"})", false},
        {R"("error":{"code":-32600,"message":"not initialized"})", false},
        {R"("error":{"code":-32000,"message":"Bad Request: Server not initialized"})", false},
        {R"("error":{"code":0})", false},
        {R"("error":{})", false},
        {R"("error":"no")", false},
        {R"("error":null,"result":{"supportedVersions":["2026-07-28"]})", true}, // some write both
    };
    for (const auto& each : table) {
        const std::string text = R"({"jsonrpc":"2.0","id":1,)" + std::string(each.answer) + "}";
        CAPTURE(text);
        const auto expected = each.modern ? mcp::era::modern : mcp::era::legacy;
        CHECK((mcp::judge_probe(text, jsonrpc::scan(text)) == expected));
    }
}

TEST_CASE("probe: what is no response is legacy") {
    for (const std::string text :
         {"", "{}", "[]", "Welcome", R"({"jsonrpc":"2.0","id":1})",
          R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})",
          R"({"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28")"}) {
        CAPTURE(text);
        CHECK((mcp::judge_probe(text, jsonrpc::scan(text)) == mcp::era::legacy));
    }
}

TEST_CASE("probe: the capabilities of a discovered server") {
    struct row {
        const char* result;
        const char* capabilities;
    };
    const row table[] = {
        {R"({"capabilities":{"tools":{ }},"supportedVersions":[]})", R"({"tools":{ }})"},
        {R"({"capabilities":{}})", "{}"},
        {R"({"capabilities":null})", "{}"},
        {R"({"capabilities":[1]})", "{}"},
        {R"({"capabilities":"{}"})", "{}"},
        {R"({})", "{}"},
        {R"([])", "{}"},
    };
    for (const auto& each : table) {
        const std::string text = R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(each.result) + "}";
        CAPTURE(text);
        CHECK(mcp::discovered_capabilities(text, jsonrpc::scan(text)) == each.capabilities);
    }
    const std::string refused = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601}})";
    CHECK(mcp::discovered_capabilities(refused, jsonrpc::scan(refused)) == "{}");
}
