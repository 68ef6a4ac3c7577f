#include "support.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <utility>

using namespace drawbridge::config;
using namespace drawbridge::config::test;
using std::chrono::seconds;

static stdio_server read_box(std::string_view fields) {
    const auto got = read_with(with_extension(fields));
    REQUIRE_MESSAGE(got.value, all_text(got));
    return *got.value->servers[0].stdio;
}

TEST_CASE("config drawbridge object: defaults of the standard profile") {
    const auto plain = read_box("");
    const auto named = read_box(R"("profile": "standard")");
    for (const auto& one : {plain, named}) {
        CHECK(one.box.network == sandbox::network_access::outbound);
        CHECK(!one.box.read_only_root);
        CHECK(one.box.capabilities.size() == 6);
        CHECK(one.box.memory_bytes == std::uint64_t{4} << 30);
        CHECK(one.box.pids == 1024);
        CHECK(!one.box.cpus);
        CHECK(one.pull == stdio_server::pull_policy::missing);
        CHECK(one.pull_timeout == seconds(300));
        CHECK(one.stop_grace == seconds(10));
    }
}

TEST_CASE("config drawbridge object: strict starts from fewer rights, single settings override it") {
    const auto strict = read_box(R"("profile": "strict")").box;
    CHECK(strict.network == sandbox::network_access::none);
    CHECK(strict.read_only_root);
    CHECK(strict.capabilities.empty());
    CHECK(strict.memory_bytes == std::uint64_t{512} << 20);
    CHECK(strict.pids == 256);
    // Also when the profile stands last.
    const auto mixed = read_box(R"("network": "outbound", "readOnlyRoot": false, "capabilities": ["CHOWN"],
                                   "memory": "1g", "pids": 5, "profile": "strict")")
                           .box;
    CHECK(mixed.network == sandbox::network_access::outbound);
    CHECK(!mixed.read_only_root);
    CHECK(mixed.capabilities == std::vector<std::string>{"CHOWN"});
    CHECK(mixed.memory_bytes == std::uint64_t{1} << 30);
    CHECK(mixed.pids == 5);
}

