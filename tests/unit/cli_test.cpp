#include "cli.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

using namespace drawbridge;

namespace {

options parse(std::initializer_list<std::string> words) {
    std::vector<std::string> stored = {"drawbridge"};
    stored.insert(stored.end(), words);
    std::vector<char*> argv;
    for (auto& word : stored)
        argv.push_back(word.data());
    const auto count = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    return parse_command_line(count, argv.data());
}

} // namespace

TEST_CASE("command line: nothing means serve from stdin") {
    const auto read = parse({});
    CHECK(read.error == "");
    CHECK(read.what == command::serve);
    CHECK(read.config_file == "");
    CHECK(read.listen == "");
    CHECK_FALSE(read.strict);
    CHECK_FALSE(read.explain);
    CHECK(read.log_level == telemetry::severity::info);
    CHECK(read.log_format == telemetry::log_format::automatic);
}

TEST_CASE("command line: commands") {
    CHECK(parse({"serve"}).what == command::serve);
    CHECK(parse({"check"}).what == command::check);
    CHECK(parse({"reap", "--listen", ":1"}).what == command::reap);
    CHECK(parse({"status"}).what == command::status);
    CHECK(parse({"healthcheck"}).what == command::healthcheck);
    for (const auto* word : {"help", "-h", "--help"})
        CHECK(parse({word}).what == command::help);
    CHECK(parse({"--version"}).what == command::version);
    CHECK(parse({"check", "--help"}).what == command::help);
    CHECK(parse({"status", "--help"}).what == command::help);
    CHECK(parse({"run"}).error ==
          "no command \"run\"; the commands are serve, check, reap, status and healthcheck");
}

TEST_CASE("command line: every option, in both spellings") {
    const auto read = parse({"serve", "--config", "c.json", "--listen=[::1]:80", "--runtime",
                             "/usr/bin/podman", "--client-config=out.json", "--strict",
                             "--control-socket=run/control", "--log-level", "debug", "--log-format=plain"});
    CHECK(read.error == "");
    CHECK(read.config_file == "c.json");
    CHECK(read.listen == "[::1]:80");
    CHECK(read.runtime == "/usr/bin/podman");
    CHECK(read.client_config == "out.json");
    CHECK(read.strict);
    CHECK(read.control_socket == "run/control");
    CHECK(read.log_level == telemetry::severity::debug);
    CHECK(read.log_format == telemetry::log_format::plain);
    CHECK(parse({"check", "--explain"}).explain);
    CHECK(parse({"--strict"}).strict);
}

TEST_CASE("command line: mistakes are told with the word that is wrong") {
    CHECK(parse({"--nonsense"}).error == "--nonsense: no such option; see drawbridge --help");
    CHECK(parse({"-x"}).error == "-x: no such option; see drawbridge --help");
    CHECK(parse({"--listen"}).error == "--listen needs a value; see drawbridge --help");
    CHECK(parse({"--strict=yes"}).error != "");
    CHECK(parse({"--log-level", "loud"}).error ==
          "--log-level loud: use debug, info, warning, error or critical");
    CHECK(parse({"--log-format", "xml"}).error ==
          "--log-format xml: use auto, readable, systemd, plain or json");
    CHECK(parse({"serve", "now"}).error == "\"now\" is one word too many; see drawbridge --help");
    CHECK(parse({"serve", "--strict", "now"}).error == "\"now\" is one word too many; see drawbridge --help");
    CHECK(parse({"--explain"}).error == "--explain goes with drawbridge check");
    CHECK(parse({"check", "--strict"}).error == "--strict goes with drawbridge serve");
}

TEST_CASE("command line: status and healthcheck") {
    const auto plain = parse({"status"});
    CHECK(plain.error == "");
    CHECK(plain.url == "");
    CHECK(plain.socket == "");
    CHECK(plain.agent_id_file == "");
    CHECK_FALSE(plain.json);
    CHECK_FALSE(plain.watch);
    CHECK_FALSE(plain.ready);
    CHECK(parse({"status", "--url", "http://[::1]:9"}).url == "http://[::1]:9");
    CHECK(parse({"status", "--socket=/run/x"}).socket == "/run/x");
    CHECK(parse({"status", "--listen", ":9"}).listen == ":9");
    CHECK(parse({"status", "--agent-id-file", "id"}).agent_id_file == "id");
    CHECK(parse({"status", "--json"}).json);
    CHECK(parse({"status", "--watch"}).watch);
    const auto check = parse({"healthcheck", "--ready", "--url", "http://h"});
    CHECK(check.error == "");
    CHECK(check.ready);
    CHECK(check.url == "http://h");
    CHECK(parse({"healthcheck", "--agent-id-file", "id"}).error == ""); // the same place and the same id
}

TEST_CASE("command line: an option that would do nothing is a mistake") {
    CHECK(parse({"--control-socket", "x"}).error == "");
    CHECK(parse({"status", "--control-socket", "x"}).error == "--control-socket goes with drawbridge serve");
    for (const auto* option : {"--url", "--socket", "--agent-id-file"})
        for (const auto* what : {"serve", "check", "reap"})
            CHECK(parse({what, option, "x"}).error ==
                  std::string(option) + " goes with drawbridge status and drawbridge healthcheck");
    for (const auto* option : {"--json", "--watch"})
        for (const auto* what : {"serve", "check", "reap", "healthcheck"})
            CHECK(parse({what, option}).error == std::string(option) + " goes with drawbridge status");
    CHECK(parse({"status", "--ready"}).error == "--ready goes with drawbridge healthcheck");
    CHECK(parse({"status", "--json", "--watch"}).error == "--json and --watch don't go together");
    for (const auto* option : {"--config", "--runtime", "--client-config"})
        for (const auto* what : {"status", "healthcheck"})
            CHECK(parse({what, option, "x"}).error.find("these ask a running gateway") != std::string::npos);
    const std::string one = "--url, --socket and --listen name the gateway: give one of them";
    CHECK(parse({"status", "--url", "http://h", "--socket", "x"}).error == one);
    CHECK(parse({"healthcheck", "--listen", ":1", "--socket", "x"}).error == one);
    CHECK(parse({"status", "--url", "http://h", "--listen", ":1"}).error == one);
    CHECK(parse({"status", "--agent-id", "secret"}).what == command::status);
    CHECK(parse({"--control-socket="}).error == "--control-socket needs a value; see drawbridge --help");
    CHECK(parse({"status", "--url", ""}).error == "--url needs a value; see drawbridge --help");
    CHECK(parse({"status", "--socket="}).error == "--socket needs a value; see drawbridge --help");
    CHECK(parse({"status", "--agent-id-file="}).error ==
          "--agent-id-file needs a value; see drawbridge --help");
}

TEST_CASE("command line: the first mistake is the one that is told") {
    CHECK(parse({"--nonsense", "--log-level", "loud"}).error ==
          "--nonsense: no such option; see drawbridge --help");
}

TEST_CASE("command line: one parse leaves nothing behind for the next") {
    CHECK(parse({"--nonsense"}).error != "");
    CHECK(parse({"check", "--explain"}).error == "");
    CHECK(parse({"-xyz"}).error != "");
    CHECK(parse({"check", "--explain"}).error == "");
}

TEST_CASE("command line: the help names every option") {
    const std::string text(help_text());
    for (const auto* option :
         {"--config", "--listen", "--runtime", "--client-config", "--strict", "--explain", "--log-level",
          "--log-format", "--help", "--version", "--control-socket", "--url", "--socket", "--agent-id-file",
          "--json", "--watch", "--ready"})
        CHECK(text.find(option) != std::string::npos);
}
