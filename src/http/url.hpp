// An http or https URL taken apart. Pure.
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
    std::string target = "/"; // path and query
    std::string credentials;  // "user:password" as it stands in the URL; secret

    // What a Host header says: the port only where it is not the scheme's own.
    std::string authority() const;
    // Fit to be shown: no credentials, no query.
    std::string shown() const;
    bool same_origin(const url& other) const {
        return tls == other.tls && host == other.host && port == other.port;
    }
};

std::optional<url> parse_url(std::string_view text);
// A reference as it stands in Location or in an `endpoint` event: absolute, or a path of the same origin.
std::optional<url> resolve_url(const url& base, std::string_view reference);

} // namespace drawbridge::http
