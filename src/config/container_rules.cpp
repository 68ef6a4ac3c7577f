// The rules for what a container is made of: image, mounts, capabilities.
#include "config/characters.hpp"
#include "config/rules.hpp"
#include "config/suggest.hpp"

namespace drawbridge::config {

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
