// Keys of `_meta` that MCP 2026-07-28 reserves.
#pragma once

#include <string_view>

namespace drawbridge::mcp::meta {

inline constexpr std::string_view prefix = "io.modelcontextprotocol/";
inline constexpr std::string_view protocol_version = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view client_capabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view client_info = "io.modelcontextprotocol/clientInfo";
inline constexpr std::string_view log_level = "io.modelcontextprotocol/logLevel";
inline constexpr std::string_view server_info = "io.modelcontextprotocol/serverInfo";
inline constexpr std::string_view subscription_id = "io.modelcontextprotocol/subscriptionId";

} // namespace drawbridge::mcp::meta
