#include "config/report.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>

using namespace drawbridge::config;

TEST_CASE("config report: one JSON line with error at its top") {
    const std::vector<problem> problems = {
        {"gateway.port", 12, 9, "must be an integer", "write 8080"},
        {"", 0, 0, "a \"quoted\"\nthing", ""},
    };
    const auto line = to_json_payload(problems);
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    CHECK(line.back() == '\n');
    const auto payload = boost::json::parse(line).as_object();
    REQUIRE(payload.size() == 1);
    const auto& error = payload.at("error").as_object();
    CHECK(error.at("type").as_string() == "configuration");
    CHECK(error.at("message").as_string() ==
          "the configuration has 2 problems; the first: gateway.port: must be an integer");
    const auto& list = error.at("problems").as_array();
    REQUIRE(list.size() == 2);
    CHECK(list[0].at("path").as_string() == "gateway.port");
    CHECK(list[0].at("line").to_number<int>() == 12);
    CHECK(list[0].at("column").to_number<int>() == 9);
    CHECK(list[0].at("message").as_string() == "must be an integer");
    CHECK(list[0].at("suggestion").as_string() == "write 8080");
}

TEST_CASE("config report: a single problem is the message itself") {
    const auto payload = boost::json::parse(to_json_payload({{"a.b", 1, 2, "wrong", "right"}}));
    CHECK(payload.at("error").at("message").as_string() == "a.b: wrong");
}

TEST_CASE("config report: text reads like a compiler's") {
    CHECK(to_text({{"gateway.port", 12, 9, "must be an integer", "write 8080"}}, "config.json") ==
          "config.json:12:9: error: gateway.port: must be an integer\n    try: write 8080\n");
    CHECK(to_text({{"", 0, 0, "empty", ""}}, "config.json", "warning") == "config.json: warning: empty\n");
    CHECK(to_text({}).empty());
}
