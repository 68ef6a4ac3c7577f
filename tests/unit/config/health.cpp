#include "config/read.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace drawbridge::config;
using namespace std::chrono_literals;

namespace {

reading given(const std::string& gateway, const std::string& server = {}) {
    const auto document = R"({"mcpServers":{"time":{"container":"image")" +
                          (server.empty() ? "" : R"(,"drawbridge":)" + server) +
                          R"(}},"gateway":{"port":8080,"domain":"localhost","agentId":"0123456789abcdef")" +
                          (gateway.empty() ? "" : R"(,"drawbridge":)" + gateway) + "}}";
    return read(document, [](std::string_view) { return std::optional<std::string>(); });
}

std::string first_error(const reading& from) {
    return from.errors.empty() ? std::string()
                               : from.errors.front().path + ": " + from.errors.front().message;
}

} // namespace

TEST_CASE("config: checks of the gateway hold for its servers, which change single ones") {
    const auto read =
        given(R"({"checks":{"interval":10,"timeout":0.5,"fall":5}})", R"({"checks":{"fall":2}})");
    REQUIRE(read.value);
    const auto& checks = read.value->servers.front().checks;
    CHECK(checks.interval == 10s);
    CHECK(checks.timeout == 500ms);
    CHECK(checks.fast_interval == 2s);
    CHECK(checks.fall == 2);
    CHECK(read.value->gate.checks.fall == 5);
}

TEST_CASE("config: without a word about checks the defaults hold") {
    const auto read = given({});
    REQUIRE(read.value);
    const auto& checks = read.value->servers.front().checks;
    CHECK(checks.interval == 30s);
    CHECK(checks.fast_interval == 2s);
    CHECK(checks.down_interval == 30s);
    CHECK(checks.timeout == 5s);
    CHECK(checks.rise == 2);
    CHECK(checks.fall == 3);
}

TEST_CASE("config: wrong checks are refused with their place") {
    CHECK(
        first_error(given(R"({"checks":{"interval":0}})")).starts_with("gateway.drawbridge.checks.interval"));
    CHECK(first_error(given(R"({"checks":{"fall":0}})")).starts_with("gateway.drawbridge.checks.fall"));
    CHECK(first_error(given(R"({"checks":{"often":1}})")).starts_with("gateway.drawbridge.checks.often"));
    CHECK(first_error(given(R"({"checks":30})")).starts_with("gateway.drawbridge.checks"));
}

TEST_CASE("config: readiness is any, all, or a list of configured servers") {
    CHECK(given({}).value->gate.ready.how == readiness::policy::any);
    CHECK(given(R"({"readiness":"all"})").value->gate.ready.how == readiness::policy::all);
    const auto listed = given(R"({"readiness":["time"]})");
    REQUIRE(listed.value);
    CHECK(listed.value->gate.ready.how == readiness::policy::listed);
    CHECK(listed.value->gate.ready.servers == std::vector<std::string>{"time"});
    CHECK(first_error(given(R"({"readiness":["clock"]})")) ==
          "gateway.drawbridge.readiness[0]: no server of this name is configured");
    CHECK_FALSE(given(R"({"readiness":[]})").value);
    CHECK_FALSE(given(R"({"readiness":"some"})").value);
}
