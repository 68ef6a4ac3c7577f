// A client's message over HTTP as MCP 2026-07-28 wants it: which era it belongs to, and whether its headers
// and its `_meta` say the same and say enough. Pure.
#pragma once

#include "jsonrpc/envelope.hpp"
#include "mcp/revisions.hpp"
#include "mcp/tool_headers.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

// What the headers of the request say; nullopt: the header is not there. Blanks around values are gone.
struct mirrored_headers {
    std::optional<std::string> protocol_version; // MCP-Protocol-Version
    std::optional<std::string> method;           // Mcp-Method
    std::optional<std::string> name;             // Mcp-Name, not decoded
    parameter_fields parameters;                 // Mcp-Param-*, not decoded
};

// The body decides; headers only where the body is silent (the MCP gateway's order: a claim in
// params._meta is modern, no claim beside a modern MCP-Protocol-Version is a modern message that is missing
// something, all else is legacy). `message`: a request or a notification in `text`.
era era_of(std::string_view text, const jsonrpc::envelope& message, const mirrored_headers& headers);

// An error as a modern client is told.
struct refusal {
    refusal(unsigned status, int error, std::string why, std::string raw_data = {})
        : http_status(status)
        , code(error)
        , message(std::move(why))
        , data(std::move(raw_data)) {}

    unsigned http_status;
    int code;
    std::string message; // for the caller: what, where, what to do
    std::string data;    // raw JSON; empty: none

    // The JSON-RPC error; an empty id_token is left out.
    std::string response(std::string_view id_token) const;
};

// What a modern request says of itself.
struct modern_request {
    std::string capabilities = "{}"; // raw JSON
    std::string info;                // raw JSON; empty: not said
    std::string log_level;           // empty: no log messages are wanted
    std::string input_responses;     // raw JSON object; empty: none
    std::string request_state;       // unescaped; empty: none
    bool has_request_state = false;
};

// Fills `out` and gives nullopt, or says why the request is refused (-32602, -32020, -32022). `message`: a
// request of the modern era. Mcp-Param-* is another question: compare_parameter_fields.
std::optional<refusal> read_modern_request(std::string_view text, const jsonrpc::envelope& message,
                                           const mirrored_headers& headers, modern_request& out);

// What Mcp-Name has to say of this request, not encoded; nullopt: such a request has none.
std::optional<std::string> mirrored_name(std::string_view text, const jsonrpc::envelope& message);

// Methods that MCP 2026-07-28 removed, or that only sessions have: initialize, ping, logging/setLevel,
// resources/subscribe, resources/unsubscribe, notifications of the handshake, tasks/list and tasks/result.
// What is left of tasks/* is the extension's.
bool is_removed_method(std::string_view method);

// The status that a modern client gets with this JSON-RPC error code from a server: 404 for -32601, 400 for
// -32020, -32021 and -32022, else 200.
unsigned status_of_error(int code);

} // namespace drawbridge::mcp
