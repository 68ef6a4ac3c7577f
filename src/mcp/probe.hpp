// What a server is, by its answer to server/discover: the first thing that it is asked (MCP 2026-07-28,
// versioning). Pure.
#pragma once

#include "jsonrpc/envelope.hpp"
#include "mcp/revisions.hpp"

#include <string_view>

namespace drawbridge::mcp {

// Modern: a result that supports 2026-07-28, or -32022 that offers it. Anything else that a server may answer
// to a request that it does not know is legacy: no single code says so.
era judge_probe(std::string_view response, const jsonrpc::envelope& message);

// The `capabilities` (raw JSON object, "{}" where there are none) of a response to server/discover.
std::string_view discovered_capabilities(std::string_view response, const jsonrpc::envelope& message);

} // namespace drawbridge::mcp
