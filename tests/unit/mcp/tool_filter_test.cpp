#include "mcp/tool_filter.hpp"

#include "../jsonrpc/random_json.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>

using drawbridge::mcp::tool_filter;

namespace {

const tool_filter ab({"b", "a"});

std::string list(std::string_view tools) {
    return R"({"jsonrpc":"2.0","id":1,"result":{"x":0.10,"tools":)" + std::string(tools) +
           R"(,"nextCursor":"n"}})";
}

void check(std::string_view tools, std::string_view wanted) {
    CAPTURE(tools);
    CHECK(ab.apply(list(tools)) == list(wanted));
}

} // namespace

TEST_CASE("tool_filter: names") {
    CHECK(ab.allows("a"));
    CHECK(ab.allows("b"));
    CHECK_FALSE(ab.allows("c"));
    CHECK_FALSE(ab.allows(""));
    CHECK_FALSE(ab.allows("A"));
    CHECK_FALSE(ab.allows(std::string_view("a\0", 2)));
    CHECK_FALSE(ab.all());
    CHECK(tool_filter({"x", "*"}).all());
    CHECK(tool_filter({"*"}).allows("anything"));
    CHECK_FALSE(tool_filter({}).all());
    CHECK_FALSE(tool_filter({}).allows("a"));
}

TEST_CASE("tool_filter: elements go, everything else stays byte for byte") {
    check(R"([{"name":"a"},{"name":"b"}])", R"([{"name":"a"},{"name":"b"}])");
    check(R"([ {"name":"c"} , {"name":"b"} ])", R"([ {"name":"b"} ])");
    check(R"([ {"name":"a"} , {"name":"c"} ])", R"([ {"name":"a"} ])");
    check(R"([{"name":"a"},{"name":"c"},{"name":"b"}])", R"([{"name":"a"},{"name":"b"}])");
    check(R"([{"name":"c"},{"name":"d"},{"name":"a"},{"name":"e"},{"name":"f"}])", R"([{"name":"a"}])");
    check(R"([{"name":"c"},{"name":"a"},{"name":"e"},{"name":"b"},{"name":"f"}])",
          R"([{"name":"a"},{"name":"b"}])");
    check(R"([{"name":"c"}])", "[]");
    check(R"([ {"name":"c"},{"name":"d"} ])", "[  ]");
    check("[]", "[]");
    check("[ ]", "[ ]");
    check(R"([{"description":"x,]}\"","name":"a","inputSchema":{"name":"c"}}])",
          R"([{"description":"x,]}\"","name":"a","inputSchema":{"name":"c"}}])");
}

TEST_CASE("tool_filter: names are compared unescaped") {
    check(R"([{"name":"\u0061"},{"n\u0061me":"b"},{"name":"\u0063"}])",
          R"([{"name":"\u0061"},{"n\u0061me":"b"}])");
}

TEST_CASE("tool_filter: an element without exactly one readable name is removed") {
    check(
        R"([{"name":"a"},{},17,"a",null,["a"],{"name":1},{"name":"a","name":"c"},{"name":"a","n\u0061me":"a"}])",
        R"([{"name":"a"}])");
    check(R"([{"name":"\ud800"},{"title":"a"},{"Name":"a"},{"name":"a\u0000"}])", "[]");
}

TEST_CASE("tool_filter: tools that can't be read become empty, also when they stand twice") {
    check("{}", "[]");
    check("null", "[]");
    check(R"("a")", "[]");
    check(R"({"name":"c"})", "[]");
    check(R"([{"name":"a"} {"name":"c"}])", "[]");
    check(R"([{"name":"a"},])", "[]");
    const std::string twice =
        R"({"id":1,"result":{"tools":[{"name":"c"}],"t\u006fols":[{"name":"d"},{"name":"a"}]}})";
    CHECK(ab.apply(twice) == R"({"id":1,"result":{"tools":[],"t\u006fols":[{"name":"a"}]}})");
}

TEST_CASE("tool_filter: other messages") {
    const std::string error = R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}})";
    CHECK(ab.apply(error) == error);
    const std::string empty = R"({"jsonrpc":"2.0","id":1,"result":{}})";
    CHECK(ab.apply(empty) == empty);
    CHECK(ab.apply(R"({"id":1,"result":{"tools":[{"name":"c"}]})") == "");
    CHECK(ab.apply("") == "");
    CHECK(ab.apply(R"({"id":1,"result":{"tools":[1]},"result":{"tools":[]}})") == "");
    CHECK(ab.apply(R"({"id":1,"result":{"tools" [1]}})") == "");
}

TEST_CASE("tool_filter: allowing everything changes nothing") {
    const std::string text = list(R"([{"name":"c"},17])");
    CHECK(tool_filter({"*"}).apply(text) == text);
    CHECK(tool_filter({}).apply(text) == list("[]"));
}

TEST_CASE("tool_filter: random lists give what a filter on the DOM gives") {
    drawbridge::test::random_json random(23);
    const char* const names[] = {"\"a\"", "\"b\"", "\"c\"", "\"\\u0061\"", "\"\\u0063\"", "1"};
    for (int i = 0; i < 2000; ++i) {
        std::string tools = "[" + random.blank();
        const std::uint32_t count = random.number(6);
        for (std::uint32_t k = 0; k < count; ++k) {
            if (k != 0) tools += random.blank() + "," + random.blank();
            std::vector<std::string> members;
            if (random.number(6) != 0) members.push_back("\"name\":" + std::string(names[random.number(6)]));
            tools += random.number(10) == 0 ? random.value(2) : random.object(3, members);
        }
        const std::string text = list(tools + random.blank() + "]");
        CAPTURE(text);
        auto wanted = boost::json::parse(text);
        auto& array = wanted.as_object()["result"].as_object()["tools"].as_array();
        for (auto it = array.begin(); it != array.end();) {
            const auto* object = it->if_object();
            const auto* name = object == nullptr ? nullptr : object->if_contains("name");
            const bool keep = name != nullptr && name->is_string() && (*name == "a" || *name == "b");
            it = keep ? it + 1 : array.erase(it);
        }
        const std::string filtered = ab.apply(text);
        boost::json::error_code ec;
        const auto read = boost::json::parse(filtered, ec);
        REQUIRE_FALSE(ec);
        CHECK(read == wanted);
        CHECK(ab.apply(filtered) == filtered);
    }
}
