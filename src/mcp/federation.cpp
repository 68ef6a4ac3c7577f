#include "mcp/federation.hpp"

#include "jsonrpc/text.hpp"

#include <algorithm>
#include <cstddef>

namespace drawbridge::mcp {

namespace {

constexpr std::size_t named_servers = 50; // in the instructions, which a model reads whole

std::string instructions(std::span<const std::string> servers) {
    if (servers.empty()) return "This gateway joins MCP servers, but none is configured.";
    std::string out = "This gateway joins several MCP servers. The names of tools and prompts begin with the "
                      "server's prefix, resource URIs with drawbridge://SERVER/. Servers: ";
    const std::size_t told = std::min(servers.size(), named_servers);
    for (std::size_t i = 0; i < told; ++i) {
        if (i != 0) out += ", ";
        out.append(servers[i]).append(" (").append(name_prefix(servers[i])).append(")");
    }
    if (told < servers.size()) out += ", and " + std::to_string(servers.size() - told) + " more";
    return out += '.';
}

} // namespace

std::string federated_initialize(std::string_view revision, std::string_view version,
                                 std::span<const std::string> servers) {
    std::string out = R"({"protocolVersion":)";
    jsonrpc::append_quoted(out, revision);
    out += R"(,"capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true},)"
           R"("resources":{"listChanged":true,"subscribe":true},"logging":{})";
    // The capability came with this revision; dates compare as texts.
    if (revision >= "2025-03-26") out += R"(,"completions":{})";
    out += R"(},"serverInfo":{"name":"drawbridge","version":)";
    jsonrpc::append_quoted(out, version);
    out += R"(},"instructions":)";
    jsonrpc::append_quoted(out, instructions(servers));
    return out += '}';
}

} // namespace drawbridge::mcp
