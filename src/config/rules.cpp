#include "config/rules.hpp"

#include "config/suggest.hpp"

#include <algorithm>
#include <vector>

namespace drawbridge::config {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alnum(char c) {
    return is_alpha(c) || is_digit(c);
}

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
    return std::all_of(text.begin(), text.end(), predicate);
}

bool one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

} // namespace

bool blank(std::string_view text) {
    return all(text, [](char c) { return one_of(c, " \t\r\n\v\f"); });
}

bool is_trace_hex(std::string_view text, std::size_t length) {
    return text.size() == length && all(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }) &&
           !all(text, [](char c) { return c == '0'; });
}

verdict check_server_name(std::string_view name) {
    if (!name.empty() && name.size() <= 63 && is_alnum(name.front()) &&
        all(name, [](char c) { return is_alnum(c) || one_of(c, "._-"); }))
        return std::nullopt;
    return fault{
        "a server name has 1 to 63 letters, digits, '.', '_' or '-', and begins with a letter or digit",
        "rename the server; its name becomes part of its URL"};
}

// The path behind a registry, without tag and digest.
static bool is_repository(std::string_view path) {
    const auto parts = split(path, '/');
    return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
        return !part.empty() && is_alnum(part.front()) && is_alnum(part.back()) &&
               all(part, [](char c) { return is_alnum(c) || one_of(c, "._-"); });
    });
}

static bool is_registry(std::string_view text) {
    const auto colon = text.find(':');
    const auto host = text.substr(0, colon);
    if (host.empty() || !is_alnum(host.front()) || !is_alnum(host.back()) ||
        !all(host, [](char c) { return is_alnum(c) || one_of(c, ".-"); }))
        return false;
    if (colon == std::string_view::npos) return true;
    const auto port = text.substr(colon + 1);
    return !port.empty() && port.size() <= 5 && all(port, is_digit);
}

static bool is_digest(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto hex = text.substr(colon + 1);
    const auto algorithm = text.substr(0, colon);
    return hex.size() >= 32 && (algorithm != "sha256" || hex.size() == 64) &&
           all(algorithm, [](char c) { return is_alnum(c) || one_of(c, "+._-"); }) &&
           all(hex, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

static bool is_tag(std::string_view text) {
    return !text.empty() && text.size() <= 128 && (is_alnum(text.front()) || text.front() == '_') &&
           all(text, [](char c) { return is_alnum(c) || one_of(c, "._-"); });
}

verdict check_image(std::string_view image) {
    const fault malformed{"not an image reference: [registry[:port]/]name[:tag][@sha256:digest]",
                          "write it like \"ghcr.io/owner/name:tag\""};
    if (image.empty()) return fault{"the image is empty", malformed.suggestion};
    if (image.size() > 512) return malformed;
    auto rest = image;
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        if (!is_digest(rest.substr(at + 1)))
            return fault{"the image's digest is not of the form sha256:<64 hexadecimal digits>",
                         "copy the whole digest, or use a tag"};
        rest = rest.substr(0, at);
    }
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        const auto first = rest.substr(0, slash);
        if (first == "localhost" || first.find_first_of(".:") != std::string_view::npos) {
            if (!is_registry(first)) return malformed;
            rest.remove_prefix(slash + 1);
        }
    }
    if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
        if (!is_tag(rest.substr(colon + 1))) return malformed;
        rest = rest.substr(0, colon);
    }
    if (!is_repository(rest)) return malformed;
    if (std::any_of(rest.begin(), rest.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
        return fault{"an image name is written in lowercase",
                     "write the name in lowercase; tags may keep capitals"};
    return std::nullopt;
}

verdict check_mount(std::string_view text, mount& out) {
    const std::string example = "write it like \"/host/path:/container/path:ro\"";
    const auto parts = split(text, ':');
    if (parts.size() != 3)
        return fault{"a mount has three parts, host:container:mode; this one has " +
                         std::to_string(parts.size()),
                     parts.size() == 2 ? example + "; the mode is required" : example};
    if (parts[0].empty() || parts[0].front() != '/')
        return fault{"the mount's host path is not absolute", example};
    if (parts[1].empty() || parts[1].front() != '/')
        return fault{"the mount's path in the container is not absolute", example};
    if (parts[1].find_first_not_of('/') == std::string_view::npos)
        return fault{"a mount can't replace the container's whole root",
                     "mount into a folder of the container"};
    if (parts[2] != "ro" && parts[2] != "rw")
        return fault{"the mount's mode is neither ro (read-only) nor rw (read-write)", example};
    for (const auto part : parts)
        if (std::any_of(part.begin(), part.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
            return fault{"the mount holds a control character", example};
    out = mount{std::string(parts[0]), std::string(parts[1]), parts[2] == "ro"};
    return std::nullopt;
}

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
    const auto rest = url.substr(scheme + 3);
    auto authority = rest.substr(0, rest.find_first_of("/?#"));
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    const auto colon = authority.rfind(':');
    const auto bracket = authority.rfind(']');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon)) {
        const auto port = authority.substr(colon + 1);
        const bool sound = !port.empty() && port.size() <= 5 && all(port, is_digit);
        if (!sound || std::stoi(std::string(port)) < 1 || std::stoi(std::string(port)) > 65535)
            return fault{"the URL's port is not a number from 1 to 65535", example};
        authority = authority.substr(0, colon);
    }
    if (authority.empty()) return fault{"the URL has no host", example};
    if (!is_host(authority)) return fault{"the URL's host is neither a host name nor an address", example};
    return std::nullopt;
}

