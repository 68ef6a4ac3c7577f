// Messages that the gateway writes itself. Ids, params and results are raw JSON and go in as they are.
#pragma once

#include <string>
#include <string_view>

namespace drawbridge::jsonrpc {

// {"jsonrpc":"2.0","id":ID,"error":{"code":CODE,"message":"...","data":{"server":"...","detail":"..."}}}
// (Gateway 5.1). An empty id_token is left out (MCP knows no null there), and so are an empty server or
// detail, and data with both.
std::string error_response(std::string_view id_token, int code, std::string_view message,
                           std::string_view server = {}, std::string_view detail = {});

// The error object alone, for an answer that is built elsewhere.
std::string error_object(int code, std::string_view message, std::string_view server = {},
                         std::string_view detail = {});

std::string result_response(std::string_view id_token, std::string_view raw_result);

// Empty raw_params: no member params.
std::string request(std::string_view id_token, std::string_view method, std::string_view raw_params = {});
std::string notification(std::string_view method, std::string_view raw_params = {});

} // namespace drawbridge::jsonrpc
