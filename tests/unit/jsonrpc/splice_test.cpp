#include "jsonrpc/splice.hpp"

#include "jsonrpc/envelope.hpp"
#include "random_json.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace drawbridge::jsonrpc;

TEST_CASE("splice: replace, insert, remove, in any order") {
    CHECK(splice("abc", {}) == "abc");
    CHECK(splice("abcdef", {{{1, 2}, "XYZ"}}) == "aXYZdef");
    CHECK(splice("abcdef", {{{3, 0}, "+"}}) == "abc+def");
    CHECK(splice("abcdef", {{{0, 0}, "<"}, {{6, 0}, ">"}}) == "<abcdef>");
    CHECK(splice("abcdef", {{{0, 6}, ""}}) == "");
    CHECK(splice("abcdef", {{{4, 1}, "E"}, {{0, 1}, "A"}, {{2, 2}, ""}}) == "AbEf");
    CHECK(splice("abc", {{{1, 0}, "1"}, {{1, 0}, "2"}, {{1, 1}, "B"}}) == "a12Bc");
    CHECK(splice("", {{{0, 0}, "x"}}) == "x");
    const std::vector<edit> edits = {{{2, 1}, "3"}, {{1, 1}, "2"}};
    CHECK(splice("abc", edits) == "a23");
}

TEST_CASE("splice: another id and back gives the same text") {
    drawbridge::test::random_json random(11);
    for (int i = 0; i < 3000; ++i) {
        const std::string text = random.message();
        const auto before = scan(text);
        if (!before.id.present()) continue;
        const std::string id(before.id.in(text));
        const std::string sent = splice(text, {{before.id, "\"gw-123\""}});
        const auto between = scan(sent);
        REQUIRE(between.kind == before.kind);
        CHECK(between.id.in(sent) == "\"gw-123\"");
        CHECK(splice(sent, {{between.id, id}}) == text);
    }
}
