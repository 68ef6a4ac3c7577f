// What the bytes of a request say, for the handlers and for the connection itself. Internal to the
// connection; nothing here waits for anything.
#pragma once

#include "http/connection.hpp"
#include "http/message.hpp"
#include "mcp/fault.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>

namespace drawbridge::http {

using request_parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// By which way a client came.
struct origin_of_client {
    bool loopback = false;
    bool local = false; // the only Unix socket that we listen on is the control socket
};

origin_of_client find_origin(const client_socket& client);

// The head as the handlers see it.
request_head read_head(const request_parser& from, origin_of_client origin);

// A length that is told in a way that another server in between may read differently (RFC 9112 6.1, 6.3). The
// parser ignores an encoding that it does not know, and would take the body for the next request.
bool ambiguous_length(const request_parser& request);

// What a client is told about a request that could not be read; nothing for a connection that just ended.
std::optional<mcp::fault> unreadable(core::error_code error, const connection_limits& limits);

} // namespace drawbridge::http
