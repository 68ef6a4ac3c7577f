// Spans as the body of an OTLP/HTTP request in JSON (ExportTraceServiceRequest of opentelemetry-proto 1.x;
// ids in hexadecimal, 64-bit numbers as decimal strings). Pure.
#pragma once

#include "telemetry/trace_context.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace drawbridge::telemetry {

struct span_attribute {
    span_attribute(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
    span_attribute(std::string_view name, std::int64_t number) : key(name), value(number) {}

    std::string_view key; // a literal
    std::variant<std::string, std::int64_t> value;
};

// The numbers are those of the protocol.
enum class span_kind : std::uint8_t { internal = 1, server = 2 };
enum class span_status : std::uint8_t { unset = 0, ok = 1, error = 2 };

// A span that has ended.
struct span_record {
    trace_context own;
    span_id parent;             // none: a root
    bool remote_parent = false; // the parent is a span of another process
    std::string name;
    span_kind kind = span_kind::internal;
    std::chrono::system_clock::time_point start;
    std::chrono::system_clock::time_point end;
    std::vector<span_attribute> attributes;
    std::optional<trace_context> link; // a span that it belongs to as well
    span_status status = span_status::unset;
    std::string message; // beside an error
};

// Who speaks.
struct trace_resource {
    std::string service_name;
    std::string service_version;
};

std::string export_request(const trace_resource& who, std::span<const span_record> spans);

// What a collector says in a good answer about spans that it did not take (partialSuccess).
struct export_answer {
    std::int64_t rejected = 0;
    std::string message; // of the collector, at most 200 bytes; may be there without a rejection
};
export_answer read_export_answer(std::string_view body);

// Whether the same request may succeed later: 429 and every 5xx.
bool is_retryable(unsigned http_status);

// What Retry-After asks for, in seconds or as an HTTP date; nothing where it can't be read.
std::optional<std::chrono::seconds> read_retry_after(std::string_view value,
                                                     std::chrono::system_clock::time_point now);

} // namespace drawbridge::telemetry
