// A server of 2025-11-25 that refuses a call until its user has opened a URL (error -32042), for a client of
// 2026-07-28, which knows no such error: it is asked to open the URL, and makes the call again. Pure.
#pragma once

#include "jsonrpc/envelope.hpp"
#include "mcp/input_required.hpp"

#include <string_view>
#include <vector>

namespace drawbridge::mcp {

// What the client has to be asked, with the keys url-1, url-2 ...; empty: it is no such error, or one that
// can't be read.
std::vector<input_request> read_url_elicitations(std::string_view text, const jsonrpc::envelope& message);

// A retry (raw JSON object `input_responses`) that says of such a key anything but that the user agreed: the
// server would only refuse again.
bool declines_url(std::string_view input_responses);

} // namespace drawbridge::mcp
