#include "support/modern_client.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::test {

std::string modern_request::text() const {
    const std::string key = "\"io.modelcontextprotocol/";
    std::string meta = key + R"(protocolVersion":")" + std::string(modern_revision) + "\"," + key +
                       R"(clientCapabilities":)" + capabilities + "," + key +
                       R"(clientInfo":{"name":"modern","version":"2"})";
    if (!more_meta.empty()) meta += "," + more_meta;
    return rpc_text(method, "{" + params + (params.empty() ? "" : ",") + R"("_meta":{)" + meta + "}}", id);
}

http_headers modern_request::headers(std::string_view who) const {
    auto headers = rpc_headers(who);
    headers.emplace_back("MCP-Protocol-Version", std::string(modern_revision));
    headers.emplace_back("Mcp-Method", method);
    if (!name.empty()) headers.emplace_back("Mcp-Name", name);
    return headers;
}

modern_request modern_call(std::string_view tool, std::string_view arguments, std::string_view id) {
    modern_request call;
    call.method = "tools/call";
    call.params = R"("name":)" + json_string(tool) + R"(,"arguments":)" + std::string(arguments);
    call.name = std::string(tool);
    call.id = std::string(id);
    return call;
}

http_answer send_modern(const gateway& gate, std::string_view path, const modern_request& what,
                        std::string_view who) {
    http_client client(gate.port());
    return client.send("POST", path, what.text(), what.headers(who));
}

http_headers without(http_headers headers, std::string_view name) {
    std::erase_if(headers, [&](const auto& each) { return each.first == name; });
    return headers;
}

http_headers with(http_headers headers, std::string_view name, std::string value) {
    headers = without(std::move(headers), name);
    headers.emplace_back(std::string(name), std::move(value));
    return headers;
}

std::string legacy_session(const gateway& gate, std::string_view path) {
    http_client client(gate.port());
    const auto text = rpc_text("initialize",
                               R"({"protocolVersion":"2025-11-25","capabilities":{},)"
                               R"("clientInfo":{"name":"legacy","version":"1"}})",
                               "0");
    const auto opened = client.send("POST", path, text, rpc_headers());
    const auto id = opened.headers.find("mcp-session-id");
    return id == opened.headers.end() ? std::string() : id->second;
}

http_headers legacy_headers(const std::string& session) {
    auto headers = rpc_headers();
    headers.emplace_back("Mcp-Session-Id", session);
    headers.emplace_back("MCP-Protocol-Version", "2025-11-25");
    return headers;
}

} // namespace drawbridge::test
