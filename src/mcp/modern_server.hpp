// A legacy client's call (2024-11-05 to 2025-11-25) to a server that speaks 2026-07-28, and back. Pure: from
// message to message; what is not named here stays byte for byte as it was.
#pragma once

#include "jsonrpc/envelope.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::mcp::modern_server {

// Who calls, as the server is told with every request.
struct caller {
    std::string capabilities = "{}"; // raw JSON, see client_capabilities
    std::string info;                // raw JSON; empty: the gateway's own
    std::string log_level;           // empty: no log messages
};

// What a legacy client declares, as a modern server understands it: without `tasks`, `roots` as {}. A known
// capability that is no object is left out; what can't be read is {}. One line.
std::string client_capabilities(std::string_view declared);

// The request with _meta: protocolVersion, clientCapabilities, clientInfo and, where set, logLevel; keys of
// the reserved prefix that the client wrote are dropped, progressToken and foreign keys stay. A request
// without params gets some. One line in, one line out.
std::string request(std::string_view text, const jsonrpc::envelope& message, const caller& who);

// What the gateway itself asks: the same for params that it writes (raw JSON object or empty).
std::string own_params(std::string_view raw_params, const caller& who);

// The answer as a client of `revision` knows it: without resultType, ttlMs, cacheScope and
// _meta.serverInfo (an empty _meta goes); of tools/call, structuredContent that is no object is dropped; of
// tools/list, an outputSchema whose root is no object is dropped. An error -32021 of tools/call becomes a
// result with isError and the error's text; other errors stay, and so does a result that can't be read.
std::string response(std::string_view text, const jsonrpc::envelope& message, std::string_view method,
                     std::string_view revision);

// The server's answer to server/discover (a whole response) as an answer to initialize (the result alone, raw
// JSON, protocolVersion 2025-11-25): capabilities as they are but `tasks`, with `logging` (per request at the
// server, remembered by the gateway for the session) where the server has it; serverInfo of _meta, else
// {"name": fallback_name, "version": "unknown"}; instructions. nullopt: it is no result of server/discover.
std::optional<std::string> initialize_result(std::string_view response, std::string_view fallback_name);

// A result's resultType: absent counts as complete.
enum class result_type { complete, input_required, unknown };
result_type type_of(std::string_view text, const jsonrpc::envelope& message);

} // namespace drawbridge::mcp::modern_server
