// Arguments of tools that travel in HTTP headers, too: `x-mcp-header` in a tool's inputSchema (MCP
// 2026-07-28, custom headers from tool parameters). Pure.
#pragma once

#include "jsonrpc/span.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::mcp {

// Mcp-Param-{first}: value as it stands in the header. The part behind the prefix as it was spelled.
using parameter_fields = std::vector<std::pair<std::string, std::string>>;

struct header_parameter {
    enum class type { string, integer, boolean };

    std::string header;            // behind "Mcp-Param-"
    std::vector<std::string> path; // names of `properties`, outermost first
    type what = type::string;
};

// The tools of one server as far as they have been listed.
class tool_catalog {
  public:
    struct page {
        std::string response;             // without the tools whose annotations are invalid
        std::vector<std::string> dropped; // "NAME: why", as the server spelled the name; not sanitized
    };
    // A whole response to tools/list. `first`: no cursor was given, so what was known before is outdated.
    // A response that is no list comes back as it is.
    page learn(std::string_view response, bool first);
    void forget();

    // Null: not listed. Empty: a tool without such parameters.
    const std::vector<header_parameter>* find(std::string_view tool) const;
    bool empty() const { return tools_.empty(); }

  private:
    std::map<std::string, std::vector<header_parameter>, std::less<>> tools_;
};

// The headers for these arguments (`arguments`: the object in `text`, may be missing). An argument that is
// absent or null has none. Values are encoded.
parameter_fields make_parameter_fields(const std::vector<header_parameter>& known, std::string_view text,
                                       jsonrpc::span arguments);

// Adds what a client sent beside those that `known` (null: none) knows: whoever does not know a header passes
// it on as it is (MCP 2026-07-28, custom headers from tool parameters).
void append_unknown_fields(parameter_fields& fields, const std::vector<header_parameter>* known,
                           const parameter_fields& given);

// What does not fit between the headers that came and the arguments, for the client; nullopt: everything
// does. Integers are compared as numbers; headers that no parameter knows are not looked at.
std::optional<std::string> compare_parameter_fields(const std::vector<header_parameter>& known,
                                                    const parameter_fields& given, std::string_view text,
                                                    jsonrpc::span arguments);

} // namespace drawbridge::mcp
