// Configurations, good and bad, given to the real program (Gateway 3, 4). Every single rule has a unit test.
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <csignal>
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

std::string with_gateway(std::string_view members) {
    return R"({"mcpServers":{},"gateway":{"port":8080,"domain":"localhost","agentId":"a",)" +
           std::string(members) + "}}";
}

// `serve` ends with 1, and its payload has this path, with all that a reader needs. The problem's message.
std::string refused(const std::string& configuration, std::string_view path) {
    CAPTURE(configuration);
    const auto result = run({program_path()}, std::chrono::seconds(60), {}, configuration);
    CHECK(result.status == 1);
    CHECK(lines_of(result.output).size() == 1);
    const auto payload = parse(result.output);
    for (int index = 0; find(payload, "error.problems." + std::to_string(index)) != nullptr; ++index) {
        const auto place = "error.problems." + std::to_string(index);
        if (text_at(payload, place + ".path") != path) continue;
        CHECK(number_at(payload, place + ".line") == 1);
        CHECK(number_at(payload, place + ".column") > 0);
        CHECK(!text_at(payload, place + ".suggestion").empty());
        return text_at(payload, place + ".message");
    }
    FAIL_CHECK("no problem at " << path << " in " << result.output);
    return {};
}

bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
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
    const auto auth = check(with_server(R"({"type":"http","url":"https://e.com","auth":{"type":"basic"}})"));
    CHECK(auth.status == 1);
    CHECK(auth.errors.find("github-oidc") != std::string::npos);
}

TEST_CASE("T-AUTH-006: trusted bots are validated; what has no effect is named in one warning") {
    const auto result = check(R"({"mcpServers":{},"gateway":{"port":1,"domain":"d","agentId":"a",)"
                              R"("trustedBots":["my-bot[bot]"],"forcePublicRepos":true}})");
    CHECK(result.status == 0);
    CHECK(result.errors.find("trustedBots") != std::string::npos);
    CHECK(result.errors.find("forcePublicRepos") != std::string::npos);
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

TEST_CASE("check --explain says why the runtime folder can't be used, and explains nothing") {
    const auto result = check(with_server(R"({"container":"img:1"})"), {"--explain", "--runtime", runtime()},
                              {{"RUNTIME_DIRECTORY", "/proc/nowhere"}});
    CAPTURE(result.errors);
    CHECK(result.status == 1);
    CHECK(holds(result.errors, "drawbridge: --explain needs a folder"));
    CHECK(holds(result.errors, "/proc/nowhere"));
    CHECK(holds(result.output, "valid, 1 servers"));
    CHECK(!holds(result.output, "img:1"));
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
    CHECK(count >= 5);
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

TEST_CASE("T-CFG-005: payload directory path validation (absolute paths)") {
    CHECK(check(with_gateway(R"("payloadDir":"/var/lib/payloads")")).status == 0);
    CHECK(holds(refused(with_gateway(R"("payloadDir":"relative/path")"), "gateway.payloadDir"), "absolute"));
    refused(with_gateway(R"("payloadDir":"")"), "gateway.payloadDir");
    refused(with_gateway(R"("payloadDir":"  ")"), "gateway.payloadDir");
}

TEST_CASE("T-CFG-006: unknown field rejection: at the top, in a server, in the gateway, in our own objects") {
    refused(R"({"mcpServers":{},"servers":1,"gateway":{"port":1,"domain":"d","agentId":"a"}})", "servers");
    refused(with_server(R"({"container":"x","containr":"y"})"), "mcpServers.one.containr");
    refused(with_server(R"({"container":"x","command":"sh"})"), "mcpServers.one.command");
    refused(with_server(R"({"container":"x","drawbridge":{"pul":"never"}})"),
            "mcpServers.one.drawbridge.pul");
    refused(with_gateway(R"("prt":1)"), "gateway.prt");
    refused(with_gateway(R"("drawbridge":{"health":1})"), "gateway.drawbridge.health");
}

TEST_CASE("T-CFG-007: missing required field detection") {
    refused(R"({"mcpServers":{}})", "gateway");
    refused(R"({"gateway":{"port":1,"domain":"d","agentId":"a"}})", "mcpServers");
    for (const auto* path : {"gateway.port", "gateway.domain", "gateway.agentId"})
        refused(R"({"mcpServers":{},"gateway":{}})", path);
    refused(with_server("{}"), "mcpServers.one.container");
    refused(with_server(R"({"type":"http"})"), "mcpServers.one.url");
}

TEST_CASE("T-CFG-008: invalid type detection") {
    refused(R"({"mcpServers":[],"gateway":{"port":1,"domain":"d","agentId":"a"}})", "mcpServers");
    refused(with_server("7"), "mcpServers.one");
    refused(with_server(R"({"container":7})"), "mcpServers.one.container");
    refused(with_server(R"({"container":"x","entrypointArgs":"-v"})"), "mcpServers.one.entrypointArgs");
    refused(with_server(R"({"container":"x","env":{"A":1}})"), "mcpServers.one.env.A");
    refused(R"({"mcpServers":{},"gateway":{"port":"80","domain":"d","agentId":"a"}})", "gateway.port");
    refused(with_gateway(R"("toolTimeout":1.5)"), "gateway.toolTimeout");
}

TEST_CASE("T-CFG-009: port range validation") {
    const auto with_port = [](const std::string& port) {
        return R"({"mcpServers":{},"gateway":{"port":)" + port + R"(,"domain":"d","agentId":"a"}})";
    };
    for (const auto* good : {"1", "65535"})
        CHECK(check(with_port(good)).status == 0);
    for (const auto* bad : {"0", "-1", "65536", "99999999999999999999", "80.5", "null"})
        refused(with_port(bad), "gateway.port");
}

TEST_CASE("T-CFG-011: reject custom type without schema registration") {
    CHECK(holds(refused(with_server(R"({"type":"htpp","url":"https://example.com"})"), "mcpServers.one.type"),
                "unknown server type"));
}

TEST_CASE("T-CFG-013: reject custom type conflicting with reserved types") {
    for (const std::string name : {"stdio", "http"})
        CHECK(holds(refused(R"({"customSchemas":{")" + name +
                                R"(":""},"mcpServers":{},"gateway":{"port":1,"domain":"d","agentId":"a"}})",
                            "customSchemas." + name),
                    "reserved"));
}

TEST_CASE("a registered custom type is refused as not supported by this version") {
    const std::string text = R"({"customSchemas":{"mine":""},"mcpServers":{"one":{"type":"mine"}},)"
                             R"("gateway":{"port":1,"domain":"d","agentId":"a"}})";
    CHECK(holds(refused(text, "mcpServers.one.type"), "not supported by this version"));
}

TEST_CASE("T-CFG-015, T-CFG-018: valid volume mounts, one and several") {
    CHECK(check(with_server(R"({"container":"x","mounts":["/a:/b:ro"]})")).status == 0);
    const auto several =
        check(with_server(R"({"container":"x","mounts":["/a:/b:ro","/a:/c:rw","/d/e:/f:ro"]})"),
              {"--explain", "--runtime", runtime()});
    CHECK(several.status == 0);
    for (const auto* target : {"target=/b", "target=/c", "target=/f"})
        CHECK(holds(several.output, target));
    refused(with_server(R"({"container":"x","mounts":["/a:/b:ro","/c:/b/:rw"]})"),
            "mcpServers.one.mounts[1]");
}

TEST_CASE("T-CFG-016: reject invalid mount format (missing components)") {
    for (const std::string bad : {"/a:/b", "/a", "", ":/b:ro", "/a::ro", "a:/b:ro", "/a:b:ro", "/a:/b:ro:z"})
        refused(with_server(R"({"container":"x","mounts":[")" + bad + R"("]})"), "mcpServers.one.mounts[0]");
}

TEST_CASE("T-CFG-017: reject invalid mount mode") {
    for (const std::string bad : {"rx", "RO", "", "ro,z"})
        refused(with_server(R"({"container":"x","mounts":["/ok:/ok:ro","/a:/b:)" + bad + R"("]})"),
                "mcpServers.one.mounts[1]");
}

TEST_CASE("T-CFG-019: reject mounts for HTTP servers") {
    refused(with_server(R"({"type":"http","url":"https://example.com","mounts":["/a:/b:ro"]})"),
            "mcpServers.one.mounts");
}

TEST_CASE("port and domain may be one variable, whose value is never shown") {
    const auto port = std::to_string(free_port());
    const std::string text = R"({"mcpServers":{"cfgvar":{"type":"http","url":"http://example.com"}},)"
                             R"("gateway":{"port":"${THE_PORT}","domain":"${THE_DOMAIN}","agentId":"a"}})";
    gateway_options options;
    options.configuration = text;
    options.port = static_cast<std::uint16_t>(std::stoi(port));
    options.environment = {{"THE_PORT", port}, {"THE_DOMAIN", "host.docker.internal"}};
    const gateway gate(std::move(options));
    CHECK(text_at(parse(gate.stdout_lines().front()), "mcpServers.cfgvar.url") ==
          "http://host.docker.internal:" + port + "/mcp/cfgvar");
    CHECK(gate.get("/livez").status == 200);
    for (const std::string bad : {"canary", "0", "65536", " 80", "80 ", "0x50"}) {
        const auto result = check(text, {}, {{"THE_PORT", bad}, {"THE_DOMAIN", "http://canary"}});
        CAPTURE(result.errors);
        CHECK(result.status == 1);
        CHECK(holds(result.errors, "gateway.port"));
        CHECK(holds(result.errors, "gateway.domain"));
        CHECK(!holds(result.errors, "canary"));
    }
}

TEST_CASE("a bad configuration starts no server, not even an eager one beside the fault") {
    gateway_options options;
    options.servers = {scripted("cfgnone", {}, R"("drawbridge":{"start":"eager"})"), {"bad", "{}"}};
    options.wait_ready = false;
    gateway gate(std::move(options));
    CHECK(gate.wait_exit(std::chrono::seconds(30)) == 1);
    CHECK(!holds(gate.log(), "listening"));
    CHECK(gate.containers("cfgnone").empty());
}

TEST_CASE("a taken port: exit 1 with a payload, and the gateway that holds it is unharmed") {
    gateway_options options;
    options.servers = {scripted("cfgport")};
    const gateway first(std::move(options));
    first.call("cfgport", "echo");
    const auto before = first.containers("cfgport");
    REQUIRE(before.size() == 1);
    gateway_options same;
    same.servers = {scripted("cfgport", {}, R"("drawbridge":{"start":"eager"})")};
    same.port = first.port();
    same.wait_ready = false;
    gateway second(std::move(same));
    CHECK(second.wait_exit(std::chrono::seconds(60)) == 1);
    const auto payload = parse(second.stdout_text());
    CHECK(text_at(payload, "error.type") == "startup");
    CHECK(holds(text_at(payload, "error.message"), std::to_string(first.port())));
    CHECK(first.containers("cfgport") == before);
    CHECK(tool_text(first.call("cfgport", "echo", R"({"text":"unharmed"})")) == "unharmed");
}

TEST_CASE("a runtime that is missing: serve fails, check and HTTP servers don't need one") {
    const auto stdio = with_server(R"({"container":"x"})");
    CHECK(check(stdio, {"--runtime", "/nonexistent"}).status == 0);
    const auto explained = check(stdio, {"--explain", "--runtime", "/nonexistent"});
    CHECK(explained.status == 1);
    CHECK(holds(explained.errors, "/nonexistent"));
    const auto served = run({program_path(), "--listen", "127.0.0.1:0", "--runtime", "/nonexistent"},
                            std::chrono::seconds(60), {}, stdio);
    CHECK(served.status == 1);
    CHECK(holds(text_at(parse(served.output), "error.message"), "--runtime"));
    gateway_options options;
    options.servers = {{"cfgremote", R"({"type":"http","url":"http://127.0.0.1:9/"})"}};
    options.arguments = {"--runtime", "/nonexistent"};
    CHECK(gateway(std::move(options)).get("/livez").status == 200);
}

TEST_CASE("ineffective fields stand in one warning, in check and in serve's log") {
    const auto text = with_gateway(R"("payloadDir":"/p","payloadPathPrefix":"/q","payloadSizeThreshold":1,)"
                                   R"("trustedBots":["b"],"forcePublicRepos":true)");
    const auto result = check(text);
    CHECK(result.status == 0);
    const auto at = result.errors.find("without effect");
    REQUIRE(at != std::string::npos);
    CHECK(result.errors.find("without effect", at + 1) == std::string::npos);
    for (const auto* field :
         {"payloadDir", "payloadPathPrefix", "payloadSizeThreshold", "trustedBots", "forcePublicRepos"})
        CHECK(holds(result.errors, std::string("gateway.") + field));
    gateway_options options;
    options.gateway_extra = R"("trustedBots":["b"])";
    gateway gate(std::move(options));
    gate.signal(SIGTERM);
    CHECK(gate.wait_exit(std::chrono::seconds(30)) == 0);
    CHECK(holds(gate.log(), "without effect in this version: gateway.trustedBots"));
}

TEST_CASE("args: variables of -e reach the server, their values no output") {
    gateway_options options;
    options.servers = {
        scripted("cfgargs", {}, R"("args":["-e","CFG_ONE=canary one","--env=CFG_TWO=canary-two"])")};
    const gateway gate(std::move(options));
    const auto seen = tool_text(gate.call("cfgargs", "environment"));
    CHECK(holds(seen, "CFG_ONE=canary one\n"));
    CHECK(holds(seen, "CFG_TWO=canary-two\n"));
    CHECK(!holds(gate.log() + gate.stdout_text(), "canary"));
    refused(with_server(R"({"container":"x","args":["--privileged"]})"), "mcpServers.one.args[0]");
    refused(with_server(R"({"container":"x","args":["-v","/:/host"]})"), "mcpServers.one.args[0]");
}

TEST_CASE("the command line: more mistakes, and the payload of a missing file") {
    const auto empty = with_gateway(R"("toolTimeout":60)");
    const std::vector<std::vector<std::string>> mistakes{{"check", "more"},
                                                         {"check", "--strict"},
                                                         {"--explain"},
                                                         {"--log-level", "loud"},
                                                         {"--log-format", "x"},
                                                         {"--listen", "nonsense"},
                                                         {"--listen", "127.0.0.1:99999"}};
    for (auto argv : mistakes) {
        CAPTURE(argv.back());
        argv.insert(argv.begin(), program_path());
        const auto result = run(std::move(argv), std::chrono::seconds(60), {}, empty);
        CHECK(result.status == 2);
        CHECK(!result.errors.empty());
        CHECK(result.output.empty());
    }
    const auto missing = run({program_path(), "--config", "/no/such/file.json"});
    CHECK(holds(text_at(parse(missing.output), "error.problems.0.message"), "can't be read"));
    const auto help = run({program_path(), "--help"});
    CHECK(help.status == 0);
    for (const auto* option :
         {"--config", "--listen", "--runtime", "--client-config", "--strict", "--explain"})
        CHECK(holds(help.output, option));
}
