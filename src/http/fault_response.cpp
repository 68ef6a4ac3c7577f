#include "http/service.hpp"

#include "jsonrpc/message.hpp"

namespace drawbridge::http {

response fault_response(const mcp::fault& what, std::string_view server, std::string_view id_token) {
    const auto told = mcp::answer_for(what.kind);
    auto answer = json_response(
        told.http_status, jsonrpc::error_response(id_token, told.code, told.message, server, what.detail));
    if (told.http_status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (what.retry_after)
        answer.headers.emplace_back("Retry-After", std::to_string(what.retry_after->count()));
    return answer;
}

} // namespace drawbridge::http
