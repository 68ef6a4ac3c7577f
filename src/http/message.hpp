// A request and a response as the handlers see them: plain values, no Beast.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::http {

// The head of a request. The body is read only after the head was found good.
struct request_head {
    std::string method; // "POST"
    std::string path;   // of the target, without query; not decoded
    std::string query;
    std::string authorization;
    std::size_t authorization_count = 0; // how often the field stands there
    std::string content_type;
    std::string accept; // all fields of this name, joined by ", "
    std::string origin; // empty: none
    std::string host;
    std::string protocol_version;                                    // MCP-Protocol-Version
    std::optional<std::string> version_field;                        // the same, as far as it is there
    std::optional<std::string> mcp_method;                           // Mcp-Method
    std::optional<std::string> mcp_name;                             // Mcp-Name
    std::vector<std::pair<std::string, std::string>> mcp_parameters; // Mcp-Param-{first}
    std::string session_id;                                          // Mcp-Session-Id
    std::string last_event_id;                                       // Last-Event-ID
    std::string traceparent;                                         // W3C Trace Context; not checked yet
    std::string tracestate; // all fields of this name, joined by ", "
    bool loopback = false;  // the client reached us over a loopback address
    bool local = false;     // came in over the control socket, whose file mode is the credential
    // Called when the client closes its connection before it has its answer. Null: it is not watched.
    std::shared_ptr<std::function<void()>> on_client_gone;
    std::size_t agent = 0; // which agent id it showed: set by service::screen
};

struct response {
    response() = default;
    response(unsigned code, std::string type, std::string content)
        : status(code)
        , content_type(std::move(type))
        , body(std::move(content)) {}

    unsigned status = 200;
    std::string content_type; // empty: no body
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> headers; // names are literals
};

response json_response(unsigned status, std::string body);

// How the end of a body is told.
enum class framing {
    length, // Content-Length: the body follows in the same write
    chunked,
    close // the connection's end, for HTTP/1.0
};

// The head of the response as it goes out.
std::string serialize_head(const response& answer, bool keep_alive, framing body = framing::length);

} // namespace drawbridge::http
