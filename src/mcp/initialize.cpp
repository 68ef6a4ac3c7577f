#include "mcp/initialize.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/revisions.hpp"
#include "telemetry/sanitize.hpp"

#include <utility>

namespace drawbridge::mcp {

initialize_result initialize_result::read(std::string_view response) {
    initialize_result read;
    const auto message = jsonrpc::scan(response);
    if (!message.result.present() || message.error.present()) {
        read.fault_ = "it refused initialize with an error";
        return read;
    }
    const auto result = message.result.in(response);
    // protocolVersion is a member of a result here, of params in a request: the scanner looks for it there.
    const auto as_request = jsonrpc::request("0", "initialize", result);
    const auto inside = jsonrpc::scan(as_request);
    const auto version = jsonrpc::unescape(inside.protocol_version.in(as_request));
    if (!inside.protocol_version.present() || !version) {
        read.fault_ = "its answer to initialize has no protocolVersion";
        return read;
    }
    if (!is_legacy_revision(*version)) {
        read.fault_ = "it answered initialize with a protocol version that this gateway does not speak";
        return read;
    }
    read.version_at_.begin = inside.protocol_version.begin - inside.params.begin;
    read.version_at_.length = inside.protocol_version.length;
    read.result_ = std::string(result);
    read.version_ = *version;
    return read;
}

std::string_view initialize_result::capabilities() const {
    const jsonrpc::span whole{jsonrpc::skip_blank(result_, 0), result_.size()};
    const auto found = jsonrpc::find_member(result_, whole, "capabilities").in(result_);
    return found.starts_with('{') ? found : "{}";
}

std::string initialize_result::server_info(const std::vector<std::string>& secrets) const {
    const jsonrpc::span whole{jsonrpc::skip_blank(result_, 0), result_.size()};
    const auto info = jsonrpc::find_member(result_, whole, "serverInfo");
    if (!info.present() || result_[info.begin] != '{') return {};
    auto member = [&](std::string_view key) {
        const auto value = jsonrpc::find_member(result_, info, key).in(result_);
        const auto text = jsonrpc::unescape(value).value_or(std::string());
        return jsonrpc::quote(telemetry::sanitize(text, secrets, 128)); // hidden first, cut then
    };
    return R"({"name":)" + member("name") + R"(,"version":)" + member("version") + "}";
}

std::string initialize_result::answer(std::string_view id_token, std::string_view requested) const {
    const auto version = jsonrpc::quote(negotiate(requested));
    return jsonrpc::result_response(id_token, jsonrpc::splice(result_, {{version_at_, version}}));
}

} // namespace drawbridge::mcp
