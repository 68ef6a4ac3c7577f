#include "mcp/fault.hpp"

#include "jsonrpc/codes.hpp"

namespace drawbridge::mcp {

using namespace jsonrpc;

fault_answer answer_for(fault_kind kind) {
    switch (kind) {
    case fault_kind::parse_error:
        return {400, code_parse_error, "Parse error"};
    case fault_kind::invalid_request:
        return {400, code_invalid_request, "Invalid request"};
    case fault_kind::batch_unsupported:
        return {400, code_invalid_request, "Batches are not supported"};
    case fault_kind::unsupported_version:
        return {400, code_invalid_request, "Unsupported protocol version"};
    case fault_kind::tool_not_allowed:
        return {200, code_invalid_params, "Tool not allowed"};
    case fault_kind::unknown_name:
        return {200, code_invalid_params, "Unknown name"};
    case fault_kind::malformed_credentials:
        return {400, code_authentication_failed, "Malformed credentials"};
    case fault_kind::bad_credentials:
        return {401, code_authentication_failed, "Authentication failed"};
    case fault_kind::forbidden_origin:
        return {403, code_invalid_request, "Forbidden origin"};
    case fault_kind::not_acceptable:
        return {406, code_invalid_request, "Not acceptable"};
    case fault_kind::unknown_session:
        return {404, code_invalid_request, "Session not found"};
    case fault_kind::session_required:
        return {400, code_invalid_request, "Session required"};
    case fault_kind::stream_conflict:
        return {409, code_invalid_request, "Stream conflict"};
    case fault_kind::too_many_sessions:
        return {503, code_server_unavailable, "Too many sessions"};
    case fault_kind::call_interrupted:
        return {200, code_server_unavailable, "Call interrupted"};
    case fault_kind::backend_unauthorized:
        return {200, code_server_unavailable, "Server refused the gateway's credentials"};
    case fault_kind::unknown_server:
        return {404, code_invalid_request, "Unknown server"};
    case fault_kind::wrong_method:
        return {405, code_invalid_request, "Method not allowed"};
    case fault_kind::wrong_media_type:
        return {415, code_invalid_request, "Unsupported media type"};
    case fault_kind::body_too_large:
        return {413, code_invalid_request, "Message too large"};
    case fault_kind::headers_too_large:
        return {431, code_invalid_request, "Request header fields too large"};
    case fault_kind::bad_http:
        return {400, code_invalid_request, "Bad request"};
    case fault_kind::overloaded:
        return {503, code_server_unavailable, "Server overloaded"};
    case fault_kind::closing:
        return {503, code_server_unavailable, "Gateway is shutting down"};
    case fault_kind::unavailable:
        return {200, code_server_unavailable, "Server unavailable"};
    case fault_kind::timed_out:
        return {200, code_server_timeout, "Server timeout"};
    case fault_kind::answer_too_large:
        return {200, code_server_error, "Answer too large"};
    case fault_kind::answer_lost:
        return {200, code_internal_error, "Internal error"};
    }
    return {500, code_internal_error, "Internal error"};
}

} // namespace drawbridge::mcp
