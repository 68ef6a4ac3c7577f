#include "http/origin.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace drawbridge::http {
namespace {

bool same(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
    return std::any_of(list.begin(), list.end(), [&](const auto& each) { return same(each, name); });
}

// The name of "name", "name:port" or "[v6]:port"; empty where it is none of these.
std::string_view name_of(std::string_view authority) {
    if (authority.find_first_of("@/\\?# ,") != std::string_view::npos) return {};
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        return end == std::string_view::npos ? std::string_view() : authority.substr(0, end + 1);
    }
    const auto colon = authority.find(':');
    const bool twice =
        colon != std::string_view::npos && authority.find(':', colon + 1) != std::string_view::npos;
    return twice ? std::string_view() : authority.substr(0, colon);
}

bool is_loopback(std::string_view name) {
    if (same(name, "localhost") || name == "[::1]") return true;
    if (!name.starts_with("127.")) return false;
    const bool digits = name.find_first_not_of("0123456789.") == std::string_view::npos;
    return digits && std::count(name.begin(), name.end(), '.') == 3;
}

} // namespace

origin_policy::origin_policy(std::string domain, std::vector<std::string> origins,
                             std::vector<std::string> hosts)
    : domain_(std::move(domain))
    , origins_(std::move(origins))
    , hosts_(std::move(hosts)) {}

std::optional<std::string> origin_policy::refuses(const request_head& head) const {
    if (!head.origin.empty() && !allows_origin(head))
        return "requests of this origin are not served; allow it in gateway.drawbridge.allowedOrigins";
    if (head.loopback && !head.host.empty() && !allows_host(name_of(head.host)))
        return "the gateway is not known by this host name; add it to gateway.drawbridge.allowedHosts";
    return std::nullopt;
}

bool origin_policy::allows_origin(const request_head& head) const {
    if (contains(origins_, "*") || contains(origins_, head.origin)) return true;
    const auto scheme_end = head.origin.find("://");
    if (scheme_end == std::string::npos) return false; // "null" too
    const auto name = name_of(std::string_view(head.origin).substr(scheme_end + 3));
    if (name.empty()) return false;
    return same(name, domain_) || (head.loopback && is_loopback(name));
}

bool origin_policy::allows_host(std::string_view name) const {
    return !name.empty() && (is_loopback(name) || same(name, domain_) || contains(hosts_, name));
}

} // namespace drawbridge::http
