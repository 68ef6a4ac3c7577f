#include "telemetry/log_line.hpp"

#include "jsonrpc/utf8.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

namespace drawbridge::telemetry {

namespace {

constexpr std::array<std::string_view, 5> names = {"debug", "info", "warning", "error", "critical"};

std::size_t index_of(severity level) {
    return static_cast<std::size_t>(level);
}

constexpr char digits[] = "0123456789abcdef";

void append_hex(std::string& out, unsigned char value) {
    out += "\\x";
    out += digits[value >> 4];
    out += digits[value & 15];
}

void append_control(std::string& out, unsigned char c) {
    if (c == '\n')
        out += "\\n";
    else if (c == '\r')
        out += "\\r";
    else if (c == '\t')
        out += "\\t";
    else
        append_hex(out, c);
}

// U+0080 to U+009F, U+2028 and U+2029.
bool breaks_line(std::string_view sequence) {
    if (sequence.size() == 2) return sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
    return sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9";
}

void append_time(std::string& out, std::chrono::system_clock::time_point time, bool local) {
    using namespace std::chrono;
    const auto since = time.time_since_epoch();
    const auto seconds = floor<std::chrono::seconds>(since);
    const auto millis = duration_cast<milliseconds>(since - seconds).count();
    const std::time_t value = seconds.count();
    std::tm parts{};
    if (local)
        localtime_r(&value, &parts);
    else
        gmtime_r(&value, &parts);
    char text[32];
    const std::size_t used =
        std::strftime(text, sizeof text, local ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%dT%H:%M:%S", &parts);
    out.append(text, used);
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(millis));
    out += text;
    if (!local) out += 'Z';
}

void append_level(std::string& out, severity level, bool colour) {
    constexpr std::array<std::string_view, 5> colours = {"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m",
                                                         "\x1b[1;31m"};
    const std::string_view name = names[index_of(level)];
    if (colour) out += colours[index_of(level)];
    out += name;
    if (colour) out += "\x1b[0m";
    out.append(name.size() < 7 ? 8 - name.size() : 1, ' ');
}

// [server session request], as far as they are known.
void append_labels(std::string& out, const log_labels& labels) {
    char before = '[';
    for (const auto* label : {&labels.server, &labels.session, &labels.request}) {
        if (label->empty()) continue;
        out += std::exchange(before, ' ');
        append_printable(out, *label);
    }
    if (before == ' ') out += "] ";
}

void append_json_member(std::string& out, std::string_view name, std::string_view value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json(out, value);
}

void append_json_line(std::string& out, const log_line& line) {
    out += R"({"time":")";
    append_time(out, line.time, false);
    out += '"';
    append_json_member(out, "level", names[index_of(line.level)]);
    append_json_member(out, "message", line.text);
    if (line.labels) {
        if (!line.labels->server.empty()) append_json_member(out, "server", line.labels->server);
        if (!line.labels->session.empty()) append_json_member(out, "session", line.labels->session);
        if (!line.labels->request.empty()) append_json_member(out, "request", line.labels->request);
    }
    out += "}\n";
}

// \u0085, \u2028: what breaks_line() accepts.
void append_json_separator(std::string& out, std::string_view sequence) {
    const auto last = static_cast<unsigned char>(sequence.back());
    out += sequence.size() == 2 ? "\\u00" : "\\u20";
    const int code = sequence.size() == 2 ? last : last - 0x80;
    out += digits[code >> 4];
    out += digits[code & 15];
}

} // namespace

std::string_view to_string(severity level) {
    return names[index_of(level)];
}

std::optional<severity> parse_severity(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (name == names[i]) return static_cast<severity>(i);
    }
    return name == "warn" ? std::optional(severity::warning) : std::nullopt;
}

std::optional<log_format> parse_log_format(std::string_view name) {
    if (name == "auto") return log_format::automatic;
    if (name == "readable") return log_format::readable;
    if (name == "systemd") return log_format::systemd;
    if (name == "plain") return log_format::plain;
    if (name == "json") return log_format::json;
    return std::nullopt;
}

std::string cut_text(std::string_view text) {
    if (text.size() <= max_line_text) return std::string(text);
    const std::size_t kept = jsonrpc::utf8_border(text, max_line_text);
    std::string out;
    out.reserve(kept + 40);
    out.append(text.substr(0, kept));
    out += "... (" + std::to_string(text.size() - kept) + " bytes more)";
    return out;
}

void append_printable(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c < 0x7F) {
            out += text[at++];
            continue;
        }
        const std::size_t length = c < 0x80 ? 0 : jsonrpc::utf8_length(text, at);
        if (length == 0) {
            append_control(out, c);
            ++at;
            continue;
        }
        const std::string_view sequence = text.substr(at, length);
        at += length;
        if (!breaks_line(sequence)) {
            out += sequence;
            continue;
        }
        for (const char each : sequence)
            append_hex(out, static_cast<unsigned char>(each));
    }
}

void append_json(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c < 0x7F) {
            if (c == '"' || c == '\\') out += '\\';
            out += text[at++];
            continue;
        }
        if (c < 0x80) {
            if (c == '\n' || c == '\r' || c == '\t') {
                append_control(out, c);
            } else {
                out += "\\u00";
                out += digits[c >> 4];
                out += digits[c & 15];
            }
            ++at;
            continue;
        }
        const std::size_t length = jsonrpc::utf8_length(text, at);
        const std::string_view sequence = text.substr(at, length);
        if (length == 0)
            out += jsonrpc::replacement_character;
        else if (breaks_line(sequence))
            append_json_separator(out, sequence);
        else
            out += sequence;
        at += length == 0 ? 1 : length;
    }
    out += '"';
}

log_format choose_format(bool terminal, std::optional<std::string_view> journal_stream, std::uint64_t device,
                         std::uint64_t inode) {
    if (terminal) return log_format::readable;
    if (journal_stream == std::to_string(device) + ":" + std::to_string(inode)) return log_format::systemd;
    return log_format::plain;
}

void append_line(std::string& out, const log_line& line, log_format format, bool colour) {
    constexpr std::array<std::string_view, 5> priorities = {"<7>", "<6>", "<4>", "<3>", "<2>"}; // syslog(3)
    if (format == log_format::json) return append_json_line(out, line);
    if (format == log_format::systemd) {
        out += priorities[index_of(line.level)];
    } else {
        append_time(out, line.time, format == log_format::readable);
        out += ' ';
        append_level(out, line.level, colour && format == log_format::readable);
    }
    if (line.labels) append_labels(out, *line.labels);
    append_printable(out, line.text);
    out += '\n';
}

} // namespace drawbridge::telemetry
