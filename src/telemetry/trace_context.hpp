// Which trace a request belongs to: W3C Trace Context (https://www.w3.org/TR/trace-context/), as HTTP headers
// `traceparent` and `tracestate` and as members of that name in a message's `params._meta`. Pure.
#pragma once

#include "jsonrpc/envelope.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace drawbridge::telemetry {

// Bytes that are shown in lowercase hexadecimal. All 0: none.
template <std::size_t Size>
struct trace_number {
    std::array<std::uint8_t, Size> bytes{};

    bool valid() const { return bytes != std::array<std::uint8_t, Size>(); }
    bool operator==(const trace_number&) const = default;
};

using trace_id = trace_number<16>;
using span_id = trace_number<8>;

std::string to_hex(const trace_id& id);
std::string to_hex(const span_id& id);
// Exactly 32 or 16 lowercase digits, not all 0.
std::optional<trace_id> parse_trace_id(std::string_view text);
std::optional<span_id> parse_span_id(std::string_view text);

inline constexpr std::uint8_t flag_sampled = 1;
inline constexpr std::uint8_t flag_random = 2; // the trace id is random (level 2 of the recommendation)

// One span as others refer to it.
struct trace_context {
    trace_context() = default;

    trace_id trace;
    span_id span;
    std::uint8_t flags = flag_sampled;
    std::string state; // `tracestate`, passed on as it came; at most 512 bytes

    bool valid() const { return trace.valid() && span.valid(); }
};

// Nothing: not valid, which a receiver treats like none. A later version than 00 is read as far as 00 goes.
// A state that is not valid is left out and the rest counts.
std::optional<trace_context> parse_traceparent(std::string_view parent, std::string_view state = {});

// Version 00, 55 bytes. Flags that version 00 has not are left out.
std::string traceparent(const trace_context& context);

// At most 32 entries key=value and 512 bytes, nothing but visible ASCII and blanks.
bool is_tracestate(std::string_view text);

// Where a message carries its context; not present where it does not.
struct trace_places {
    jsonrpc::span parent; // the value of params._meta.traceparent
    jsonrpc::span state;  // the value of params._meta.tracestate

    bool present() const { return parent.present(); }
};
trace_places find_trace(std::string_view text, const jsonrpc::envelope& message);
std::optional<trace_context> read_trace(std::string_view text, const trace_places& where);

// Puts `own` in the place of the context that the message came with. Nothing moves: a value that is shorter
// than the old one is followed by blanks, which JSON allows, so all spans into the text stay right. Nothing
// is added either: a message without a valid context stays as it is, and a state that does not fit into the
// old one's place becomes "".
void replace_trace(std::string& text, const trace_places& where, const trace_context& own);

// Random ids. Not for secrets. Lives with whoever uses it; not safe across threads.
class trace_ids {
  public:
    trace_ids(); // seeded by the system
    explicit trace_ids(std::uint64_t seed) : engine_(seed) {}

    trace_id next_trace();
    span_id next_span();

  private:
    std::mt19937_64 engine_;
};

} // namespace drawbridge::telemetry
