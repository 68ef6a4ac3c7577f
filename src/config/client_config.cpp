#include "config/client_config.hpp"

#include "jsonrpc/text.hpp"

namespace drawbridge::config {
namespace {

std::string entry(const server& from, const gateway& gate, std::uint16_t port) {
    const auto url = "http://" + gate.domain + ":" + std::to_string(port) + "/mcp/" + from.name;
    std::string json = R"({"type":"http","url":)" + jsonrpc::quote(url);
    json += R"(,"headers":{"Authorization":)" + jsonrpc::quote(gate.agent_ids.front()) + "}";
    if (from.tools_given) {
        json += R"(,"tools":[)";
        for (const auto& tool : from.tools)
            json += (json.back() == '[' ? "" : ",") + jsonrpc::quote(tool);
        json += "]";
    }
    return json + "}";
}

} // namespace

std::string client_configuration(const configuration& from, std::uint16_t port) {
    std::string json = R"({"mcpServers":{)";
    for (const auto& server : from.servers) {
        if (json.back() != '{') json += ',';
        json += jsonrpc::quote(server.name) + ":" + entry(server, from.gate, port);
    }
    return json + "}}";
}

} // namespace drawbridge::config
