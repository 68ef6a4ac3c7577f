#include "http/request_reading.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <sys/socket.h>

#include <cstring>
#include <string>

namespace drawbridge::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

std::string text(beast::string_view view) {
    return std::string(view.data(), view.size());
}

// All fields of a name, as if they stood in one (RFC 9110 5.3). Two empty ones are not like none: ", ".
template <class Name>
std::string joined(const request_parser& from, Name name) {
    std::string all;
    const auto fields = from.get().equal_range(name);
    for (auto field = fields.first; field != fields.second; ++field) {
        if (field != fields.first) all += ", ";
        all += text(field->value());
    }
    return all;
}

// Two of a kind are joined, and so say nothing that anything else says.
template <class Name>
std::optional<std::string> field_of(const request_parser& from, Name name) {
    if (from.get().count(name) == 0) return std::nullopt;
    return joined(from, name);
}

} // namespace

origin_of_client find_origin(const client_socket& client) {
    namespace ip = core::asio::ip;
    origin_of_client found;
    core::error_code error;
    const auto end = client.local_endpoint(error);
    if (error) return found;
    const int family = end.protocol().family();
    found.local = family == AF_UNIX;
    if (family != AF_INET && family != AF_INET6) return found;
    ip::tcp::endpoint place;
    place.resize(end.size());
    std::memcpy(place.data(), end.data(), end.size());
    const auto address = place.address();
    // A socket that listens on [::] shows 127.0.0.1 as ::ffff:127.0.0.1.
    found.loopback = address.is_v6() && address.to_v6().is_v4_mapped()
                         ? make_address_v4(ip::v4_mapped, address.to_v6()).is_loopback()
                         : address.is_loopback();
    return found;
}

request_head read_head(const request_parser& from, origin_of_client origin) {
    const auto& message = from.get();
    request_head head;
    head.method = text(message.method_string());
    const auto target = message.target();
    const auto question = target.find('?');
    head.path = text(target.substr(0, question));
    if (question != beast::string_view::npos) head.query = text(target.substr(question + 1));
    const auto fields = message.equal_range(bhttp::field::authorization);
    for (auto field = fields.first; field != fields.second; ++field)
        if (head.authorization_count++ == 0) head.authorization = text(field->value());
    head.content_type = text(message[bhttp::field::content_type]);
    head.accept = joined(from, bhttp::field::accept);
    head.origin = joined(from, bhttp::field::origin);
    // There, and from nowhere: what browsers call "null".
    if (head.origin.empty() && message.count(bhttp::field::origin) > 0) head.origin = "null";
    head.host = joined(from, bhttp::field::host);
    head.version_field = field_of(from, "MCP-Protocol-Version");
    head.protocol_version = head.version_field.value_or(std::string());
    head.mcp_method = field_of(from, "Mcp-Method");
    head.mcp_name = field_of(from, "Mcp-Name");
    constexpr std::string_view prefix = "Mcp-Param-";
    for (const auto& field : message) {
        const auto name = text(field.name_string());
        if (name.size() > prefix.size() && beast::iequals(name.substr(0, prefix.size()), prefix))
            head.mcp_parameters.emplace_back(name.substr(prefix.size()), text(field.value()));
    }
    head.session_id = text(message["Mcp-Session-Id"]);
    head.last_event_id = text(message["Last-Event-ID"]);
    head.traceparent = joined(from, "traceparent"); // two of them are none: the joined text is not valid
    head.tracestate = joined(from, "tracestate");
    head.loopback = origin.loopback;
    head.local = origin.local;
    return head;
}

bool ambiguous_length(const request_parser& request) {
    const auto& message = request.get();
    if (message.count(bhttp::field::transfer_encoding) == 0) return false;
    return message.version() < 11 || message.count(bhttp::field::content_length) > 0 ||
           !beast::iequals(joined(request, bhttp::field::transfer_encoding), "chunked");
}

std::optional<mcp::fault> unreadable(core::error_code error, const connection_limits& limits) {
    if (error == bhttp::error::header_limit)
        return mcp::fault(mcp::fault_kind::headers_too_large,
                          "the limit is " + std::to_string(limits.header_bytes) + " bytes");
    if (error == bhttp::error::body_limit)
        return mcp::fault(mcp::fault_kind::body_too_large,
                          "the limit is " + std::to_string(limits.body_bytes) + " bytes");
    if (error == bhttp::error::end_of_stream || error == bhttp::error::partial_message) return std::nullopt;
    if (error.category() == bhttp::make_error_code(bhttp::error::bad_method).category())
        return mcp::fault(mcp::fault_kind::bad_http, "the request is not valid HTTP/1.1: " + error.message());
    return std::nullopt;
}

} // namespace drawbridge::http
