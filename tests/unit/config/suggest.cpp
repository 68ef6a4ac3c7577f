#include "config/suggest.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;

TEST_CASE("config suggestions: distance counts edits, not letter case or dashes") {
    CHECK(edit_distance("toolTimeout", "tool_timeout") == 0);
    CHECK(edit_distance("mount", "mounts") == 1);
    CHECK(edit_distance("evn", "env") == 1);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("config suggestions: only what is close is suggested") {
    const std::vector<std::string_view> words = {"container", "entrypoint", "entrypointArgs", "env",
                                                 "mounts"};
    CHECK(closest("contianer", words) == "container");
    CHECK(closest("entryPoint", words) == "entrypoint");
    CHECK(closest("entrypointArg", words) == "entrypointArgs");
    CHECK(closest("volumes", words).empty());
    CHECK(closest(std::string(1000, 'e'), words).empty());
    CHECK(join(words).substr(0, 21) == "container, entrypoint");
}
