#include "config/expand.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;

static std::optional<std::string> some(std::string_view name) {
    if (name == "A") return "alpha";
    if (name == "_b1") return "\"quo\\te\"\n${A}";
    if (name == "EMPTY") return "";
    return std::nullopt;
}

TEST_CASE("config variables: T-CFG-003 a variable becomes its value, wherever it stands") {
    CHECK(expand("${A}", some).value == "alpha");
    CHECK(expand("${A}", some).from == origin::whole);
    CHECK(expand("x${A}y${A}", some).value == "xalphayalpha");
    CHECK(expand("x${A}", some).from == origin::mixed);
    CHECK(expand("${A}${A}", some).from == origin::mixed);
    CHECK(expand("${EMPTY}", some).value.empty());
    CHECK(expand("${EMPTY}", some).from == origin::whole);
    CHECK(expand("plain", some).from == origin::literal);
}

TEST_CASE("config variables: a value is not expanded again and may hold anything") {
    CHECK(expand("<${_b1}>", some).value == "<\"quo\\te\"\n${A}>");
}

TEST_CASE("config variables: everything else with a dollar stays as it is") {
    for (const auto* text : {"$", "$A", "$$", "${", "${}", "${1A}", "${A", "${A-b}", "${A:-x}", "${ A }",
                             "a$", "{A}", "${{ secrets.A }}", "${{ x ${A} }}", "${{", "${{ A", "100$ ${"}) {
        CAPTURE(text);
        CHECK(expand(text, some).value == text);
        CHECK(expand(text, some).from == origin::literal);
    }
    CHECK(expand("$${A}", some).value == "$alpha");
    CHECK(expand("${${A}}", some).value == "${alpha}");
    CHECK(expand("${{ x }}${A}", some).value == "${{ x }}alpha");
}

TEST_CASE("config variables: T-CFG-004 every undefined variable is named once") {
    const auto found = expand("${NO}${A}${NEITHER}${NO}", some);
    REQUIRE(found.undefined.size() == 2);
    CHECK(found.undefined[0] == "NO");
    CHECK(found.undefined[1] == "NEITHER");
    CHECK(found.from == origin::undefined);
}
