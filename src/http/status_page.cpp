#include "http/status_page.hpp"

#include <string>

namespace drawbridge::http {

response status_page_response() {
    response page(200, "text/html; charset=utf-8", std::string(status_page_document));
    page.headers.emplace_back("Content-Security-Policy", std::string(status_page_policy));
    page.headers.emplace_back("Referrer-Policy", "no-referrer");
    page.headers.emplace_back("X-Frame-Options", "DENY");
    return page;
}

} // namespace drawbridge::http
