// Canaries in a configuration that is only read: none of them in what is said about it.
#include "integration/canary.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::test;
using namespace drawbridge::test::canaries;
using namespace std::chrono_literals;

TEST_CASE("canaries: no secret in what is said about a configuration, good or bad") {
    stage on;
    const temporary_folder folder;
    const remote_server far;
    const auto good = options_of(on, far, folder, "plain");
    const auto server = [&](const std::string& members) {
        return R"({"mcpServers":{"one":{)" + members +
               R"(}},"gateway":{"port":1,"domain":"localhost","agentId":"${CANARY_AGENT}"}})";
    };
    const auto gate = [&](const std::string& members) {
        return R"({"mcpServers":{"one":{"container":"x"}},"gateway":{)" + members + "}}";
    };
    const auto& key = on.known.plain.key;
    const std::vector<std::string> bad = {
        R"({"mcpServers":{"one":{"env":{"A":")" + key,
        R"({"mcpServers":)" + key + "}",
        "[\"" + key + "\"]",
        "\"${CANARY_AGENT}\"",
        server(R"("container":"${CANARY_THROUGH} x")"),
        server(R"("container":"x","type":"${CANARY_THROUGH}")"),
        server(R"("container":"x","env":["${CANARY_THROUGH}"])"),
        server(R"("container":"x","env":{"A":7,"A B":"${CANARY_THROUGH}"})"),
        server(R"("container":"x","mounts":["${CANARY_THROUGH}","/${CANARY_ENTRY}:rel:rw"])"),
        server(
            R"("container":"x","args":["${CANARY_ARGUMENT}","--privileged=${CANARY_ENTRY}","--volume=/${CANARY_THROUGH}:/a"])"),
        server(
            R"("container":"x","args":["-${CANARY_ARGUMENT}","--${CANARY_ENTRY}","--env=${CANARY_THROUGH} x=1"])"),
        server(
            R"("container":"x","drawbridge":{"start":"${CANARY_THROUGH}","memory":"${CANARY_ENTRY}","network":"${CANARY_ARGUMENT}"})"),
        server(
            R"("type":"http","url":"https://${CANARY_THROUGH}:${CANARY_ENTRY}@h:port/?${CANARY_ARGUMENT}")"),
        server(
            R"("type":"http","url":"${CANARY_THROUGH}","headers":{"X":"${CANARY_ENTRY}\n","Host":"${CANARY_AGENT}"})"),
        server(R"("type":"http","url":"https://h/","auth":{"type":"${CANARY_THROUGH}","audience":7})"),
        server(R"("container":"x","env":{"A":"${CANARY_THROUGH}${CANARY_NOT_THERE}"})"),
        gate(R"("port":"${CANARY_AGENT}","domain":"${CANARY_THROUGH} x","agentId":"${CANARY_AGENT} ")"),
        gate(R"("port":1,"domain":"localhost","agentIds":["${CANARY_AGENT}\n"],"agentId":"${CANARY_AGENT}")"),
        gate(
            R"("port":1,"domain":"localhost","agentId":"${CANARY_AGENT}","sessionTimeout":"${CANARY_THROUGH}","drawbridge":)"
            R"({"allowedOrigins":["${CANARY_ENTRY}"],"allowedHosts":["${CANARY_ARGUMENT}/"],"healthStatus":"${CANARY_BEARER}"})"),
    };
    for (const auto& text : bad)
        for (const auto* command : {"check", "serve"}) {
            const auto told = run({program_path(), command}, 60s, good.environment, text);
            CAPTURE(told.errors);
            CHECK(told.status == 1);
            on.said.add(std::string("stdout of ") + command, told.output);
            on.said.add(std::string("stderr of ") + command, told.errors);
        }
    auto environment = good.environment;
    environment["MCP_GATEWAY_CONTAINER_RUNTIME"] = runtime();
    const auto explained = run({program_path(), "check", "--explain"}, 60s, environment, good.configuration);
    CHECK(explained.status == 0);
    CHECK(explained.output.find("THROUGH") != std::string::npos);
    on.said.add("stdout of check --explain", explained.output);
    on.said.add("stderr of check --explain", explained.errors);
    CHECK(on.said.leaks(on.known.all()) == "");
}
