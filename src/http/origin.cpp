#include "http/origin.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
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

bool is_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_scheme(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '+' || c == '-' || c == '.';
    });
}

// The name of "name", "name:port" or "[v6]:port"; empty where it is none of these.
std::string_view name_of(std::string_view authority) {
    if (authority.find_first_of("@/\\?# ,") != std::string_view::npos) return {};
    std::size_t end = 0; // of the name
    if (authority.starts_with('[')) {
        end = authority.find(']');
        if (end == std::string_view::npos) return {};
        ++end;
    } else {
        end = std::min(authority.find(':'), authority.size());
    }
    const auto port = authority.substr(end);
    if (!port.empty() && (port.front() != ':' || !is_digits(port.substr(1)))) return {};
    return authority.substr(0, end);
}

// 127.0.0.0/8 as browsers write it, with four decimal numbers.
bool is_loopback_address(std::string_view name) {
    if (!name.starts_with("127.")) return false;
    int numbers = 0;
    for (;;) {
        const auto dot = name.find('.');
        const auto number = name.substr(0, dot);
        if (number.empty() || number.size() > 3 || !is_digits(number)) return false;
        if (number.size() == 3 && number > "255") return false;
        ++numbers;
        if (dot == std::string_view::npos) return numbers == 4;
        name.remove_prefix(dot + 1);
    }
}

bool is_loopback(std::string_view name) {
    return same(name, "localhost") || name == "[::1]" || is_loopback_address(name);
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
    const std::string_view origin(head.origin);
    if (!is_scheme(origin.substr(0, scheme_end))) return false; // several fields, joined
    const auto name = name_of(origin.substr(scheme_end + 3));
    if (name.empty()) return false;
    return same(name, domain_) || (head.loopback && is_loopback(name));
}

bool origin_policy::allows_host(std::string_view name) const {
    return !name.empty() && (is_loopback(name) || same(name, domain_) || contains(hosts_, name));
}

} // namespace drawbridge::http