verdict check_variable_name(std::string_view name) {
    if (!name.empty() && (is_alpha(name.front()) || name.front() == '_') &&
        all(name, [](char c) { return is_alnum(c) || one_of(c, "_.-"); }))
        return std::nullopt;
    return fault{"a variable name has letters, digits and '_', and begins with a letter or '_'",
                 "rename the variable; NAME=value goes as \"NAME\": \"value\""};
}

verdict check_header_name(std::string_view name) {
    static const std::vector<std::string_view> own = {
        "connection",        "content-length",   "keep-alive", "mcp-protocol-version",
        "mcp-session-id",    "proxy-connection", "te",         "trailer",
        "transfer-encoding", "upgrade",
    };
    if (name.empty() || !all(name, [](char c) { return is_alnum(c) || one_of(c, "!#$%&'*+-.^_`|~"); }))
        return fault{"not a header name", "header names have letters, digits and '-'"};
    if (std::find(own.begin(), own.end(), lower(name)) != own.end())
        return fault{"this header is the gateway's own affair", "remove it"};
    return std::nullopt;
}

verdict check_header_value(std::string_view value) {
    if (value.find_first_of("\r\n") != std::string_view::npos)
        return fault{"the header's value holds a line end",
                     "remove it; a secret read from a file often ends with one"};
    if (!all(value, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }))
        return fault{"the header's value holds a control character", "remove it"};
    return std::nullopt;
}

verdict check_agent_id(std::string_view id) {
    if (blank(id))
        return fault{"an agent id is not empty and not blank",
                     "choose a long random text, such as the output of: openssl rand -hex 32"};
    if (!all(id, [](char c) { return c >= 0x20 && c <= 0x7e; }))
        return fault{
            "an agent id travels in an HTTP header and can't hold control characters or characters "
            "outside ASCII",
            "remove line ends (a secret read from a file often ends with one), or choose another id"};
    if (id.front() == ' ' || id.back() == ' ')
        return fault{"an agent id can't begin or end with a blank: HTTP drops it", "remove the blank"};
    if (id.size() > 8192) return fault{"an agent id has at most 8192 characters", "choose a shorter one"};
    return std::nullopt;
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

verdict check_capability(std::string_view name) {
    static const std::vector<std::string_view> known = {
        "AUDIT_CONTROL",   "AUDIT_READ",   "AUDIT_WRITE",
        "BLOCK_SUSPEND",   "BPF",          "CHECKPOINT_RESTORE",
        "CHOWN",           "DAC_OVERRIDE", "DAC_READ_SEARCH",
        "FOWNER",          "FSETID",       "IPC_LOCK",
        "IPC_OWNER",       "KILL",         "LEASE",
        "LINUX_IMMUTABLE", "MAC_ADMIN",    "MAC_OVERRIDE",
        "MKNOD",           "NET_ADMIN",    "NET_BIND_SERVICE",
        "NET_BROADCAST",   "NET_RAW",      "PERFMON",
        "SETFCAP",         "SETGID",       "SETPCAP",
        "SETUID",          "SYSLOG",       "SYS_ADMIN",
        "SYS_BOOT",        "SYS_CHROOT",   "SYS_MODULE",
        "SYS_NICE",        "SYS_PACCT",    "SYS_PTRACE",
        "SYS_RAWIO",       "SYS_RESOURCE", "SYS_TIME",
        "SYS_TTY_CONFIG",  "WAKE_ALARM",
    };
    if (std::find(known.begin(), known.end(), name) != known.end()) return std::nullopt;
    if (lower(name) == "all")
        return fault{"\"ALL\" is not accepted", "name each capability that the server needs"};
    auto bare = name;
    if (lower(bare.substr(0, 4)) == "cap_") bare.remove_prefix(4);
    const auto near = closest(bare, known);
    return fault{"not a Linux capability; names are in capitals and without CAP_",
                 near.empty() ? "see capabilities(7)" : "did you mean \"" + std::string(near) + "\"?"};
}

} // namespace drawbridge::config
