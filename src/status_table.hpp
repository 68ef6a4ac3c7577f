// What GET /health/servers says, as a table for people. Pure.
#pragma once

#include "text_table.hpp"

#include <string>
#include <string_view>

namespace drawbridge {

struct status_view {
    bool understood = false; // false: it is no document of a gateway
    bool healthy = false;
    bool detailed = false; // of GET /health/servers, not only of GET /health
    std::string text;      // lines; the first says whether the gateway is healthy
};

// `document` is the answer of GET /health/servers or of GET /health. Where the width leaves no room for the
// last column, the reason, it stands on a line of its own below those servers that are not simply well.
// Control characters never get through.
status_view draw_status(std::string_view document, const table_style& style);

// Why not, from the answer of GET /readyz; empty where it says nothing of it.
std::string readiness_reasons(std::string_view document);

} // namespace drawbridge
