#include "http/router.hpp"

namespace drawbridge::http {
namespace {

struct entry {
    std::string_view path;
    bool named;              // one more segment follows: the server's name
    std::string_view behind; // and this behind it
    endpoint target;
    std::string_view allow;
    bool authenticated;
};

constexpr std::string_view streamable = "POST, GET, DELETE";
constexpr std::string_view probe = "GET, HEAD";

constexpr entry table[] = {
    {"/mcp/", true, "/sse", endpoint::legacy_stream, "GET", true},
    {"/mcp/", true, "/messages", endpoint::legacy_message, "POST", true},
    {"/mcp/", true, "", endpoint::mcp, streamable, true},
    {"/mcp", false, "", endpoint::federation, streamable, true},
    {"/health", false, "", endpoint::health, probe, false},
    {"/health/servers", false, "", endpoint::health_servers, probe, true},
    {"/health/servers/", true, "", endpoint::health_server, probe, true},
    {"/health/events", false, "", endpoint::health_events, "GET", true},
    {"/metrics", false, "", endpoint::metrics, probe, true},
    {"/status", false, "", endpoint::status_page, probe, false},
    {"/livez", false, "", endpoint::livez, probe, false},
    {"/readyz", false, "", endpoint::readyz, probe, false},
    {"/startupz", false, "", endpoint::startupz, probe, false},
    {"/close", false, "", endpoint::close, "POST", true},
};

std::string_view without_trailing_slash(std::string_view path) {
    if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    return path;
}

bool allows(std::string_view list, std::string_view method) {
    while (!list.empty()) {
        const auto comma = list.find(", ");
        if (list.substr(0, comma) == method) return true;
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 2);
    }
    return false;
}

} // namespace

route find_route(std::string_view method, std::string_view path) {
    path = without_trailing_slash(path);
    for (const auto& each : table) {
        route found;
        if (each.named) {
            if (!path.starts_with(each.path)) continue;
            if (!path.ends_with(each.behind) || path.size() < each.path.size() + each.behind.size()) continue;
            found.server = path.substr(each.path.size());
            found.server.remove_suffix(each.behind.size());
            if (found.server.empty() || found.server.find('/') != std::string_view::npos) continue;
        } else if (path != each.path) {
            continue;
        }
        found.what = allows(each.allow, method) ? route::result::found : route::result::method_not_allowed;
        found.target = each.target;
        found.allow = each.allow;
        found.authenticated = each.authenticated;
        return found;
    }
    return {};
}

} // namespace drawbridge::http
