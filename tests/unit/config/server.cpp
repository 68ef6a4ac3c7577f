#include "support.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;
using namespace drawbridge::config::test;
using std::chrono::seconds;

TEST_CASE("config server: T-CFG-001 valid stdio server, with every field") {
    const auto got = read_with(with_server(R"({
        "type": "stdio", "container": "ghcr.io/example/data-mcp:latest", "entrypoint": "/bin/tool",
        "entrypointArgs": ["--config", "/app/config.json", ""], "mounts": ["/in:/app/in:ro"],
        "env": {"A": "1", "B": "${V}"}, "args": ["--user", "1000"], "tools": ["read_file"],
        "registry": "https://registry.example/x", "toolTimeout": 5})"),
                               {{"V", "value"}});
    REQUIRE_MESSAGE(got.value, all_text(got));
    CHECK(got.warnings.empty());
    const auto& one = got.value->servers.at(0);
    CHECK(one.name == "s");
    CHECK(!one.http);
    CHECK(one.tools == std::vector<std::string>{"read_file"});
    CHECK(one.tools_given);
    CHECK(one.registry == "https://registry.example/x");
    CHECK(one.tool_timeout == seconds(5));
    CHECK(one.startup_timeout == seconds(30));
    REQUIRE(one.stdio);
    CHECK(one.stdio->image == "ghcr.io/example/data-mcp:latest");
    CHECK(one.stdio->entrypoint == "/bin/tool");
    CHECK(one.stdio->entrypoint_args == std::vector<std::string>{"--config", "/app/config.json", ""});
    CHECK(one.stdio->runtime_args == std::vector<std::string>{"--user", "1000"});
    REQUIRE(one.stdio->env.size() == 2);
    CHECK(one.stdio->env[1].name == "B");
    CHECK(one.stdio->env[1].value == "value");
    REQUIRE(one.stdio->mounts.size() == 1);
    CHECK(one.stdio->mounts[0].container == "/app/in");
}

TEST_CASE("config server: stdio is the default type, and \"local\" means stdio") {
    CHECK(read_with(with_server(R"({"container": "a"})")).value->servers[0].stdio);
    CHECK(read_with(with_server(R"({"type": "local", "container": "a"})")).value->servers[0].stdio);
    CHECK(!read_with(with_server(R"({"container": "a"})")).value->servers[0].tools_given);
    CHECK(read_with(with_server(R"({"container": "a"})")).value->servers[0].tools ==
          std::vector<std::string>{"*"});
}

TEST_CASE("config server: T-CFG-002 valid http server, with every field") {
    const auto got = read_with(with_server(R"({
        "type": "http", "url": "https://u:${P}@api.example.com/mcp", "headers": {"Authorization": "Bearer ${T}"},
        "tools": ["*"], "connectTimeout": 7, "toolTimeout": 8, "drawbridge": {"start": "eager", "startupTimeout": 9}})"),
                               {{"P", "pass"}, {"T", "token"}});
    REQUIRE_MESSAGE(got.value, all_text(got));
    const auto& one = got.value->servers.at(0);
    CHECK(!one.stdio);
    REQUIRE(one.http);
    CHECK(one.http->url == "https://u:pass@api.example.com/mcp");
    REQUIRE(one.http->headers.size() == 1);
    CHECK(one.http->headers[0].value == "Bearer token");
    CHECK(one.http->connect_timeout == seconds(7));
    CHECK(one.tool_timeout == seconds(8));
    CHECK(one.startup_timeout == seconds(9));
    CHECK(one.start == server::start_policy::eager);
}

