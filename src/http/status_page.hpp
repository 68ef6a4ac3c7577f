// The page GET /status: one document without external resources, which holds no data of its own.
#pragma once

#include "http/message.hpp"

#include <string_view>

namespace drawbridge::http {

response status_page_response();

// Made by embed_page.py from status_page.html: the document, and the Content-Security-Policy that allows
// its one style and its one script and nothing else.
extern const std::string_view status_page_document;
extern const std::string_view status_page_policy;

} // namespace drawbridge::http
