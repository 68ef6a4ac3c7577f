// `x-mcp-header` in a tool's inputSchema (MCP 2026-07-28, custom headers from tool parameters). Pure.
#pragma once

#include "jsonrpc/span.hpp"
#include "mcp/tool_headers.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::mcp {

struct header_schema {
    // What a tool may have at most: more than anybody needs, and little enough to be kept.
    static constexpr std::size_t max_parameters = 64;
    static constexpr std::size_t max_path_names = 16;
    static constexpr std::size_t max_path_bytes = 512; // the header's name counts, too
    static constexpr std::size_t max_depth = 128;      // of the schema

    std::vector<header_parameter> parameters; // as they stand in the schema
    std::string fault;                        // not empty: an annotation is invalid, and why
};

// False: nothing in `schema` can be an annotation. True says little.
bool may_have_headers(std::string_view schema);

// `schema`: inputSchema's value in `text`. What is no object has no parameters.
header_schema read_header_schema(std::string_view text, jsonrpc::span schema);

} // namespace drawbridge::mcp
