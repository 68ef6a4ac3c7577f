#include "config/position.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace drawbridge::config;

namespace {

struct expected_place {
    std::string path;
    std::size_t line;
    std::size_t column;
};

// Writes a random document and notes the place of every value as it goes.
class generator {
  public:
    explicit generator(unsigned seed) : random_(seed) {}

    void value(const std::string& path, int depth) {
        blanks();
        places.push_back({path, line_, column_});
        const int kind = depth == 0 ? 4 : depth > 4 ? pick(4) : pick(6);
        if (kind == 4)
            object(path, depth);
        else if (kind == 5)
            array(path, depth);
        else
            scalar(kind);
        blanks();
    }

    std::string text;
    std::vector<expected_place> places;

  private:
    int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

    void write(std::string_view part) {
        for (const char c : part) {
            text += c;
            ++column_;
            if (c == '\n') {
                ++line_;
                column_ = 1;
            }
        }
    }

    void blanks() {
        for (int i = pick(3); i > 0; --i)
            write(i == 1 ? "\n" : pick(2) == 0 ? " " : "\r\n\t");
    }

    void scalar(int kind) {
        static const char* const words[] = {
            "true", "false", "null", "-12.5e+3", "0", "\"a\\\"b\\u00e9{[,:\"", "\"\xc3\xa9\"", "\"\""};
        write(words[(pick(2) + 2 * kind) % 8]);
    }

    void object(const std::string& path, int depth) {
        write("{");
        blanks();
        for (int i = 0, count = pick(5); i < count; ++i) {
            if (i > 0) write(",");
            blanks();
            const auto key = (i == 2 ? "odd.key[" : "k") + std::to_string(i);
            write('"' + key + '"');
            blanks();
            write(":");
            value(member(path, key), depth + 1);
        }
        write("}");
    }

    void array(const std::string& path, int depth) {
        write("[");
        blanks();
        for (int i = 0, count = pick(5); i < count; ++i) {
            if (i > 0) write(",");
            value(element(path, static_cast<std::size_t>(i)), depth + 1);
        }
        write("]");
    }

    std::mt19937 random_;
    std::size_t line_ = 1;
    std::size_t column_ = 1;
};

} // namespace

TEST_CASE("config paths: plain keys are joined by dots, others are quoted") {
    CHECK(member("", "gateway") == "gateway");
    CHECK(member("mcpServers", "a-b_1") == "mcpServers.a-b_1");
    CHECK(member("mcpServers", "a.b") == "mcpServers[\"a.b\"]");
    CHECK(member("x", "") == "x[\"\"]");
    CHECK(member("x", "a\"\n") == "x[\"a\\\"\\u000a\"]");
    CHECK(element("x.mounts", 3) == "x.mounts[3]");
}

TEST_CASE("config locator: every value of random documents is found where it was written") {
    std::size_t values = 0;
    for (unsigned seed = 0; seed < 500; ++seed) {
        generator made(seed);
        made.value("", 0);
        const auto found = scan(made.text);
        REQUIRE_MESSAGE(!found.syntax, made.text);
        REQUIRE(found.duplicates.empty());
        for (const auto& one : made.places) {
            const auto at = found.where.value(one.path);
            REQUIRE(at.line == one.line);
            REQUIRE(at.column == one.column);
            ++values;
        }
    }
    CHECK(values > 2000);
}

TEST_CASE("config locator: every cut of a document is a fault inside it, never an accepted text") {
    const std::string sound = "{\"a\":[1,{\"b\":\"x\\n\\u00e9\"}],\"c\":-1.5e3}";
    REQUIRE(!scan(sound).syntax);
    for (std::size_t size = 0; size < sound.size(); ++size) {
        const auto cut = scan(std::string_view(sound).substr(0, size));
        REQUIRE(cut.syntax.has_value());
        CHECK(cut.syntax->line == 1);
        CHECK(cut.syntax->column >= 1);
        CHECK(cut.syntax->column <= size + 1);
    }
}

TEST_CASE("config locator: a path that is not there gives the nearest enclosing value") {
    const auto found = scan("{\n  \"gateway\": {\n    \"port\": 1\n  }\n}");
    CHECK(found.where.value("gateway.domain").line == 2);
    CHECK(found.where.value("gateway.domain").column == 14);
    CHECK(found.where.value("gateway.drawbridge[\"a.b\"][4].c").line == 2);
    CHECK(found.where.value("other").line == 1);
    CHECK(found.where.key("gateway.port").line == 3);
    CHECK(found.where.key("gateway.port").column == 5);
    CHECK(found.where.value("gateway.port").column == 13);
}

