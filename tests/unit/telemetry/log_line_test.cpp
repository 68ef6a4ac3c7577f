#include "telemetry/log_line.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::telemetry;

namespace {

std::string printable(std::string_view text) {
    std::string out;
    append_printable(out, text);
    return out;
}

std::string rendered(severity level, log_format format, bool colour, const char* server = nullptr) {
    log_line line;
    line.level = level;
    line.time = std::chrono::system_clock::time_point(
        std::chrono::milliseconds(1767323045007)); // 2026-01-02 03:04:05.007Z
    if (server != nullptr) line.server = std::make_shared<const std::string>(server);
    line.text = "hello";
    std::string out;
    append_line(out, line, format, colour);
    return out;
}

} // namespace

TEST_CASE("log line: names of levels and formats") {
    for (const auto level :
         {severity::debug, severity::info, severity::warning, severity::error, severity::critical}) {
        CHECK(parse_severity(to_string(level)) == level);
    }
    CHECK(parse_severity("warn") == severity::warning);
    CHECK_FALSE(parse_severity("loud").has_value());
    CHECK(parse_log_format("auto") == log_format::automatic);
    CHECK(parse_log_format("readable") == log_format::readable);
    CHECK(parse_log_format("systemd") == log_format::systemd);
    CHECK(parse_log_format("plain") == log_format::plain);
    CHECK_FALSE(parse_log_format("").has_value());
}

TEST_CASE("log line: one record is one line, and a terminal obeys nothing in it") {
    CHECK(printable("a\nb\r\tc") == "a\\nb\\r\\tc");
    CHECK(printable("\x1b[31m\x07\x7f") == "\\x1b[31m\\x07\\x7f");
    CHECK(printable(std::string_view("\0", 1)) == "\\x00");
    CHECK(printable("é日😀") == "é日😀");
    CHECK(printable("\xC2\x85 \xC2\x9B \xE2\x80\xA8 \xE2\x80\xA9 \xC2\xA0") ==
          "\\xc2\\x85 \\xc2\\x9b \\xe2\\x80\\xa8 \\xe2\\x80\\xa9 \xC2\xA0");
    CHECK(printable("\xFFz\xC3") == "\\xffz\\xc3");
}

TEST_CASE("log line: long text is cut on a character border and says so") {
    const std::string exact(max_line_text, 'x');
    CHECK(cut_text(exact) == exact);
    CHECK(cut_text(exact + "yz") == exact + "... (2 bytes more)");
    const std::string half = std::string(max_line_text - 1, 'x');
    CHECK(cut_text(half + "é") == half + "... (2 bytes more)");
}

TEST_CASE("log line: systemd priorities without a time") {
    CHECK(rendered(severity::debug, log_format::systemd, true) == "<7>hello\n");
    CHECK(rendered(severity::info, log_format::systemd, false) == "<6>hello\n");
    CHECK(rendered(severity::warning, log_format::systemd, false, "github") == "<4>[github] hello\n");
    CHECK(rendered(severity::error, log_format::systemd, false) == "<3>hello\n");
    CHECK(rendered(severity::critical, log_format::systemd, false) == "<2>hello\n");
}

TEST_CASE("log line: plain and readable") {
    CHECK(rendered(severity::info, log_format::plain, true) == "2026-01-02T03:04:05.007Z info    hello\n");
    CHECK(rendered(severity::critical, log_format::plain, false, "a\nb") ==
          "2026-01-02T03:04:05.007Z critical [a\\nb] hello\n");
    const std::string readable = rendered(severity::warning, log_format::readable, false, "s");
    CHECK(readable.ends_with(":05.007 warning [s] hello\n"));
    CHECK(readable.size() == std::string("2026-01-02 03:04:05.007 warning [s] hello\n").size());
    CHECK(rendered(severity::warning, log_format::readable, true).find("\x1b[33mwarning\x1b[0m hello") !=
          std::string::npos);
}

TEST_CASE("log line: which format automatic means") {
    CHECK(choose_format(true, "8:17", 8, 17) == log_format::readable);
    CHECK(choose_format(false, "8:17", 8, 17) == log_format::systemd);
    CHECK(choose_format(false, "8:18", 8, 17) == log_format::plain);
    CHECK(choose_format(false, "", 8, 17) == log_format::plain);
    CHECK(choose_format(false, std::nullopt, 8, 17) == log_format::plain);
}