TEST_CASE("config drawbridge object: every setting") {
    const auto got = read_with(with_extension(
        R"("start": "eager", "startupTimeout": 99, "network": "none", "readOnlyRoot": true, "capabilities": [],
           "memory": 536870912, "pids": 64, "cpus": 1.5, "pull": "never", "pullTimeout": 20, "stopGrace": 0)"));
    REQUIRE(got.value);
    const auto& one = got.value->servers[0];
    CHECK(one.start == server::start_policy::eager);
    CHECK(one.startup_timeout == seconds(99));
    CHECK(one.stdio->box.network == sandbox::network_access::none);
    CHECK(one.stdio->box.read_only_root);
    CHECK(one.stdio->box.capabilities.empty());
    CHECK(one.stdio->box.memory_bytes == 536870912);
    CHECK(one.stdio->box.pids == 64);
    CHECK(one.stdio->box.cpus == 1.5);
    CHECK(one.stdio->pull == stdio_server::pull_policy::never);
    CHECK(one.stdio->pull_timeout == seconds(20));
    CHECK(one.stdio->stop_grace == seconds(0));
    CHECK(read_box(R"("pull": "always")").pull == stdio_server::pull_policy::always);
    CHECK(read_box(R"("memory": "2GiB")").box.memory_bytes == std::uint64_t{2} << 30);
    CHECK(read_box(R"("cpus": 2)").box.cpus == 2.0);
}

TEST_CASE("config drawbridge object: values out of range or of the wrong kind") {
    const std::pair<const char*, const char*> rows[] = {
        {"start", "\"now\""},      {"startupTimeout", "0"},
        {"profile", "\"none\""},   {"network", "\"host\""},
        {"readOnlyRoot", "1"},     {"capabilities", "\"\""},
        {"memory", "\"lots\""},    {"memory", "1024"},
        {"memory", "\"1m\""},      {"memory", "\"20t\""},
        {"memory", "true"},        {"pids", "0"},
        {"pids", "5000000"},       {"cpus", "0"},
        {"cpus", "\"1\""},         {"cpus", "2000"},
        {"pull", "\"sometimes\""}, {"pullTimeout", "0"},
        {"stopGrace", "601"},      {"stopGrace", "-1"},
    };
    for (const auto& [key, value] : rows) {
        CAPTURE(key);
        CAPTURE(value);
        CHECK(only_error(read_with(with_extension("\"" + std::string(key) + "\": " + value)),
                         "mcpServers.s.drawbridge." + std::string(key), ""));
    }
    CHECK(only_error(read_with(with_extension(R"("capabilities": ["CHOWN", "CAP_KILL"])")),
                     "mcpServers.s.drawbridge.capabilities[1]", "did you mean \"KILL\"?"));
    CHECK(only_error(read_with(with_extension(R"("stopGrace": 601)")), "mcpServers.s.drawbridge.stopGrace",
                     "from 0 to 600 (seconds)"));
    CHECK(only_error(read_with(with_extension(R"("cpus": 0)")), "mcpServers.s.drawbridge.cpus",
                     "from 0.01 to 1024"));
}

TEST_CASE("config drawbridge object: links, of both kinds of servers") {
    using sharing = server::session_sharing;
    for (const auto& document : {with_extension(""), with_http(R"("drawbridge": {})")}) {
        const auto got = read_with(document);
        REQUIRE_MESSAGE(got.value, all_text(got));
        CHECK(got.value->servers[0].sessions == sharing::automatic);
        CHECK(got.value->servers[0].max_links == 64);
        CHECK(got.value->servers[0].link_idle_timeout == seconds(900));
    }
    const std::pair<const char*, sharing> words[] = {{"auto", sharing::automatic},
                                                     {"shared", sharing::shared},
                                                     {"per-agent", sharing::per_agent},
                                                     {"per-session", sharing::per_session}};
    for (const auto& [word, wanted] : words) {
        CAPTURE(word);
        const auto fields =
            "\"sessions\": \"" + std::string(word) + R"(", "maxLinks": 10000, "linkIdleTimeout": 604800)";
        for (const auto& document : {with_extension(fields), with_http("\"drawbridge\": {" + fields + "}")}) {
            const auto got = read_with(document);
            REQUIRE_MESSAGE(got.value, all_text(got));
            CHECK(got.value->servers[0].sessions == wanted);
            CHECK(got.value->servers[0].max_links == 10000);
            CHECK(got.value->servers[0].link_idle_timeout == seconds(604800));
        }
    }
}

TEST_CASE("config drawbridge object: faults in the settings of links") {
    const std::pair<const char*, const char*> rows[] = {
        {"sessions", "\"\""},      {"sessions", "\"automatic\""}, {"sessions", "true"},
        {"maxLinks", "0"},         {"maxLinks", "10001"},         {"maxLinks", "\"1\""},
        {"maxLinks", "1.5"},       {"linkIdleTimeout", "0"},      {"linkIdleTimeout", "604801"},
        {"linkIdleTimeout", "-1"},
    };
    for (const auto& [key, value] : rows) {
        CAPTURE(key);
        CAPTURE(value);
        const auto field = "\"" + std::string(key) + "\": " + value;
        const auto path = "mcpServers.s.drawbridge." + std::string(key);
        CHECK(only_error(read_with(with_extension(field)), path, ""));
        CHECK(only_error(read_with(with_http("\"drawbridge\": {" + field + "}")), path, ""));
    }
    CHECK(only_error(read_with(with_extension(R"("sessions": "per_session")")),
                     "mcpServers.s.drawbridge.sessions", "did you mean \"per-session\"?"));
    CHECK(only_error(read_with(with_extension(R"("maxLinks": 0)")), "mcpServers.s.drawbridge.maxLinks",
                     "from 1 to 10000"));
}

