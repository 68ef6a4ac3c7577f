#include "jsonrpc/text.hpp"

#include "jsonrpc/utf8.hpp"
#include "random_json.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace drawbridge::jsonrpc;

TEST_CASE("unescape: every escape") {
    CHECK(unescape(R"("")") == "");
    CHECK(unescape(R"("plain é")") == "plain é");
    CHECK(unescape(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(unescape(R"("n\u0061me")") == "name");
    CHECK(unescape(R"("\u00e9\u00E9\u65e5\uD83D\uDE00")") == "éé日😀");
    CHECK(unescape(R"("a\u0000b")") == std::string("a\0b", 3));
}

TEST_CASE("unescape: what is refused") {
    for (const char* token :
         {"", "\"", "a", "1", "\"a", "a\"", R"("\")", R"("\x")", R"("\u12")", R"("\u12g4")", R"("\ud800")",
          R"("\ud800x")", R"("\ud800\n")", R"("\ud800\u0061")", R"("\udc00")", "\"a\nb\"", "\"a\"b\""}) {
        CAPTURE(token);
        CHECK_FALSE(unescape(token).has_value());
    }
}

TEST_CASE("string_equals: by value, not by spelling") {
    CHECK(string_equals(R"("name")", "name"));
    CHECK(string_equals(R"("n\u0061me")", "name"));
    CHECK(string_equals(R"("\u006e\u0061\u006d\u0065")", "name"));
    CHECK_FALSE(string_equals(R"("names")", "name"));
    CHECK_FALSE(string_equals(R"("n\u0062me")", "name"));
    CHECK_FALSE(string_equals("name", "name"));
    CHECK_FALSE(string_equals(R"("\ud800ame")", "name"));
}

TEST_CASE("quote: escapes and repairs") {
    CHECK(quote("") == R"("")");
    CHECK(quote("a\"b\\c/\n\r\t\b\f\x01\x7f") == R"("a\"b\\c/\n\r\t\b\f\u0001\u007f")");
    CHECK(quote("é日😀") == "\"é日😀\"");
    CHECK(quote("a\xC3z\xFF\xED\xA0\x80") == "\"a\uFFFDz\uFFFD\uFFFD\uFFFD\uFFFD\"");
}

TEST_CASE("quote: random bytes give valid JSON; valid UTF-8 comes back") {
    drawbridge::test::random_json random(5);
    for (int i = 0; i < 2000; ++i) {
        std::string raw;
        for (std::uint32_t left = random.number(40); left > 0; --left)
            raw += static_cast<char>(random.number(256));
        boost::json::error_code ec;
        const auto value = boost::json::parse(quote(raw), ec);
        CHECK_FALSE(ec);
        const std::string token = random.string();
        const auto plain = unescape(token);
        REQUIRE(plain.has_value());
        CHECK(unescape(quote(*plain)) == plain);
    }
}

TEST_CASE("utf8: lengths and borders") {
    CHECK(utf8_length("a", 0) == 1);
    CHECK(utf8_length("é", 0) == 2);
    CHECK(utf8_length("日", 0) == 3);
    CHECK(utf8_length("😀", 0) == 4);
    for (const char* bad :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80",
          "\xF0\x80\x80\x80", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
        CHECK(utf8_length(bad, 0) == 0);
    }
    CHECK(utf8_border("aé", 5) == 3);
    CHECK(utf8_border("aé", 2) == 1);
    CHECK(utf8_border("a😀b", 4) == 1);
    CHECK(utf8_border("a😀b", 5) == 5);
    CHECK(utf8_border("a", 0) == 0);
}

TEST_CASE("flatten: a pretty-printed message on one line") {
    std::string text = "{\r\n  \"a\": \"b\\n\"\n}";
    CHECK(has_line_break(text));
    flatten(text);
    CHECK(text == "{    \"a\": \"b\\n\" }");
    CHECK_FALSE(has_line_break(text));
    CHECK_FALSE(has_line_break(""));
}
