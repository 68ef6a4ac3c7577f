#include "config/telemetry.hpp"

#include "config/characters.hpp"
#include "config/percent.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace drawbridge::config {

namespace {

constexpr std::string_view headers_variable = "OTEL_EXPORTER_OTLP_HEADERS";
constexpr std::string_view default_service_name = "mcp-gateway";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Those that the exporter sets itself, or that would change what the request is.
bool is_own(std::string_view name) {
    for (const std::string_view own :
         {"accept", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
          "te", "trailer", "transfer-encoding", "upgrade"})
        if (lower(name) == own) return true;
    return false;
}

struct trace_hex {
    std::string value;
    bool given = false; // not absent; it may be faulty
};

// An empty id counts as absent: workflows pass on variables that may be empty.
trace_hex read_trace_hex(object_reader& own, std::string_view key, std::size_t length) {
    trace_hex out;
    const auto id = own.text(key);
    out.given = id ? !id->empty() : own.has(key);
    if (!id || id->empty()) return out;
    if (is_trace_hex(*id, length))
        out.value = *id;
    else
        own.shared().error(own.path_of(key),
                           "must be " + std::to_string(length) + " lowercase hexadecimal digits, not all 0",
                           "pass on the id of a W3C traceparent header");
    return out;
}

void read_endpoint(object_reader& own, opentelemetry& out) {
    if (!own.require("endpoint", "add \"endpoint\": \"https://collector.example:4318/v1/traces\"")) return;
    const auto endpoint = own.text("endpoint");
    if (!endpoint) return;
    if (const auto bad = check_url(*endpoint)) {
        own.shared().error(own.path_of("endpoint"), *bad);
        return;
    }
    if (!user_info(*endpoint).empty())
        own.shared().warning(own.path_of("endpoint"), "the user information in the URL is not sent",
                             "put the credentials into the environment variable " +
                                 std::string(headers_variable));
    out.endpoint = *endpoint;
}

void read_ids(object_reader& own, opentelemetry& out) {
    auto trace = read_trace_hex(own, "traceId", 32);
    auto span = read_trace_hex(own, "spanId", 16);
    out.trace_id = std::move(trace.value);
    if (trace.given)
        out.span_id = std::move(span.value);
    else if (span.given)
        own.shared().warning(own.path_of("spanId"), "is ignored without traceId",
                             "add traceId, or remove spanId");
}

void read_headers(object_reader& own, opentelemetry& out) {
    const auto text = own.shared().environment_value(headers_variable);
    if (!text) return;
    auto parsed = parse_exporter_headers(*text);
    for (const auto& fault : parsed.faults)
        own.shared().warning(own.path(),
                             "the environment variable " + std::string(headers_variable) + ": " + fault,
                             "write it like \"Authorization=Bearer TOKEN,X-Other=value\", with %2C for a "
                             "comma inside a value");
    out.headers = std::move(parsed.headers);
}

} // namespace

exporter_headers parse_exporter_headers(std::string_view text) {
    exporter_headers out;
    std::size_t number = 0;
    for (const auto entry : split(text, ',')) {
        ++number;
        if (trimmed(entry).empty()) continue;
        const auto which = "entry " + std::to_string(number);
        const auto equals = entry.find('=');
        const auto name = trimmed(entry.substr(0, equals));
        if (equals == std::string_view::npos || check_header_name(name) || is_own(name)) {
            out.faults.push_back(which + " is left out: " +
                                 (equals == std::string_view::npos ? "it has no '='"
                                  : is_own(name)                   ? "the gateway sets this header itself"
                                                                   : "its name is not that of a header"));
            continue;
        }
        const auto value = percent_decoded(trimmed(entry.substr(equals + 1)));
        if (check_header_value(value)) {
            out.faults.push_back(which + " is left out: its value can't stand in a header");
            continue;
        }
        std::erase_if(out.headers, [&](const header& one) { return lower(one.name) == lower(name); });
        out.headers.push_back({std::string(name), value});
    }
    return out;
}

std::optional<opentelemetry> read_opentelemetry(object_reader& fields) {
    const auto* object = fields.object("opentelemetry");
    if (object == nullptr) return std::nullopt;
    object_reader own(fields.shared(), *object, fields.path_of("opentelemetry"));
    opentelemetry out;
    read_endpoint(own, out);
    read_ids(own, out);
    out.service_name = own.text("serviceName").value_or(std::string());
    if (blank(out.service_name)) out.service_name = default_service_name;
    own.refuse("headers", "is not part of the configuration",
               "set the environment variable " + std::string(headers_variable));
    own.finish();
    if (out.endpoint.empty()) return std::nullopt;
    read_headers(own, out);
    return out;
}

} // namespace drawbridge::config
