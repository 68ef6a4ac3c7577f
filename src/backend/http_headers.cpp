// What a message of a link says in its HTTP headers.
#include "backend/http_link.hpp"

#include "jsonrpc/envelope.hpp"
#include "mcp/header_value.hpp"
#include "mcp/modern_request.hpp"
#include "mcp/revisions.hpp"

#include <utility>

namespace drawbridge::backend {

http_link::stage http_link::stage_of(std::string_view line) const {
    if (opened_.is_set()) return stage::open;
    const auto method = jsonrpc::scan(line).method_name;
    if (method == "server/discover") return stage::probe;
    if (method == "initialize") return stage::initialize;
    return method == "notifications/initialized" ? stage::initialized : stage::open;
}

void http_link::mirror(std::uint64_t call, mcp::parameter_fields fields) {
    mirrored_[call] = std::move(fields);
}

// A server that knows no server/discover answers with a 4xx, an error or something else; one that refuses our
// credentials, fails or says nothing has not told what it is.
bool http_link::may_be_older() const {
    const bool refused = refused_with_ >= 400 && refused_with_ < 500;
    return (refused && refused_with_ != 401 && refused_with_ != 403 && refused_with_ != 429) || taken_;
}

// MCP 2026-07-28 transports: what is in the message is said in headers, too, so that what stands in between
// need not read it.
void http_link::add_message_headers(http::header_list& headers, std::string_view line,
                                    std::uint64_t call) const {
    const auto message = jsonrpc::scan(line);
    const bool discovers = message.method_name == "server/discover";
    if (!talk_.modern() && !discovers) return;
    headers.emplace_back("MCP-Protocol-Version", std::string(mcp::modern_revision));
    if (!message.method.present()) return;
    headers.emplace_back("Mcp-Method", message.method_name);
    const auto name = mcp::mirrored_name(line, message);
    if (name) headers.emplace_back("Mcp-Name", mcp::encode_header_value(*name));
    if (const auto found = mirrored_.find(call); found != mirrored_.end())
        for (const auto& [field, value] : found->second)
            headers.emplace_back("Mcp-Param-" + field, value);
}

void http_link::forget(std::uint64_t call) {
    traces_.erase(call);
    mirrored_.erase(call);
    if (const auto found = sending_.find(call); found != sending_.end()) found->second();
    if (const auto found = reading_.find(call); found != reading_.end()) found->second->cancel();
}

void http_link::accompany(std::uint64_t call, std::string traceparent, std::string tracestate) {
    auto& headers = traces_[call];
    headers.emplace_back("traceparent", std::move(traceparent));
    if (!tracestate.empty()) headers.emplace_back("tracestate", std::move(tracestate));
}

} // namespace drawbridge::backend
