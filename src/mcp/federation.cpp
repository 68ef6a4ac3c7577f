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
    out += R"(},"serverInfo":)" + gateway_info(version) + R"(,"instructions":)";
    jsonrpc::append_quoted(out, instructions(servers));
    return out += '}';
}

std::string gateway_info(std::string_view version) {
    return R"({"name":"drawbridge","version":)" + jsonrpc::quote(version) + '}';
}

listen_filter filter_for(std::string_view server, const listen_filter& wanted) {
    listen_filter own{wanted.tools, wanted.prompts, wanted.resources, {}};
    const auto prefix = uri_prefix(server);
    for (const auto& uri : wanted.uris)
        if (uri.starts_with(prefix)) own.uris.insert(uri.substr(prefix.size()));
    return own;
}

void add_agreed(listen_filter& all, std::string_view server, const listen_filter& agreed) {
    all.tools = all.tools || agreed.tools;
    all.prompts = all.prompts || agreed.prompts;
    all.resources = all.resources || agreed.resources;
    for (const auto& uri : agreed.uris)
        all.uris.insert(federated_uri(server, uri));
}

} // namespace drawbridge::mcp
