// How a record of the log becomes a line. Pure but for the time zone.
#pragma once

#include "telemetry/log.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::telemetry {

struct log_line {
    severity level = severity::info;
    std::chrono::system_clock::time_point time;
    std::shared_ptr<const log_labels> labels; // may be null
    std::string text;                         // as written, cut
};

inline constexpr std::size_t max_line_text = 8 * 1024;

// At most max_line_text bytes of the text, cut on a character border, and a note of how much is missing.
std::string cut_text(std::string_view text);

// Control characters (C1 too), line separators and invalid UTF-8 as escapes: one record stays one line, and a
// terminal obeys nothing in it.
void append_printable(std::string& out, std::string_view text);

// The text as a JSON string with its quotes. Whatever it is made of, the result is valid JSON in valid UTF-8:
// invalid bytes become U+FFFD, and what append_printable() escapes is escaped here as \u00XX, so that neither
// a terminal nor a reader of lines is misled.
void append_json(std::string& out, std::string_view text);

// What log_format::automatic stands for. `journal_stream` is the variable JOURNAL_STREAM ("device:inode"),
// and the numbers are those of the descriptor: systemd.exec(5) asks to compare them, since the variable is
// inherited by programs whose stderr is something else.
log_format choose_format(bool terminal, std::optional<std::string_view> journal_stream, std::uint64_t device,
                         std::uint64_t inode);

// Appends the line with its "\n". `format` is not automatic.
void append_line(std::string& out, const log_line& line, log_format format, bool colour);

} // namespace drawbridge::telemetry
