#include "config/rules.hpp"

#include "config/characters.hpp"

#include <algorithm>

namespace drawbridge::config {

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

verdict check_absolute_path(std::string_view path) {
    if (path.empty() || path.front() != '/')
        return fault{"not an absolute path", "begin it with '/', such as \"/etc/ssl/internal-ca.pem\""};
    if (!all(path, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }))
        return fault{"the path holds a control character",
                     "remove it; a value read from a file often ends with a line end"};
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

} // namespace drawbridge::config
