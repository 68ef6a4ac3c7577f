// What a client is willing to read (MCP Streamable HTTP: application/json and text/event-stream). Pure.
#pragma once

#include <string_view>

namespace drawbridge::http {

struct accepted {
    bool json = false;
    bool events =
        false; // said in so many words: whoever sends */* (curl) would not know what to do with them
};

// An empty header accepts JSON. Quality values are only looked at for q=0.
accepted read_accept(std::string_view header);

} // namespace drawbridge::http
