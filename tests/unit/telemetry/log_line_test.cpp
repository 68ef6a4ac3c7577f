#include "telemetry/log_line.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace drawbridge::telemetry;

namespace {

std::string printable(std::string_view text) {
    std::string out;
    append_printable(out, text);
    return out;
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json(out, text);
    return out;
}

// What a parser that is strict about JSON and UTF-8 reads; fails where it refuses.
std::string parsed(std::string_view text) {
    boost::json::error_code failure;
    const auto value = boost::json::parse(json_string(text), failure);
    REQUIRE_MESSAGE(!failure, failure.message());
    return std::string(value.as_string());
}

log_line hello(severity level) {
    log_line line;
    line.level = level;
    line.time = std::chrono::system_clock::time_point(
        std::chrono::milliseconds(1767323045007)); // 2026-01-02 03:04:05.007Z
    line.text = "hello";
    return line;
}

std::string rendered(severity level, log_format format, bool colour, const char* server = nullptr) {
    auto line = hello(level);
    if (server != nullptr) line.labels = std::make_shared<const log_labels>(log_labels{server, {}, {}});
    std::string out;
    append_line(out, line, format, colour);
    return out;
}

std::string labelled(log_labels labels, log_format format) {
    auto line = hello(severity::info);
    line.labels = std::make_shared<const log_labels>(std::move(labels));
    std::string out;
    append_line(out, line, format, false);
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
    CHECK(parse_log_format("json") == log_format::json);
    CHECK_FALSE(parse_log_format("JSON").has_value());
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

TEST_CASE("log line: the labels that are known, in their order") {
    CHECK(labelled({"github", "s3", "r17"}, log_format::systemd) == "<6>[github s3 r17] hello\n");
    CHECK(labelled({"github", "", "r17"}, log_format::systemd) == "<6>[github r17] hello\n");
    CHECK(labelled({"", "s3", ""}, log_format::systemd) == "<6>[s3] hello\n");
    CHECK(labelled({}, log_format::systemd) == "<6>hello\n");
    CHECK(labelled({"a", "b", "c\nd"}, log_format::plain) ==
          "2026-01-02T03:04:05.007Z info    [a b c\\nd] hello\n");
}

TEST_CASE("log line: JSON") {
    CHECK(rendered(severity::warning, log_format::json, true) ==
          R"({"time":"2026-01-02T03:04:05.007Z","level":"warning","message":"hello"})"
          "\n");
    CHECK(labelled({"github", "s3", "r17"}, log_format::json) ==
          R"({"time":"2026-01-02T03:04:05.007Z","level":"info","message":"hello",)"
          R"("server":"github","session":"s3","request":"r17"})"
          "\n");
    CHECK(labelled({"", "", "\"\xFF"}, log_format::json) ==
          R"({"time":"2026-01-02T03:04:05.007Z","level":"info","message":"hello","request":"\"�"})"
          "\n");
}

TEST_CASE("log line: JSON strings are valid whatever the text") {
    CHECK(json_string("a\nb\r\tc \"q\" \\ /") == R"("a\nb\r\tc \"q\" \\ /")");
    CHECK(json_string("\x1b[31m\x07\x7f") == R"("\u001b[31m\u0007\u007f")");
    CHECK(json_string(std::string_view("\0", 1)) == R"("\u0000")");
    CHECK(json_string("é日😀") == "\"é日😀\"");
    CHECK(json_string("\xC2\x85 \xC2\x9B \xE2\x80\xA8 \xE2\x80\xA9 \xC2\xA0") ==
          "\"\\u0085 \\u009b \\u2028 \\u2029 \xC2\xA0\"");
    CHECK(json_string("\xFFz\xC3") == "\"\xEF\xBF\xBDz\xEF\xBF\xBD\"");
    CHECK(parsed("\xC2\x85 \xE2\x80\xA8") == "\xC2\x85 \xE2\x80\xA8"); // the reader gets what was written
    // Surrogates, overlong forms, what lies above U+10FFFF, and every cut of a character.
    for (const std::string_view bad : {"\xED\xA0\x80", "\xC0\x80", "\xE0\x80\xAF", "\xF4\x90\x80\x80",
                                       "\xF0\x9F\x98", "\xE2\x80", "\xC2", "\x80", "\xFE"}) {
        CAPTURE(json_string(bad));
        CHECK(parsed(bad).find("\xEF\xBF\xBD") == 0);
    }
}

TEST_CASE("log line: JSON of random bytes is one line, is parsed, and keeps what is valid") {
    std::mt19937 engine(7);
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        for (std::size_t left = engine() % 24; left > 0; --left)
            text += static_cast<char>(i % 2 == 0 ? engine() % 128 : engine() % 256);
        const auto shown = json_string(text);
        CHECK(std::none_of(shown.begin(), shown.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
        const auto read = parsed(text);
        if (i % 2 == 0) CHECK(read == text);
    }
}

TEST_CASE("log line: a text that was cut is valid JSON too") {
    for (std::size_t more = 0; more < 8; ++more) {
        std::string text(max_line_text - more, 'x');
        for (int i = 0; i < 10; ++i)
            text += "😀";
        CHECK(parsed(cut_text(text)).ends_with(" bytes more)"));
        CHECK(parsed(cut_text(text)).find("\xEF\xBF\xBD") == std::string::npos);
    }
}

TEST_CASE("log line: which format automatic means") {
    CHECK(choose_format(true, "8:17", 8, 17) == log_format::readable);
    CHECK(choose_format(false, "8:17", 8, 17) == log_format::systemd);
    CHECK(choose_format(false, "8:18", 8, 17) == log_format::plain);
    CHECK(choose_format(false, "", 8, 17) == log_format::plain);
    CHECK(choose_format(false, std::nullopt, 8, 17) == log_format::plain);
}
