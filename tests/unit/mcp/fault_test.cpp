#include "mcp/fault.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <iterator>

using namespace drawbridge::mcp;

TEST_CASE("fault: status, code and text of every kind (Gateway 5.1, 9.3)") {
    struct row {
        fault_kind kind;
        unsigned status;
        int code;
    };
    constexpr row table[] = {
        {fault_kind::parse_error, 400, -32700},       {fault_kind::invalid_request, 400, -32600},
        {fault_kind::batch_unsupported, 400, -32600}, {fault_kind::unsupported_version, 400, -32600},
        {fault_kind::tool_not_allowed, 200, -32602},  {fault_kind::malformed_credentials, 400, -32003},
        {fault_kind::bad_credentials, 401, -32003},   {fault_kind::unknown_server, 404, -32600},
        {fault_kind::wrong_method, 405, -32600},      {fault_kind::wrong_media_type, 415, -32600},
        {fault_kind::body_too_large, 413, -32600},    {fault_kind::headers_too_large, 431, -32600},
        {fault_kind::bad_http, 400, -32600},          {fault_kind::overloaded, 503, -32001},
        {fault_kind::closing, 503, -32001},           {fault_kind::unavailable, 200, -32001},
        {fault_kind::timed_out, 200, -32002},         {fault_kind::answer_too_large, 200, -32000},
        {fault_kind::answer_lost, 200, -32603},       {fault_kind::unknown_name, 200, -32602},
        {fault_kind::forbidden_origin, 403, -32600},  {fault_kind::not_acceptable, 406, -32600},
        {fault_kind::unknown_session, 404, -32600},   {fault_kind::session_required, 400, -32600},
        {fault_kind::stream_conflict, 409, -32600},   {fault_kind::too_many_sessions, 503, -32001},
        {fault_kind::call_interrupted, 200, -32001},  {fault_kind::backend_unauthorized, 200, -32001},
    };
    static_assert(std::size(table) == static_cast<std::size_t>(fault_kind::answer_lost) + 1);
    for (const auto& each : table) {
        CAPTURE(static_cast<int>(each.kind));
        const auto told = answer_for(each.kind);
        CHECK(told.http_status == each.status);
        CHECK(told.code == each.code);
        CHECK_FALSE(told.message.empty());
    }
}

TEST_CASE("fault: a default one is a lost answer") {
    const fault lost;
    CHECK(lost.kind == fault_kind::answer_lost);
    CHECK_FALSE(lost.retry_after);
}
