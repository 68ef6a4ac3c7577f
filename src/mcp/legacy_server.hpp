// A modern client's (2026-07-28) call to a server that speaks an older revision, and back. Pure: from message
// to message; what is not named here stays byte for byte as it was.
#pragma once

#include "jsonrpc/envelope.hpp"
#include "mcp/initialize.hpp"

#include <string>
#include <string_view>

namespace drawbridge::mcp::legacy_server {

// The request without what the server can't know: reserved `_meta` keys (progressToken and foreign keys stay;
// an empty _meta goes, and so does an empty params), inputResponses and requestState. `text` is one line, and
// so is the result.
std::string request(std::string_view text, const jsonrpc::envelope& message);

// The answer with what the client has a right to: resultType "complete", and for the cacheable methods
// ttlMs 0 and cacheScope "private", and _meta with the server's name (`server_info`: raw JSON, may be empty)
// beside the keys that stand there. Members that the server has set already are replaced where a modern
// client would be misled (resultType, ttlMs and cacheScope of a wrong type). An error stays one: -32002
// becomes -32602; -32042 and all other codes from -32099 to -32020, which mean something else in 2026-07-28,
// become -32603. A result that is no readable object becomes an error -32603. Where result and
// error stand side by side, an error that is null goes, else the result.
std::string response(std::string_view text, const jsonrpc::envelope& message, std::string_view method,
                     std::string_view server_info);

// The result (raw JSON) of server/discover as the server would give it: capabilities of the handshake without
// `tasks`, and without `logging` unless `logs`; instructions; every revision that the gateway serves.
std::string discover_result(const initialize_result& introduced, bool logs, std::string_view server_info);

// What a modern client declares, as a legacy server understands it: without `extensions` and `tasks`; `roots`
// as {}, an empty `elicitation` as {"form":{}}. A known capability that is no object is left out; what can't
// be read is {}.
std::string client_capabilities(std::string_view declared);

// The same declaration gives the same text: links to a server are shared by those who declare the same.
std::string profile(std::string_view declared);

} // namespace drawbridge::mcp::legacy_server