TEST_CASE("config scan: faults of syntax are told with their place and what was expected") {
    struct row {
        const char* text;
        std::size_t line;
        std::size_t column;
        const char* part;
    };
    const row rows[] = {
        {"", 1, 1, "empty"},
        {"  \n ", 1, 1, "empty"},
        {"{\n  \"a\": 1,\n}", 3, 1, "key in double quotes"},
        {"{\"a\" 1}", 1, 6, "':'"},
        {"{\"a\":1 \"b\":2}", 1, 8, "',' or '}'"},
        {"[1 2]", 1, 4, "',' or ']'"},
        {"[1,]", 1, 4, "a value"},
        {"{'a':1}", 1, 2, "key in double quotes"},
        {"{\"a\":}", 1, 6, "a value"},
        {"{\"a\":tru}", 1, 6, "a value"},
        {"{\"a\":None}", 1, 6, "a value"},
        {"{\"a\":01}", 1, 6, "begin with 0"},
        {"{\"a\":-}", 1, 7, "a digit"},
        {"{\"a\":1.}", 1, 8, "digit after the point"},
        {"{\"a\":1e}", 1, 8, "digit of the exponent"},
        {"{\"a\":\"b\n\"}", 1, 8, "line end inside a string"},
        {"{\"a\":\"b}", 1, 6, "no end"},
        {"{\"a\":\"\\x\"}", 1, 7, "unknown escape"},
        {"{\"a\":\"\\u12\"}", 1, 7, "four hexadecimal"},
        {"{\"a\":\"\\ud800\"}", 1, 7, "surrogate"},
        {"{\"a\":\"\\udc00x\"}", 1, 7, "surrogate"},
        {"{} {}", 1, 4, "end of the document"},
        {"{ // no\n}", 1, 3, "key in double quotes"},
    };
    for (const auto& one : rows) {
        CAPTURE(one.text);
        const auto found = scan(one.text);
        REQUIRE(found.syntax.has_value());
        CHECK(found.syntax->line == one.line);
        CHECK(found.syntax->column == one.column);
        CHECK(found.syntax->message.find(one.part) != std::string::npos);
        CHECK(!found.syntax->suggestion.empty());
    }
}

TEST_CASE("config scan: hints for comments, trailing commas and single quotes") {
    CHECK(scan("{ // no\n}").syntax->suggestion.find("comments") != std::string::npos);
    CHECK(scan("{\"a\":1,}").syntax->suggestion.find("comma") != std::string::npos);
    CHECK(scan("[1,]").syntax->suggestion.find("comma") != std::string::npos);
    CHECK(scan("{\"a\":'b'}").syntax->suggestion.find("double quotes") != std::string::npos);
}

TEST_CASE("config scan: 32 levels are read, 33 are a clear error") {
    CHECK(!scan(std::string(32, '[') + std::string(32, ']')).syntax);
    const auto deep = scan(std::string(33, '[') + std::string(33, ']'));
    REQUIRE(deep.syntax.has_value());
    CHECK(deep.syntax->message == "nested deeper than 32 levels");
    CHECK(deep.syntax->column == 33);
    CHECK(scan(std::string(100000, '[')).syntax.has_value());
}

TEST_CASE("config scan: repeated keys are found, also in another spelling") {
    const auto found =
        scan("{\"a\":1,\n \"b\":{\"c\":1,\"\\u0063\":2},\n \"a\":3,\"\xc3\xa9\":1,\"\\u00e9\":2}");
    REQUIRE(!found.syntax);
    REQUIRE(found.duplicates.size() == 3);
    CHECK(found.duplicates[0].path == "b.c");
    CHECK(found.duplicates[0].line == 2);
    CHECK(found.duplicates[0].column == 13);
    CHECK(found.duplicates[1].path == "a");
    CHECK(found.duplicates[1].message.find("line 1") != std::string::npos);
    CHECK(scan("{\"a\":{\"x\":1},\"b\":{\"x\":1}}").duplicates.empty());
    CHECK(scan("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}").duplicates.size() == 1);
}
