#include "jsonrpc/message.hpp"

#include "jsonrpc/text.hpp"

namespace drawbridge::jsonrpc {

namespace {

constexpr std::string_view opening = R"({"jsonrpc":"2.0")";

std::string begin_message(std::size_t room) {
    std::string out;
    out.reserve(room + 64);
    out += opening;
    return out;
}

// Without one where it could not be read: MCP knows no null there.
void append_id(std::string& out, std::string_view id_token) {
    if (id_token.empty()) return;
    out += R"(,"id":)";
    out += id_token;
}

void append_call(std::string& out, std::string_view method, std::string_view raw_params) {
    out += R"(,"method":)";
    append_quoted(out, method);
    if (!raw_params.empty()) {
        out += R"(,"params":)";
        out += raw_params;
    }
    out += '}';
}

} // namespace

std::string error_object(int code, std::string_view message, std::string_view server,
                         std::string_view detail) {
    std::string out = R"({"code":)" + std::to_string(code) + R"(,"message":)";
    append_quoted(out, message);
    if (!server.empty() || !detail.empty()) {
        out += R"(,"data":{)";
        if (!server.empty()) {
            out += R"("server":)";
            append_quoted(out, server);
        }
        if (!detail.empty()) {
            out += server.empty() ? R"("detail":)" : R"(,"detail":)";
            append_quoted(out, detail);
        }
        out += '}';
    }
    out += '}';
    return out;
}

std::string error_response(std::string_view id_token, int code, std::string_view message,
                           std::string_view server, std::string_view detail) {
    std::string out = begin_message(id_token.size() + message.size() + server.size() + detail.size() + 96);
    append_id(out, id_token);
    out += R"(,"error":)";
    out += error_object(code, message, server, detail);
    out += '}';
    return out;
}

std::string result_response(std::string_view id_token, std::string_view raw_result) {
    std::string out = begin_message(id_token.size() + raw_result.size());
    append_id(out, id_token);
    out += R"(,"result":)";
    out += raw_result;
    out += '}';
    return out;
}

std::string request(std::string_view id_token, std::string_view method, std::string_view raw_params) {
    std::string out = begin_message(id_token.size() + method.size() + raw_params.size());
    append_id(out, id_token);
    append_call(out, method, raw_params);
    return out;
}

std::string notification(std::string_view method, std::string_view raw_params) {
    std::string out = begin_message(method.size() + raw_params.size());
    append_call(out, method, raw_params);
    return out;
}

} // namespace drawbridge::jsonrpc
