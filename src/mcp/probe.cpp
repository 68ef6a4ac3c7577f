#include "mcp/probe.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"

namespace drawbridge::mcp {
namespace {

constexpr std::string_view unsupported_version = "-32022";

bool lists_modern(std::string_view text, jsonrpc::span versions) {
    if (!versions.present() || text[versions.begin] != '[') return false;
    jsonrpc::array_walker elements(text, versions.begin);
    jsonrpc::span each;
    while (elements.next(each))
        if (jsonrpc::string_equals(each.in(text), modern_revision)) return true;
    return false;
}

} // namespace

era judge_probe(std::string_view response, const jsonrpc::envelope& message) {
    // Some servers write "error":null beside a result.
    if (message.error.present() && message.error.in(response) != "null") {
        const auto code = jsonrpc::find_member(response, message.error, "code").in(response);
        const auto data = jsonrpc::find_member(response, message.error, "data");
        const bool offers = lists_modern(response, jsonrpc::find_member(response, data, "supported"));
        return code == unsupported_version && offers ? era::modern : era::legacy;
    }
    const auto versions = jsonrpc::find_member(response, message.result, "supportedVersions");
    return lists_modern(response, versions) ? era::modern : era::legacy;
}

std::string_view discovered_capabilities(std::string_view response, const jsonrpc::envelope& message) {
    const auto found = jsonrpc::find_member(response, message.result, "capabilities").in(response);
    return found.starts_with('{') ? found : "{}";
}

} // namespace drawbridge::mcp