TEST_CASE("config server: T-CFG-007 container and url are required") {
    CHECK(only_error(read_with(with_server("{}")), "mcpServers.s.container", "required"));
    CHECK(only_error(read_with(with_server(R"({"type": "http"})")), "mcpServers.s.url", "required"));
    const auto forgot = read_with(with_server(R"({"url": "https://h/"})"));
    CHECK(find(forgot.errors, "mcpServers.s.container", "\"type\": \"http\"") != nullptr);
}

TEST_CASE("config server: T-CFG-008 wrong types of values") {
    const std::pair<const char*, const char*> rows[] = {
        {"entrypoint", "1"},     {"entrypoint", "\"\""}, {"entrypointArgs", "\"x\""}, {"mounts", "{}"},
        {"env", "[]"},           {"args", "\"x\""},      {"tools", "\"*\""},          {"registry", "1"},
        {"toolTimeout", "true"}, {"drawbridge", "1"},    {"toolTimeout", "0"},
    };
    for (const auto& [key, value] : rows) {
        CAPTURE(key);
        CHECK(only_error(read_with(with_stdio("\"" + std::string(key) + "\": " + value)),
                         "mcpServers.s." + std::string(key), ""));
    }
    CHECK(only_error(read_with(with_stdio(R"("entrypointArgs": ["a", 1])")), "mcpServers.s.entrypointArgs[1]",
                     "a string"));
    CHECK(
        only_error(read_with(with_stdio(R"("env": {"PORT": 1})")), "mcpServers.s.env.PORT", "double quotes"));
    CHECK(only_error(read_with(with_server("\"image\"")), "mcpServers.s", "an object"));
    CHECK(
        only_error(read_with(with_server(R"({"container": ["a"]})")), "mcpServers.s.container", "an array"));
    CHECK(only_error(read_with(with_http(R"("headers": {"A": null})")), "mcpServers.s.headers.A", "null"));
    CHECK(only_error(read_with(with_server(R"({"type": 1, "container": "a"})")), "mcpServers.s.type",
                     "a string"));
}

TEST_CASE("config server: a command on the host is refused with a hint to use container") {
    CHECK(only_error(read_with(with_stdio(R"("command": "node")")), "mcpServers.s.command", "container"));
}

TEST_CASE("config server: bad names, images and urls") {
    CHECK(only_error(read_with(R"({"mcpServers":{"a/b":{"container":"x"}},
        "gateway":{"port":1,"domain":"h","agentId":"i"}})"),
                     "mcpServers[\"a/b\"]", "server name"));
    CHECK(only_error(read_with(with_server(R"({"container": "--privileged"})")), "mcpServers.s.container",
                     "image"));
    CHECK(
        only_error(read_with(with_server(R"({"type":"http","url":"ftp://x"})")), "mcpServers.s.url", "http"));
}

TEST_CASE("config server: T-CFG-016 T-CFG-017 T-CFG-018 mounts of a server") {
    const auto several = read_with(with_stdio(R"("mounts": ["/a:/x:ro", "/b:/y:rw", "/c/d:/z:ro"])"));
    REQUIRE(several.value);
    CHECK(several.value->servers[0].stdio->mounts.size() == 3);
    CHECK(!several.value->servers[0].stdio->mounts[1].read_only);
    CHECK(only_error(read_with(with_stdio(R"("mounts": ["/a:/x:ro", "/b:/y"])")), "mcpServers.s.mounts[1]",
                     "three parts"));
    CHECK(only_error(read_with(with_stdio(R"("mounts": ["/b:/y:rx"])")), "mcpServers.s.mounts[0]", "mode"));
    CHECK(only_error(read_with(with_stdio(R"("mounts": ["/a:/x:ro", "/b:/x/:ro"])")),
                     "mcpServers.s.mounts[1]", "same path"));
    CHECK(read_with(with_stdio(R"("mounts": ["${D}:${D}:rw"])"), {{"D", "/work"}}).value);
    CHECK(only_error(read_with(with_stdio(R"("mounts": ["${D}:${D}:rw"])"), {{"D", "/a:b"}}),
                     "mcpServers.s.mounts[0]", "three parts"));
}

TEST_CASE("config server: T-CFG-019 mounts and other container fields on http servers") {
    for (const auto* key : {"mounts", "container", "entrypoint", "entrypointArgs", "args"})
        CHECK(only_error(read_with(with_http("\"" + std::string(key) + "\": []")),
                         "mcpServers.s." + std::string(key), "stdio servers only"));
}

TEST_CASE("config server: url and headers on stdio servers") {
    CHECK(
        only_error(read_with(with_stdio(R"("url": "https://h")")), "mcpServers.s.url", "http servers only"));
    CHECK(only_error(read_with(with_stdio(R"("headers": {})")), "mcpServers.s.headers", "http servers only"));
}

TEST_CASE("config server: env on an http server has no effect and is told so") {
    const auto got = read_with(with_http(R"("env": {"A": "b"})"));
    REQUIRE(got.value);
    CHECK(find(got.warnings, "mcpServers.s.env", "no effect") != nullptr);
}

TEST_CASE("config server: an empty env value passes on the gateway's own variable") {
    const auto document = with_stdio(R"("env": {"OWN": "", "EMPTIED": "${E}", "GIVEN": "x"})");
    const auto got = read_with(document, {{"OWN", "mine"}, {"E", ""}, {"EMPTIED", "not this"}});
    REQUIRE(got.value);
    const auto& env = got.value->servers[0].stdio->env;
    REQUIRE(env.size() == 3);
    CHECK(env[0].value == "mine");
    CHECK(env[1].value.empty());
    CHECK(env[2].value == "x");
    const auto without = read_with(document, {{"E", ""}});
    REQUIRE(without.value);
    CHECK(without.value->servers[0].stdio->env.size() == 2);
    CHECK(find(without.warnings, "mcpServers.s.env.OWN", "OWN") != nullptr);
}

TEST_CASE("config server: names in env and headers") {
    CHECK(only_error(read_with(with_stdio(R"("env": {"A=B": "x"})")), "mcpServers.s.env[\"A=B\"]",
                     "variable name"));
    CHECK(
        only_error(read_with(with_stdio(R"("env": {"": "x"})")), "mcpServers.s.env[\"\"]", "variable name"));
    CHECK(only_error(read_with(with_http(R"("headers": {"A B": "x"})")), "mcpServers.s.headers[\"A B\"]",
                     "header name"));
    CHECK(only_error(read_with(with_http(R"("headers": {"A": "x", "a": "y"})")), "mcpServers.s.headers.a",
                     "twice"));
    CHECK(only_error(read_with(with_http(R"("headers": {"A": "${T}"})"), {{"T", "tok\n"}}),
                     "mcpServers.s.headers.A", "line end"));
}

TEST_CASE("config server: a NUL character is refused wherever it stands") {
    CHECK(only_error(read_with(with_stdio(R"("env": {"A": "x\u0000y"})")), "mcpServers.s.env.A", "NUL"));
    CHECK(only_error(read_with(with_stdio(R"("entrypointArgs": ["\u0000"])")),
                     "mcpServers.s.entrypointArgs[0]", "NUL"));
}

TEST_CASE("config server: dangerous args are refused at their place") {
    const auto both = read_with(with_stdio(R"("args": ["-w", "${NO}", "${NO}", "--pid=host"])"));
    CHECK(both.errors.size() == 3);
    CHECK(find(both.errors, "mcpServers.s.args[3]", "--pid") != nullptr);
    CHECK(only_error(read_with(with_stdio(R"("args": ["--init", "-v", "/:/host"])")), "mcpServers.s.args[1]",
                     "mounts"));
    CHECK(only_error(read_with(with_stdio(R"("args": ["${FLAG}"])"), {{"FLAG", "--privileged"}}),
                     "mcpServers.s.args[0]", "--privileged"));
}

TEST_CASE("config server: T-CFG-011 an unregistered type") {
    CHECK(only_error(read_with(with_server(R"({"type": "safeinputs", "tools": {}})")), "mcpServers.s.type",
                     "unknown server type \"safeinputs\""));
    CHECK(only_error(read_with(with_server(R"({"type": "htpp"})")), "mcpServers.s.type",
                     "did you mean \"http\"?"));
    const auto hidden = read_with(with_server(R"({"type": "${T}"})"), {{"T", "s3cret"}});
    CHECK(only_error(hidden, "mcpServers.s.type", "unknown server type"));
    CHECK(all_text(hidden).find("s3cret") == std::string::npos);
}

TEST_CASE("config server: T-CFG-010 T-CFG-012 a registered custom type is refused plainly, for now") {
    const auto document = [](std::string_view url) {
        return R"({"mcpServers":{"s":{"type":"safeinputs","tools":{"greet":{}}}},"gateway":{"port":1,"domain":"h",
                   "agentId":"i"},"customSchemas":{"safeinputs":")" +
               std::string(url) + "\"}}";
    };
    for (const auto* url : {"https://docs.example/schema.json", ""})
        CHECK(only_error(read_with(document(url)), "mcpServers.s.type", "not supported by this version"));
    const auto bad = read_with(document("http://docs.example/schema.json"));
    CHECK(bad.errors.size() == 2);
    CHECK(find(bad.errors, "customSchemas.safeinputs", "https") != nullptr);
}

TEST_CASE("config server: T-CFG-013 reserved type names can't be registered") {
    const auto document = [](std::string_view entry) {
        return R"({"mcpServers":{},"gateway":{"port":1,"domain":"h","agentId":"i"},"customSchemas":{)" +
               std::string(entry) + "}}";
    };
    for (const auto* name : {"stdio", "http", "local"})
        CHECK(only_error(read_with(document("\"" + std::string(name) + "\":\"\"")),
                         "customSchemas." + std::string(name), "reserved"));
    CHECK(only_error(read_with(document(R"("Bad":"")")), "customSchemas.Bad", "lowercase"));
    CHECK(only_error(read_with(document(R"("x":1)")), "customSchemas.x", "a string"));
    CHECK(only_error(read_with(document(R"("x":"https://")")), "customSchemas.x", "host"));
    const auto unused = read_with(document(R"("x":"https://h/s.json")"));
    REQUIRE(unused.value);
    CHECK(find(unused.warnings, "", "customSchemas") != nullptr);
}

TEST_CASE("config server: a guard is validated, refused and never ignored") {
    const auto refused = "not supported by this version";
    const auto sound = R"("guard-policies": {"allow-only": {"repos": ["o/*"], "min-integrity": "approved",
        "blocked-users": ["x"], "trusted-users": "a,b", "approval-labels": [], "refusal-labels": []}})";
    CHECK(only_error(read_with(with_stdio(sound)), "mcpServers.s.guard-policies", refused));
    CHECK(only_error(read_with(with_http(sound)), "mcpServers.s.guard-policies", refused));
    CHECK(only_error(read_with(with_stdio(R"("guard-policies": {"write-sink": {"accept": ["*"],
        "sink-visibility": "public"}})")),
                     "mcpServers.s.guard-policies", refused));
    CHECK(
        only_error(read_with(with_stdio(R"("guard-policies": {})")), "mcpServers.s.guard-policies", refused));
    const auto faulty = read_with(with_stdio(R"("guard-policies": {
        "allow-only": {"repos": "some", "blocked-users": [1], "extra": 1},
        "write-sink": {"sink-visibility": "secret"}, "allow": {}})"));
    const std::string at = "mcpServers.s.guard-policies.";
    CHECK(faulty.errors.size() == 8);
    CHECK(find(faulty.errors, at + "allow-only.repos", "all, public") != nullptr);
    CHECK(find(faulty.errors, at + "allow-only.min-integrity", "required") != nullptr);
    CHECK(find(faulty.errors, at + "allow-only.blocked-users[0]", "a string") != nullptr);
    CHECK(find(faulty.errors, at + "allow-only.extra", "unknown") != nullptr);
    CHECK(find(faulty.errors, at + "write-sink.accept", "required") != nullptr);
    CHECK(find(faulty.errors, at + "write-sink.sink-visibility", "private") != nullptr);
    CHECK(find(faulty.errors, at + "allow", "unknown") != nullptr);
    CHECK(find(faulty.errors, "mcpServers.s.guard-policies", refused) != nullptr);
    for (const auto* key : {"guard", "tool_response_filters"})
        CHECK(only_error(read_with(with_stdio("\"" + std::string(key) + "\": {}")),
                         "mcpServers.s." + std::string(key), refused));
}

TEST_CASE("config server: auth asks for a token of GitHub Actions") {
    const auto oidc = [](std::string_view more, const variables& known = {}) {
        return read_with(with_http(R"("auth": {"type": "github-oidc")" + std::string(more) + "}"), known);
    };
    const auto named = oidc(R"(, "audience": "${A}")", {{"A", "my-audience"}});
    REQUIRE_MESSAGE(named.value, all_text(named));
    CHECK(named.warnings.empty());
    REQUIRE(named.value->servers[0].http->oidc);
    CHECK(named.value->servers[0].http->oidc->audience == "my-audience");
    CHECK(oidc("").value->servers[0].http->oidc->audience == "https://api.example/mcp");
    CHECK(!read_with(with_http(R"("headers": {})")).value->servers[0].http->oidc);
    const auto user = read_with(with_server(
        R"({"type": "http", "url": "https://u:s3cret@h:8443/mcp?a=b@c", "auth": {"type": "github-oidc"}})"));
    REQUIRE(user.value);
    CHECK(user.value->servers[0].http->oidc->audience == "https://h:8443/mcp?a=b@c");
    const auto both = read_with(
        with_http(R"("headers": {"authorization": "Bearer x", "A": "b"}, "auth": {"type": "github-oidc"})"));
    REQUIRE(both.value);
    CHECK(both.warnings.size() == 1);
    CHECK(find(both.warnings, "mcpServers.s.headers.authorization", "replaced") != nullptr);
}

TEST_CASE("config server: faults in auth") {
    const auto auth = [](std::string_view value, const variables& known = {}) {
        return read_with(with_http("\"auth\": " + std::string(value)), known);
    };
    const std::string path = "mcpServers.s.auth";
    CHECK(only_error(read_with(with_stdio(R"("auth": {"type": "github-oidc"})")), path, "http servers only"));
    CHECK(only_error(auth("{}"), path + ".type", "required"));
    CHECK(only_error(auth("\"github-oidc\""), path, "an object"));
    for (const auto* value : {R"({"type": ""})", R"({"type": "basic"})", R"({"type": "GITHUB-OIDC"})"})
        CHECK(only_error(auth(value), path + ".type", "github-oidc"));
    CHECK(only_error(auth(R"({"type": null})"), path + ".type", "null"));
    const std::string sound = R"({"type": "github-oidc", )";
    CHECK(only_error(auth(sound + R"("audience": 1})"), path + ".audience", "string"));
    CHECK(only_error(auth(sound + R"("audience": " "})"), path + ".audience", "blank"));
    CHECK(only_error(auth(sound + R"("audience": "${A}"})", {{"A", ""}}), path + ".audience", "blank"));
    CHECK(only_error(auth(sound + R"("audience": "${A}"})"), path + ".audience", "undefined"));
    CHECK(only_error(auth(sound + R"("scope": "x"})"), path + ".scope", "unknown"));
}

TEST_CASE("config server: T-CFG-006 unknown fields are refused with a suggestion") {
    CHECK(only_error(read_with(with_stdio(R"("mount": [])")), "mcpServers.s.mount",
                     "did you mean \"mounts\"?"));
    CHECK(only_error(read_with(with_stdio(R"("guardPolicies": {})")), "mcpServers.s.guardPolicies",
                     "did you mean \"guard-policies\"?"));
    CHECK(only_error(read_with(with_stdio(R"("description": "x")")), "mcpServers.s.description",
                     "unknown field"));
    CHECK(only_error(read_with(with_stdio(R"("startupTimeout": 1)")), "mcpServers.s.startupTimeout",
                     "drawbridge.startupTimeout"));
}

TEST_CASE("config server: tools") {
    CHECK(only_error(read_with(with_stdio(R"("tools": ["a", ""])")), "mcpServers.s.tools[1]", "blank"));
    const auto none = read_with(with_stdio(R"("tools": [])"));
    REQUIRE(none.value);
    CHECK(none.value->servers[0].tools.empty());
    CHECK(none.value->servers[0].tools_given);
    CHECK(find(none.warnings, "mcpServers.s.tools", "no tool") != nullptr);
}

TEST_CASE("config server: timeouts come from the gateway unless the server has its own, in both spellings") {
    const auto document = [](std::string_view more) {
        return R"({"mcpServers":{"s":{"type":"http","url":"http://h")" + std::string(more) +
               R"(}},"gateway":{"port":1,"domain":"h","agentId":"i","toolTimeout":70,"startupTimeout":80}})";
    };
    CHECK(read_with(document("")).value->servers[0].tool_timeout == seconds(70));
    CHECK(read_with(document("")).value->servers[0].startup_timeout == seconds(80));
    CHECK(read_with(document(R"(,"tool_timeout":5)")).value->servers[0].tool_timeout == seconds(5));
    CHECK(read_with(document(R"(,"connect_timeout":5)")).value->servers[0].http->connect_timeout ==
          seconds(5));
    CHECK(only_error(read_with(document(R"(,"tool_timeout":5,"toolTimeout":6)")), "mcpServers.s.tool_timeout",
                     "toolTimeout"));
    const auto idle = read_with(with_stdio(R"("connectTimeout": 5)"));
    REQUIRE(idle.value);
    CHECK(find(idle.warnings, "mcpServers.s.connectTimeout", "no effect") != nullptr);
}
