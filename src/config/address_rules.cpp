// The rules for hosts, URLs and origins.
#include "config/characters.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {

static bool is_host(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        const auto inner = host.substr(1, host.size() - 2);
        return inner.find(':') != std::string_view::npos &&
               all(inner, [](char c) { return is_digit(c) || one_of(c, "abcdefABCDEF:."); });
    }
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
           all(host, [](char c) { return is_alnum(c) || one_of(c, "._-"); }) &&
           host.find("..") == std::string_view::npos;
}

static bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && all(text, is_digit) && std::stoi(std::string(text)) >= 1 &&
           std::stoi(std::string(text)) <= 65535;
}

// Between "://" and the path.
static std::string_view authority_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    const auto rest = url.substr(scheme + 3);
    return rest.substr(0, rest.find_first_of("/?#"));
}

// Where the colon in front of the port stands; npos where there is no port.
static std::size_t port_colon(std::string_view authority) {
    const auto colon = authority.rfind(':');
    const auto bracket = authority.rfind(']');
    const bool inside =
        bracket != std::string_view::npos && colon != std::string_view::npos && colon < bracket;
    return inside ? std::string_view::npos : colon;
}

bool is_https(std::string_view url) {
    return lower(url.substr(0, 8)) == "https://";
}

verdict check_url(std::string_view url) {
    const std::string example = "write it like \"https://host.example/mcp\"";
    const auto scheme = url.find("://");
    const auto name = lower(url.substr(0, scheme == std::string_view::npos ? 0 : scheme));
    if (name != "http" && name != "https")
        return fault{"the URL does not begin with http:// or https://", example};
    if (!all(url, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; }))
        return fault{"the URL holds a blank, a backslash or a character outside ASCII", "percent-encode it"};
    auto authority = authority_of(url);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    if (const auto colon = port_colon(authority); colon != std::string_view::npos) {
        if (!is_port(authority.substr(colon + 1)))
            return fault{"the URL's port is not a number from 1 to 65535", example};
        authority = authority.substr(0, colon);
    }
    if (authority.empty()) return fault{"the URL has no host", example};
    if (!is_host(authority)) return fault{"the URL's host is neither a host name nor an address", example};
    return std::nullopt;
}

std::string_view user_info(std::string_view url) {
    const auto authority = authority_of(url);
    const auto at = authority.rfind('@');
    return at == std::string_view::npos ? std::string_view() : authority.substr(0, at);
}

std::string_view query(std::string_view url) {
    url = url.substr(0, url.find('#'));
    const auto mark = url.find('?');
    return mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
}

std::string without_user_info(std::string_view url) {
    std::string out(url);
    const auto authority = authority_of(url);
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos)
        out.erase(static_cast<std::size_t>(authority.data() - url.data()), at + 1);
    return out;
}

static bool is_scheme(std::string_view text) {
    return !text.empty() && is_alpha(text.front()) &&
           all(text, [](char c) { return is_alnum(c) || one_of(c, "+.-"); });
}

verdict check_origin(std::string_view text) {
    const std::string example = "write it like \"https://app.example.com\" or \"http://localhost:6274\"";
    if (text == "*") return std::nullopt;
    if (lower(text) == "null")
        return fault{"the origin \"null\" can't be allowed: pages of any origin can send it",
                     "name the page's origin; \"*\" allows every origin"};
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos || !is_scheme(text.substr(0, scheme)))
        return fault{"not an origin: it has no scheme such as https://", example};
    auto host = text.substr(scheme + 3);
    if (host.find_first_of("/?#@") != std::string_view::npos)
        return fault{"an origin has no path and no user: it ends after host or port", example};
    if (const auto colon = port_colon(host); colon != std::string_view::npos) {
        if (!is_port(host.substr(colon + 1)))
            return fault{"the origin's port is not a number from 1 to 65535", example};
        host = host.substr(0, colon);
    }
    if (host.find('*') != std::string_view::npos)
        return fault{"\"*\" can't stand for a part of an origin",
                     "name each origin; \"*\" alone allows every origin"};
    if (!is_host(host)) return fault{"the origin's host is neither a host name nor an address", example};
    return std::nullopt;
}

std::string browser_spelling(std::string_view origin) {
    auto out = lower(origin);
    const auto authority = authority_of(out);
    const auto colon = port_colon(authority);
    if (colon == std::string_view::npos) return out;
    const auto port = std::stoi(std::string(authority.substr(colon + 1)));
    const auto scheme = out.substr(0, out.find("://"));
    out.erase(static_cast<std::size_t>(authority.data() - out.data()) + colon);
    if ((scheme == "https" && port == 443) || (scheme == "http" && port == 80)) return out;
    return out + ':' + std::to_string(port);
}

verdict check_allowed_host(std::string_view host) {
    if (is_host(host)) return std::nullopt;
    if (host == "*")
        return fault{"\"*\" is not possible: the Host header protects against DNS rebinding",
                     "name each host under which clients reach the gateway"};
    return fault{"not a host name or address",
                 host.find(':') != std::string_view::npos
                     ? "leave out scheme and port; an IPv6 address stands in brackets, \"[::1]\""
                     : "write it like \"gateway.example.com\""};
}

verdict check_domain(std::string_view domain) {
    if (is_host(domain)) return std::nullopt;
    const std::string hint =
        domain.find(':') != std::string_view::npos
            ? "leave out scheme and port; an IPv6 address stands in brackets, \"[::1]\""
            : "use the name under which clients reach the gateway, such as \"localhost\" or "
              "\"host.docker.internal\"";
    return fault{"not a host name or address", hint};
}

} // namespace drawbridge::config
