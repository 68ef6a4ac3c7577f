#include "http/message.hpp"

#include <boost/beast/http/status.hpp>

namespace drawbridge::http {

response json_response(unsigned status, std::string body) {
    return response(status, "application/json", std::move(body));
}

std::string serialize_head(const response& answer, bool keep_alive, framing body) {
    const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(answer.status));
    std::string head;
    head.reserve(256);
    head += "HTTP/1.1 " + std::to_string(answer.status) + " ";
    head.append(reason.data(), reason.size());
    head += "\r\n";
    if (!answer.content_type.empty()) head += "Content-Type: " + answer.content_type + "\r\n";
    for (const auto& [name, value] : answer.headers) {
        head += name;
        head += ": " + value + "\r\n";
    }
    // A proxy must neither keep nor repack what is said to one client.
    head +=
        body == framing::length ? "Cache-Control: no-store\r\n" : "Cache-Control: no-store, no-transform\r\n";
    if (body == framing::chunked) head += "Transfer-Encoding: chunked\r\n";
    if (body == framing::length && answer.status != 204)
        head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    if (!keep_alive || body == framing::close) head += "Connection: close\r\n";
    head += "\r\n";
    return head;
}

} // namespace drawbridge::http
