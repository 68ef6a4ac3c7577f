#include "http/url.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace drawbridge::http {
namespace {

bool take_scheme(std::string_view& text, url& out) {
    const auto end = text.find("://");
    if (end == std::string_view::npos) return false;
    std::string scheme(text.substr(0, end));
    for (auto& c : scheme)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
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

bool take_authority(std::string_view authority, url& out) {
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        out.credentials = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    const bool bracket = authority.starts_with('[');
    const auto end = bracket ? authority.find(']') : authority.find(':');
    if (bracket && end == std::string_view::npos) return false;
    out.host = bracket ? authority.substr(1, end - 1) : authority.substr(0, end);
    for (auto& c : out.host)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto rest =
        end == std::string_view::npos ? std::string_view() : authority.substr(bracket ? end + 1 : end);
    return !out.host.empty() && take_port(rest, out);
}

} // namespace

std::optional<url> parse_url(std::string_view text) {
    const bool printable =
        std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; });
    url out;
    if (!printable || !take_scheme(text, out)) return std::nullopt;
    const auto end = text.find_first_of("/?#");
    if (!take_authority(text.substr(0, end), out)) return std::nullopt;
    if (end == std::string_view::npos) return out;
    auto target = text.substr(end);
    target = target.substr(0, target.find('#'));
    out.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    return out;
}

std::optional<url> resolve_url(const url& base, std::string_view reference) {
    if (reference.find("://") != std::string_view::npos) return parse_url(reference);
    url out = base;
    reference = reference.substr(0, reference.find('#'));
    if (reference.starts_with("//"))
        return parse_url((base.tls ? "https:" : "http:") + std::string(reference));
    if (reference.starts_with('/')) {
        out.target = reference;
    } else {
        const auto path = base.target.substr(0, base.target.find('?'));
        out.target = reference.starts_with('?')
                         ? path + std::string(reference)
                         : path.substr(0, path.rfind('/') + 1) + std::string(reference);
    }
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
