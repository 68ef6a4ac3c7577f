// Clients of MCP 2026-07-28: every request stands for itself.
#pragma once

#include "support/gateway.hpp"

#include <string>
#include <string_view>

namespace drawbridge::test {

inline constexpr std::string_view modern_revision = "2026-07-28";

struct modern_request {
    std::string method;
    std::string params; // the members of params beside _meta, such as R"("name":"echo")"
    std::string name;   // of Mcp-Name; empty: none is sent
    std::string id = "1";
    std::string capabilities = "{}"; // of the client
    std::string more_meta;           // further members of _meta, such as R"("progressToken":1)"

    std::string text() const;
    http_headers headers(std::string_view who = agent) const;
};

// tools/call.
modern_request modern_call(std::string_view tool, std::string_view arguments = "{}",
                           std::string_view id = "1");

// One request on a connection of its own. `path`: "/mcp/{server}".
http_answer send_modern(const gateway& gate, std::string_view path, const modern_request& what,
                        std::string_view who = agent);

// The same headers without the one of this name.
http_headers without(http_headers headers, std::string_view name);
http_headers with(http_headers headers, std::string_view name, std::string value);

// The id of a new session of a client of 2025-11-25; and the headers of what it sends.
std::string legacy_session(const gateway& gate, std::string_view path);
http_headers legacy_headers(const std::string& session);

} // namespace drawbridge::test
