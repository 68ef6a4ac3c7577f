// An http or https URL taken apart (RFC 3986), strictly: what would mean different things to different
// readers is refused. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::http {

struct url {
    bool tls = false;
    std::string host; // lower case; an IPv6 address without brackets
    std::uint16_t port = 80;
    std::string target = "/"; // path and query, fit for a request line; the query is secret
    std::string credentials;  // "user:password" as it stands in the URL; secret

    // What a Host header says: the port only where it is not the scheme's own.
    std::string authority() const;
    // Fit to be shown: no credentials, no query.
    std::string shown() const;
    bool same_origin(const url& other) const {
        return tls == other.tls && host == other.host && port == other.port;
    }
};

// None: no http or https URL, or one with blanks, control characters or anything outside ASCII.
std::optional<url> parse_url(std::string_view text);
// A reference as it stands in Location or in an `endpoint` event: absolute, or relative to `base` (RFC
// 3986 5.2). It comes from a server, so it is checked as strictly.
std::optional<url> resolve_url(const url& base, std::string_view reference);

} // namespace drawbridge::http