TEST_CASE("config drawbridge object: how a server talks, of both kinds") {
    using drawbridge::mcp::era;
    const std::pair<const char*, std::optional<era>> rows[] = {{"", std::nullopt},
                                                               {R"("era": "auto")", std::nullopt},
                                                               {R"("era": "legacy")", era::legacy},
                                                               {R"("era": "modern")", era::modern}};
    for (const auto& [field, wanted] : rows) {
        CAPTURE(field);
        for (const auto& document :
             {with_extension(field), with_http("\"drawbridge\": {" + std::string(field) + "}")}) {
            const auto got = read_with(document);
            REQUIRE_MESSAGE(got.value, all_text(got));
            const bool same = got.value->servers[0].era == wanted;
            CHECK(same);
        }
    }
}

TEST_CASE("config drawbridge object: faults in how a server talks") {
    const std::string path = "mcpServers.s.drawbridge.era";
    for (const auto* value :
         {R"("")", R"("Modern")", R"("2026-07-28")", R"("dual")", "true", "2026", "null", "[]"}) {
        CAPTURE(value);
        const auto field = R"("era": )" + std::string(value);
        CHECK(only_error(read_with(with_extension(field)), path, ""));
        CHECK(only_error(read_with(with_http("\"drawbridge\": {" + field + "}")), path, ""));
    }
    CHECK(only_error(read_with(with_extension(R"("era": "modren")")), path, "did you mean \"modern\"?"));
    CHECK(only_error(read_with(with_gateway(R"("drawbridge": {"era": "auto"})")), "gateway.drawbridge.era",
                     "unknown"));
}

TEST_CASE("config drawbridge object: caFile of an https server") {
    const auto remote = [](std::string_view url, std::string_view file, const variables& known = {}) {
        return read_with(with_server(R"({"type": "http", "url": ")" + std::string(url) +
                                     R"(", "drawbridge": {"caFile": )" + std::string(file) + "}}"),
                         known);
    };
    const std::string path = "mcpServers.s.drawbridge.caFile";
    const auto sound = remote("https://h/mcp", R"("${DIR}/ca.pem")", {{"DIR", "/etc/ssl"}});
    REQUIRE_MESSAGE(sound.value, all_text(sound));
    CHECK(sound.value->servers[0].http->ca_file == "/etc/ssl/ca.pem");
    CHECK(read_with(with_http("\"drawbridge\": {}")).value->servers[0].http->ca_file.empty());
    for (const auto* file : {R"("")", R"(" ")", R"("ca.pem")", R"("./ca.pem")", R"("~/ca.pem")"})
        CHECK(only_error(remote("https://h/mcp", file), path, "absolute"));
    CHECK(only_error(remote("https://h/mcp", "true"), path, "a string"));
    CHECK(only_error(remote("https://h/mcp", R"("${DIR}")", {{"DIR", "/ca.pem\n"}}), path, "line end"));
    CHECK(only_error(remote("https://h/mcp", R"("${DIR}/ca.pem")"), path, "DIR"));
    CHECK(only_error(remote("http://h/mcp", R"("/ca.pem")"), path, "https://"));
    CHECK(only_error(remote("ftp://h/mcp", R"("/ca.pem")"), "mcpServers.s.url", "http"));
    CHECK(only_error(read_with(with_extension(R"("caFile": "/ca.pem")")), path, "http servers only"));
}

TEST_CASE("config drawbridge object: unknown keys are refused") {
    CHECK(only_error(read_with(with_extension(R"("memroy": "1g")")), "mcpServers.s.drawbridge.memroy",
                     "did you mean \"memory\"?"));
    CHECK(only_error(read_with(with_extension(R"("healthStatus": "200")")),
                     "mcpServers.s.drawbridge.healthStatus", "unknown"));
    CHECK(only_error(read_with(with_gateway(R"("drawbridge": {"start": "lazy"})")),
                     "gateway.drawbridge.start", "unknown"));
}

TEST_CASE("config drawbridge object: settings of containers are refused on http servers") {
    for (const auto* key : {"profile", "network", "readOnlyRoot", "capabilities", "memory", "pids", "cpus",
                            "pull", "pullTimeout", "stopGrace"})
        CHECK(only_error(read_with(with_http("\"drawbridge\": {\"" + std::string(key) + "\": 1}")),
                         "mcpServers.s.drawbridge." + std::string(key), "stdio servers only"));
}
