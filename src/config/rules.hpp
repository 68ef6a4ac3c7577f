// The rules for single values, as pure functions. A fault never holds the value: it may come from a variable.
#pragma once

#include "config/config.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::config {

struct fault {
    std::string message;
    std::string suggestion;
};

using verdict = std::optional<fault>; // nothing: the value is fine

// [A-Za-z0-9][A-Za-z0-9._-]{0,62}: it becomes part of an URL and of a container's name.
verdict check_server_name(std::string_view name);

// [registry[:port]/]path[:tag][@digest]
verdict check_image(std::string_view image);

// "host:container:ro|rw", both absolute (Gateway 4.1.5). Fills `out` when it is fine.
verdict check_mount(std::string_view text, mount& out);

// http or https with a host; may have a port and user information.
verdict check_url(std::string_view url);
bool is_https(std::string_view url);

// "user:password" of a URL, and what stands between '?' and '#'; empty where there is none.
std::string_view user_info(std::string_view url);
std::string_view query(std::string_view url);
std::string without_user_info(std::string_view url);

// What a browser may send as Origin: scheme://host[:port], or "*" for all of them. "null" is refused: it is
// sent by pages of any origin (sandboxed frames, files).
verdict check_origin(std::string_view text);
// The spelling that browsers use: lowercase, without a default port.
std::string browser_spelling(std::string_view origin);

// [A-Za-z_][A-Za-z0-9_.-]*
verdict check_variable_name(std::string_view name);

// A token of RFC 9110 that is not one of those the gateway must set itself.
verdict check_header_name(std::string_view name);
verdict check_header_value(std::string_view value);

// It travels in an Authorization header: visible ASCII and inner blanks, not blank, no outer blanks.
verdict check_agent_id(std::string_view id);

// A host name, an IPv4 address or an IPv6 address in brackets; no scheme, port or path.
verdict check_domain(std::string_view domain);

// The same, as an entry of a list of Host headers that are served.
verdict check_allowed_host(std::string_view host);

// Of a file on this machine.
verdict check_absolute_path(std::string_view path);

// A Linux capability without "CAP_", in capitals.
verdict check_capability(std::string_view name);

// Nothing but blanks, or nothing at all.
bool blank(std::string_view text);

// Exactly `length` lowercase hexadecimal digits that are not all 0 (W3C trace context).
bool is_trace_hex(std::string_view text, std::size_t length);

} // namespace drawbridge::config
