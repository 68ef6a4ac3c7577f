#include "telemetry/trace_context.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"

#include <algorithm>

namespace drawbridge::telemetry {
namespace {

constexpr std::size_t parent_size = 55; // 00-<32>-<16>-<2>
constexpr std::size_t state_limit = 512;
constexpr std::size_t state_entries = 32;
constexpr std::size_t token_limit = 6 * state_limit + 2; // of 512 characters, each spelled as \uXXXX

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool read_hex(std::string_view text, std::uint8_t* out) {
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        const int high = digit(text[at]);
        const int low = digit(text[at + 1]);
        if (high < 0 || low < 0) return false;
        *out++ = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

template <std::size_t Size>
void append_hex(std::string& out, const std::array<std::uint8_t, Size>& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const auto byte : bytes) {
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
}

template <std::size_t Size>
std::optional<trace_number<Size>> parse_number(std::string_view text) {
    trace_number<Size> id;
    if (text.size() != 2 * Size || !read_hex(text, id.bytes.data()) || !id.valid()) return std::nullopt;
    return id;
}

template <std::size_t Size>
trace_number<Size> random_number(std::mt19937_64& engine) {
    trace_number<Size> id;
    do {
        for (std::size_t at = 0; at < Size; at += 8) {
            const std::uint64_t word = engine();
            for (std::size_t byte = 0; byte < 8; ++byte)
                id.bytes[at + byte] = static_cast<std::uint8_t>(word >> (8 * byte));
        }
    } while (!id.valid());
    return id;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// key=value: the key of lowercase letters, digits and _-*/@, the value without ',' and '=' (W3C 3.3.1.3).
bool is_state_entry(std::string_view entry) {
    const auto equals = entry.find('=');
    if (equals == 0 || equals == std::string_view::npos || equals > 256) return false;
    const auto key = entry.substr(0, equals);
    const auto value = entry.substr(equals + 1);
    return !value.empty() && value.size() <= 256 && value.find('=') == std::string_view::npos &&
           std::all_of(key.begin(), key.end(),
                       [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                  std::string_view("_-*/@").find(c) != std::string_view::npos;
                       }) &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

void overwrite(std::string& text, const jsonrpc::span& where, std::string_view token) {
    if (token.size() > where.length) return;
    const auto from = text.begin() + static_cast<std::ptrdiff_t>(where.begin);
    const auto rest = std::copy(token.begin(), token.end(), from);
    std::fill(rest, from + static_cast<std::ptrdiff_t>(where.length), ' ');
}

} // namespace

std::string to_hex(const trace_id& id) {
    std::string out;
    append_hex(out, id.bytes);
    return out;
}

std::string to_hex(const span_id& id) {
    std::string out;
    append_hex(out, id.bytes);
    return out;
}

std::optional<trace_id> parse_trace_id(std::string_view text) {
    return parse_number<16>(text);
}

std::optional<span_id> parse_span_id(std::string_view text) {
    return parse_number<8>(text);
}

std::optional<trace_context> parse_traceparent(std::string_view parent, std::string_view state) {
    if (parent.size() < parent_size || parent[2] != '-' || parent[35] != '-' || parent[52] != '-')
        return std::nullopt;
    std::uint8_t version = 0;
    if (!read_hex(parent.substr(0, 2), &version) || version == 0xff) return std::nullopt;
    if (parent.size() > parent_size && (version == 0 || parent[parent_size] != '-')) return std::nullopt;
    const auto trace = parse_trace_id(parent.substr(3, 32));
    const auto span = parse_span_id(parent.substr(36, 16));
    trace_context out;
    if (!trace || !span || !read_hex(parent.substr(53, 2), &out.flags)) return std::nullopt;
    out.trace = *trace;
    out.span = *span;
    if (is_tracestate(state)) out.state = state;
    return out;
}

std::string traceparent(const trace_context& context) {
    std::string out;
    out.reserve(parent_size);
    out += "00-";
    append_hex(out, context.trace.bytes);
    out += '-';
    append_hex(out, context.span.bytes);
    out += '-';
    const std::uint8_t known = flag_sampled | flag_random;
    append_hex(out, std::array<std::uint8_t, 1>{static_cast<std::uint8_t>(context.flags & known)});
    return out;
}

bool is_tracestate(std::string_view text) {
    if (text.empty() || text.size() > state_limit) return false;
    std::size_t entries = 0;
    for (;;) {
        const auto comma = text.find(',');
        const auto entry = trimmed(text.substr(0, comma));
        if (!entry.empty() && (++entries > state_entries || !is_state_entry(entry))) return false;
        if (comma == std::string_view::npos) return entries > 0;
        text.remove_prefix(comma + 1);
    }
}

trace_places find_trace(std::string_view text, const jsonrpc::envelope& message) {
    trace_places where;
    if (!message.params_meta.present()) return where;
    where.parent = jsonrpc::find_member(text, message.params_meta, "traceparent");
    where.state = jsonrpc::find_member(text, message.params_meta, "tracestate");
    return where;
}

std::optional<trace_context> read_trace(std::string_view text, const trace_places& where) {
    if (!where.present() || where.parent.length > token_limit) return std::nullopt;
    const auto parent = jsonrpc::unescape(where.parent.in(text));
    if (!parent) return std::nullopt;
    const bool fits = where.state.present() && where.state.length <= token_limit;
    const auto state = fits ? jsonrpc::unescape(where.state.in(text)) : std::nullopt;
    return parse_traceparent(*parent, state ? std::string_view(*state) : std::string_view());
}

void replace_trace(std::string& text, const trace_places& where, const trace_context& own) {
    const auto old = read_trace(text, where);
    if (!old) return;
    overwrite(text, where.parent, '"' + traceparent(own) + '"');
    if (!where.state.present() || own.state == old->state) return;
    const auto state = jsonrpc::quote(own.state);
    overwrite(text, where.state, state.size() <= where.state.length ? state : "\"\"");
}

trace_ids::trace_ids() {
    std::random_device system;
    std::seed_seq seed{system(), system(), system(), system(), system(), system(), system(), system()};
    engine_.seed(seed);
}

trace_id trace_ids::next_trace() {
    return random_number<16>(engine_);
}

span_id trace_ids::next_span() {
    return random_number<8>(engine_);
}

} // namespace drawbridge::telemetry
