// Configurations, good and bad, given to the real program (Gateway 3, 4). Every single rule has a unit test.
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace drawbridge::test;

namespace {

finished check(std::string_view configuration, std::vector<std::string> more = {},
               const std::map<std::string, std::string>& environment = {}) {
    std::vector<std::string> argv{program_path(), "check"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run(std::move(argv), std::chrono::seconds(60), environment, configuration);
}

std::string with_server(std::string_view server) {
    return R"({"mcpServers":{"one":)" + std::string(server) +
           R"(},"gateway":{"port":8080,"domain":"localhost","agentId":"secret-agent"}})";
}

} // namespace

TEST_CASE("T-CFG-001, T-CFG-002: valid stdio and http server configurations") {
    CHECK(check(with_server(R"({"container":"ghcr.io/example/server:1"})")).status == 0);
    CHECK(check(with_server(R"({"type":"http","url":"https://example.com/mcp"})")).status == 0);
}

TEST_CASE("T-CFG-003: variable expression resolution: a value with quotes can't break anything") {
    gateway_options options;
    options.servers = {scripted("cfg3", {}, R"("env":{"VALUE":"<${TRICKY}>"})")};
    options.environment = {{"TRICKY", "a\"},\"x\":{\"\n$1 \\"}};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("cfg3", "environment")).find("VALUE=<a\"},\"x\":{\"\n$1 \\>\n") !=
          std::string::npos);
}

TEST_CASE("T-CFG-004: undefined variable error detection: all of them, with the paths that need them") {
    gateway_options options;
    options.configuration = R"({"mcpServers":{"one":{"container":"x","env":{"A":"${NOT_THERE_1}"}}},)"
                            R"("gateway":{"port":8080,"domain":"localhost","agentId":"${NOT_THERE_2}"}})";
    options.wait_ready = false;
    gateway gate(std::move(options));
    CHECK(gate.wait_exit(std::chrono::seconds(30)) == 1);
    const auto payload = parse(gate.stdout_text());
    CHECK(find(payload, "error.problems.1") != nullptr);
    for (const auto* wanted : {"NOT_THERE_1", "NOT_THERE_2", "mcpServers.one.env.A", "gateway.agentId"}) {
        CAPTURE(wanted);
        CHECK(gate.stdout_text().find(wanted) != std::string::npos);
        CHECK(gate.log().find(wanted) != std::string::npos);
    }
}

TEST_CASE(
    "a bad configuration: exit 1, every fault with path, line, column and what to do, and nothing starts") {
    const std::string text =
        "{\"mcpServers\": {\n"
        "  \"one\": {\"container\": \"x\", \"mounts\": [\"data:/data\"]},\n"
        "  \"two\": {\"type\": \"http\"}},\n"
        " \"gateway\": {\"port\": 70000, \"domain\": \"localhost\", \"agentId\": \"canary-agent\"},\n"
        " \"extra\": 1}";
    gateway_options options;
    options.configuration = text;
    options.wait_ready = false;
    gateway gate(std::move(options));
    CHECK(gate.wait_exit(std::chrono::seconds(30)) == 1);
    const auto payload = parse(gate.stdout_text());
    CHECK(text_at(payload, "error.type") == "configuration");
    const auto has = [&](std::string_view path, std::int64_t line) {
        for (int index = 0; index < 10; ++index) {
            const auto place = "error.problems." + std::to_string(index);
            if (text_at(payload, place + ".path") == path)
                return number_at(payload, place + ".line") == line &&
                       number_at(payload, place + ".column") > 0 &&
                       !text_at(payload, place + ".message").empty() &&
                       !text_at(payload, place + ".suggestion").empty();
        }
        return false;
    };
    CHECK(has("mcpServers.one.mounts[0]", 2)); // T-CFG-016
    CHECK(has("mcpServers.two.url", 3));       // T-CFG-007
    CHECK(has("gateway.port", 4));             // T-CFG-009
    CHECK(has("extra", 5));                    // T-CFG-006
    CHECK((gate.stdout_text() + gate.log()).find("canary") == std::string::npos);
}

TEST_CASE("what this version can't do is refused, never ignored") {
    const auto guard =
        check(with_server(R"({"container":"x","guard-policies":{"allow-only":{"repos":"all"}}})"));
    CHECK(guard.status == 1);
    CHECK(guard.errors.find("not supported by this version") != std::string::npos);
    const auto auth =
        check(with_server(R"({"type":"http","url":"https://e.com","auth":{"type":"github-oidc"}})"));
    CHECK(auth.status == 1);
    CHECK(auth.errors.find("not supported by this version") != std::string::npos);
}

TEST_CASE("T-AUTH-006: trusted bots are validated; what has no effect is named in one warning") {
    const auto result = check(R"({"mcpServers":{},"gateway":{"port":1,"domain":"d","agentId":"a",)"
                              R"("trustedBots":["my-bot[bot]"],"keepaliveInterval":60}})");
    CHECK(result.status == 0);
    CHECK(result.errors.find("trustedBots") != std::string::npos);
    CHECK(result.errors.find("keepaliveInterval") != std::string::npos);
    const auto bad =
        check(R"({"mcpServers":{},"gateway":{"port":1,"domain":"d","agentId":"a","trustedBots":[""]}})");
    CHECK(bad.status == 1);
}

TEST_CASE("check --explain prints the exact command and hides the values of variables") {
    const auto result = check(
        with_server(R"({"container":"img:1","env":{"KEY":"canary-value"},"args":["-e","MORE=canary-more"]})"),
        {"--explain", "--runtime", runtime()});
    CAPTURE(result.errors);
    CHECK(result.status == 0);
    CHECK(result.output.find(" run --rm ") != std::string::npos);
    CHECK(result.output.find("img:1") != std::string::npos);
    CHECK(result.output.find("KEY") != std::string::npos);
    CHECK(result.output.find("canary") == std::string::npos);
}

TEST_CASE("the examples of the package are valid") {
    const std::map<std::string, std::string> environment{
        {"MCP_GATEWAY_AGENT_ID", "a"}, {"GITHUB_TOKEN", "b"},        {"WORKSPACE", "/w"},
        {"SEARCH_TOKEN", "c"},         {"MCP_GATEWAY_PORT", "8080"}, {"MCP_GATEWAY_DOMAIN", "localhost"},
        {"TICKETS_TOKEN", "d"}};
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(DRAWBRIDGE_SOURCE_DIR) + "/packaging/examples")) {
        const auto result = check("", {"--config", entry.path().string()}, environment);
        CAPTURE(entry.path().string());
        CAPTURE(result.errors);
        CHECK(result.status == 0);
        ++count;
    }
    CHECK(count >= 3);
}

TEST_CASE("the command line: help, version, and mistakes") {
    CHECK(run({program_path(), "--help"}).output.find("drawbridge check") != std::string::npos);
    CHECK(run({program_path(), "--version"}).output.starts_with("drawbridge "));
    for (const auto& wrong : {std::vector<std::string>{"--no-such-option"}, {"frobnicate"}, {"--config"}}) {
        auto argv = wrong;
        argv.insert(argv.begin(), program_path());
        const auto result = run(argv);
        CHECK(result.status == 2);
        CHECK(!result.errors.empty());
    }
    const auto missing = run({program_path(), "--config", "/no/such/file.json"});
    CHECK(missing.status == 1);
    CHECK(missing.errors.find("/no/such/file.json") != std::string::npos);
}
