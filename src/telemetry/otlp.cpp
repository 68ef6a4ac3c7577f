#include "telemetry/otlp.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/validate.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace drawbridge::telemetry {
namespace {

constexpr std::uint32_t has_is_remote = 0x100; // SpanFlags of the protocol
constexpr std::uint32_t is_remote = 0x200;
constexpr std::size_t shown_bytes = 200;

void append_nanoseconds(std::string& out, std::chrono::system_clock::time_point when) {
    using namespace std::chrono;
    const auto count = duration_cast<nanoseconds>(when.time_since_epoch()).count();
    out += '"';
    out += std::to_string(std::max<std::int64_t>(count, 0));
    out += '"';
}

void append_attribute(std::string& out, std::string_view key,
                      const std::variant<std::string, std::int64_t>& value) {
    out += R"({"key":)";
    jsonrpc::append_quoted(out, key);
    if (const auto* text = std::get_if<std::string>(&value)) {
        out += R"(,"value":{"stringValue":)";
        jsonrpc::append_quoted(out, *text);
    } else {
        out += R"(,"value":{"intValue":")";
        out += std::to_string(std::get<std::int64_t>(value));
        out += '"';
    }
    out += "}}";
}

void append_text_attribute(std::string& out, std::string_view key, const std::string& value) {
    append_attribute(out, key, std::variant<std::string, std::int64_t>(value));
}

void append_state(std::string& out, const trace_context& of) {
    if (of.state.empty()) return;
    out += R"(,"traceState":)";
    jsonrpc::append_quoted(out, of.state);
}

void append_link(std::string& out, const trace_context& to) {
    out += R"(,"links":[{"traceId":")";
    out += to_hex(to.trace);
    out += R"(","spanId":")";
    out += to_hex(to.span);
    out += '"';
    append_state(out, to);
    out += R"(,"flags":)";
    out += std::to_string(to.flags);
    out += "}]";
}

void append_status(std::string& out, const span_record& span) {
    if (span.status == span_status::unset) return;
    out += R"(,"status":{"code":)";
    out += std::to_string(static_cast<unsigned>(span.status));
    if (span.status == span_status::error && !span.message.empty()) {
        out += R"(,"message":)";
        jsonrpc::append_quoted(out, span.message);
    }
    out += '}';
}

void append_span(std::string& out, const span_record& span) {
    out += R"({"traceId":")";
    out += to_hex(span.own.trace);
    out += R"(","spanId":")";
    out += to_hex(span.own.span);
    out += '"';
    append_state(out, span.own);
    std::uint32_t flags = span.own.flags;
    if (span.parent.valid()) {
        out += R"(,"parentSpanId":")";
        out += to_hex(span.parent);
        out += '"';
        flags |= has_is_remote | (span.remote_parent ? is_remote : 0U);
    }
    out += R"(,"flags":)";
    out += std::to_string(flags);
    out += R"(,"name":)";
    jsonrpc::append_quoted(out, span.name);
    out += R"(,"kind":)";
    out += std::to_string(static_cast<unsigned>(span.kind));
    out += R"(,"startTimeUnixNano":)";
    append_nanoseconds(out, span.start);
    out += R"(,"endTimeUnixNano":)";
    append_nanoseconds(out, span.end);
    out += R"(,"attributes":[)";
    for (const auto& each : span.attributes) {
        if (&each != span.attributes.data()) out += ',';
        append_attribute(out, each.key, each.value);
    }
    out += ']';
    if (span.link) append_link(out, *span.link);
    append_status(out, span);
    out += '}';
}

std::string_view member(std::string_view text, std::string_view object, std::string_view key) {
    const auto begin = static_cast<std::size_t>(object.data() - text.data());
    return jsonrpc::find_member(text, {begin, object.size()}, key).in(text);
}

// A number, or a number in quotes: both spellings of a 64-bit integer are in use.
std::int64_t read_integer(std::string_view token) {
    if (token.size() >= 2 && token.front() == '"') token = token.substr(1, token.size() - 2);
    std::int64_t value = 0;
    const auto [stopped, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    return error == std::errc() && stopped == token.data() + token.size() ? value : 0;
}

} // namespace

std::string export_request(const trace_resource& who, std::span<const span_record> spans) {
    std::string out;
    out.reserve(512 + spans.size() * 768);
    out += R"({"resourceSpans":[{"resource":{"attributes":[)";
    append_text_attribute(out, "service.name", who.service_name);
    out += ',';
    append_text_attribute(out, "service.version", who.service_version);
    out += R"(]},"scopeSpans":[{"scope":{"name":"drawbridge","version":)";
    jsonrpc::append_quoted(out, who.service_version);
    out += R"(},"spans":[)";
    for (const auto& each : spans) {
        if (&each != spans.data()) out += ',';
        append_span(out, each);
    }
    out += "]}]}]}";
    return out;
}

export_answer read_export_answer(std::string_view body) {
    export_answer out;
    const auto start = jsonrpc::skip_blank(body, 0);
    if (start >= body.size() || body[start] != '{' || jsonrpc::find_syntax_fault(body)) return out;
    const auto partial = member(body, body.substr(start), "partialSuccess");
    if (!partial.starts_with('{')) return out;
    out.rejected = std::max<std::int64_t>(read_integer(member(body, partial, "rejectedSpans")), 0);
    out.message = jsonrpc::unescape(member(body, partial, "errorMessage")).value_or(std::string());
    if (out.message.size() > shown_bytes) out.message.resize(shown_bytes);
    return out;
}

bool is_retryable(unsigned http_status) {
    return http_status == 429 || (http_status >= 500 && http_status < 600);
}

std::optional<std::chrono::seconds> read_retry_after(std::string_view value,
                                                     std::chrono::system_clock::time_point now) {
    std::int64_t seconds = 0;
    const auto [stopped, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc() && stopped == value.data() + value.size()) {
        if (seconds < 0) return std::nullopt;
        return std::chrono::seconds(seconds);
    }
    // "Wed, 21 Oct 2015 07:28:00 GMT", the one form that is sent (RFC 9110 5.6.7). The names are English
    // whatever the locale: the program never sets one.
    std::tm parts{};
    const std::string text(value);
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    const auto when = std::chrono::system_clock::from_time_t(::timegm(&parts));
    return std::max(std::chrono::ceil<std::chrono::seconds>(when - now), std::chrono::seconds(0));
}

} // namespace drawbridge::telemetry
