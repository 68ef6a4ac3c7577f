#include "http/url.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <charconv>

namespace drawbridge::http {
namespace {

constexpr std::size_t longest_host = 253; // RFC 1035 2.3.4, written with dots

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

// A line break in a target would let whoever chose it write headers.
bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

// Path and query for the request line. Characters that no URL may hold as they are get encoded: servers
// differ in what they do with them.
std::string fit_target(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out = text.starts_with('/') ? "" : "/";
    for (const char c : text) {
        if (std::string_view("\"<>^`{|}").find(c) == std::string_view::npos) {
            out += c;
            continue;
        }
        const auto code = static_cast<unsigned char>(c);
        out.append({'%', digits[code >> 4U], digits[code & 15U]});
    }
    return out;
}

bool take_scheme(std::string_view& text, url& out) {
    const auto end = text.find("://");
    if (end == std::string_view::npos) return false;
    const auto scheme = lower(text.substr(0, end));
    if (scheme != "http" && scheme != "https") return false;
    out.tls = scheme == "https";
    out.port = out.tls ? 443 : 80;
    text.remove_prefix(end + 3);
    return true;
}

bool take_port(std::string_view text, url& out) {
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    text.remove_prefix(1);
    if (text.empty()) return true;
    unsigned port = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || stopped != text.data() + text.size() || port == 0 || port > 65535)
        return false;
    out.port = static_cast<std::uint16_t>(port);
    return true;
}

bool is_name(std::string_view host) {
    return !host.empty() && host.size() <= longest_host && host.front() != '.' && host.front() != '-' &&
           host.find("..") == std::string_view::npos && std::all_of(host.begin(), host.end(), [](char c) {
               return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
           });
}

// Without a zone: it would name one of the gateway's own interfaces.
bool is_ipv6(std::string_view host) {
    boost::system::error_code error;
    if (host.find('%') != std::string_view::npos) return false;
    boost::asio::ip::make_address_v6(std::string(host), error);
    return !error;
}

bool take_authority(std::string_view authority, url& out) {
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        out.credentials = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    const bool bracket = authority.starts_with('[');
    const auto end = bracket ? authority.find(']') : std::min(authority.find(':'), authority.size());
    if (end == std::string_view::npos) return false;
    const auto host = bracket ? authority.substr(1, end - 1) : authority.substr(0, end);
    if (bracket ? !is_ipv6(host) : !is_name(host)) return false;
    out.host = lower(host);
    return take_port(authority.substr(bracket ? end + 1 : end), out);
}

bool has_scheme(std::string_view reference) {
    const auto end = reference.find_first_of(":/?#");
    return end != std::string_view::npos && end > 0 && reference[end] == ':' && is_letter(reference.front());
}

// "." and ".." of a path (RFC 3986 5.2.4).
std::string without_dots(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto end = std::min(path.find('/', 1), path.size());
        const auto segment = path.substr(0, end); // with the slash before it
        path.remove_prefix(end);
        if (segment == "/." || segment == "/..") {
            if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
            if (path.empty()) out += '/';
        } else {
            out += segment;
        }
    }
    return out;
}

} // namespace

std::optional<url> parse_url(std::string_view text) {
    url out;
    if (!printable(text) || !take_scheme(text, out)) return std::nullopt;
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    if (!take_authority(text.substr(0, end), out)) return std::nullopt;
    const auto target = text.substr(end);
    out.target = fit_target(target.substr(0, target.find('#')));
    return out;
}

std::optional<url> resolve_url(const url& base, std::string_view reference) {
    if (!printable(reference)) return std::nullopt;
    if (has_scheme(reference)) return parse_url(reference);
    if (reference.starts_with("//"))
        return parse_url((base.tls ? "https:" : "http:") + std::string(reference));
    url out = base;
    reference = reference.substr(0, reference.find('#'));
    if (reference.empty()) return out;
    const auto question = std::min(reference.find('?'), reference.size());
    const std::string path(reference.substr(0, question));
    const auto old = base.target.substr(0, base.target.find('?'));
    const auto merged = path.starts_with('/') ? path : old.substr(0, old.rfind('/') + 1) + path;
    out.target =
        fit_target((path.empty() ? old : without_dots(merged)) + std::string(reference.substr(question)));
    return out;
}

std::string url::authority() const {
    const auto name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string url::shown() const {
    return (tls ? "https://" : "http://") + authority() + target.substr(0, target.find('?'));
}

} // namespace drawbridge::http
