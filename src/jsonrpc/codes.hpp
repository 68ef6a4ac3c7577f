// JSON-RPC error codes that the gateway itself answers with (Gateway 5.1; JSON-RPC 2.0 section 5.1).
#pragma once

namespace drawbridge::jsonrpc {

inline constexpr int code_parse_error = -32700;
inline constexpr int code_invalid_request = -32600;
inline constexpr int code_method_not_found = -32601;
inline constexpr int code_invalid_params = -32602;
inline constexpr int code_internal_error = -32603;
inline constexpr int code_server_error = -32000; // a backend failed in a way that has no code of its own
inline constexpr int code_server_unavailable = -32001;    // not started, crashed, in backoff, unreachable
inline constexpr int code_server_timeout = -32002;        // toolTimeout or startupTimeout ran out
inline constexpr int code_authentication_failed = -32003; // agent id missing or wrong

// Of MCP 2026-07-28.
inline constexpr int code_header_mismatch = -32020;
inline constexpr int code_missing_capability = -32021;
inline constexpr int code_unsupported_version = -32022;

} // namespace drawbridge::jsonrpc
