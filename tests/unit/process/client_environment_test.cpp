#include "process/client_environment.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::process;

namespace {

variable_lookup from(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(std::string(name));
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
}

split_variables one(std::string name, std::string value) {
    std::vector<config::variable> list;
    list.push_back({std::move(name), std::move(value)});
    return split(list);
}

// How a value under a name that the client obeys travels: its line, or "" where it is refused.
std::string line(std::string value) {
    const auto parts = one("HOME", std::move(value));
    CHECK(parts.by_name.empty());
    CHECK(parts.file.empty() == !parts.errors.empty());
    return parts.file;
}

} // namespace

TEST_CASE("the client gets what it needs and nothing else of the gateway's environment") {
    const auto lookup = from({{"PATH", "/bin"},
                              {"DOCKER_HOST", "unix:///x"},
                              {"GITHUB_TOKEN", "secret"},
                              {"NOTIFY_SOCKET", "/run/x"},
                              {"LD_PRELOAD", "x.so"},
                              {"https_proxy", "http://user:secret@proxy"}});
    CHECK(client_environment(lookup) == std::vector<std::string>{"PATH=/bin", "DOCKER_HOST=unix:///x"});
    CHECK(pull_environment(lookup) == std::vector<std::string>{"PATH=/bin", "DOCKER_HOST=unix:///x",
                                                               "https_proxy=http://user:secret@proxy"});
}

TEST_CASE("every variable that the client is given counts as one that steers it") {
    std::vector<std::string> names;
    const auto lookup = [&](std::string_view name) {
        names.emplace_back(name);
        return std::optional<std::string>("x");
    };
    pull_environment(lookup);
    CHECK(names.size() > 30);
    for (const auto& name : names)
        CHECK_MESSAGE(steers_client(name), name);
}

TEST_CASE("names that steer the client, its loader or its library") {
    for (const char* name : {"PATH",
                             "HOME",
                             "USER",
                             "LANG",
                             "LC_MESSAGES",
                             "TMPDIR",
                             "LD_PRELOAD",
                             "LD_AUDIT",
                             "http_proxy",
                             "HTTP_PROXY",
                             "No_Proxy",
                             "ftp_proxy",
                             "DOCKER_HOST",
                             "DOCKER_CONTENT_TRUST",
                             "CONTAINER_HOST",
                             "CONTAINERS_CONF",
                             "XDG_RUNTIME_DIR",
                             "GODEBUG",
                             "SSL_CERT_FILE",
                             "SSL_CERT_DIR",
                             "GLIBC_TUNABLES",
                             "MALLOC_ARENA_MAX",
                             "NOTIFY_SOCKET",
                             "LISTEN_FDS",
                             "STORAGE_DRIVER",
                             "REGISTRY_AUTH_FILE",
                             "_CONTAINERS_USERNS_CONFIGURED",
                             "BASH_ENV",
                             "ENV",
                             "IFS",
                             "OTEL_EXPORTER_OTLP_ENDPOINT",
                             "SSH_AUTH_SOCK",
                             "DBUS_SESSION_BUS_ADDRESS"})
        CHECK_MESSAGE(steers_client(name), name);
    for (const char* name :
         {"GITHUB_TOKEN", "API_KEY", "GOOGLE_CREDENTIALS", "SSH_PRIVATE_KEY", "GPG_PRIVATE_KEY", "PATHS",
          "MY_PATH", "HOMEPAGE", "PROXY", "DOCKERHUB_TOKEN", "NODE_ENV", "ENVIRONMENT", "A"})
        CHECK_MESSAGE(!steers_client(name), name);
}

TEST_CASE("ordinary variables travel by name, whatever their value") {
    for (const char* value :
         {"", "x", "two\nlines\n", "cr\r", "  blanks ", "\"quoted\" 'too'", "#", "\xff\xfe", "a=b"}) {
        const auto parts = one("TOKEN", value);
        REQUIRE(parts.by_name.size() == 1);
        CHECK(parts.by_name[0].value == value);
        CHECK(parts.file.empty());
        CHECK(parts.errors.empty());
    }
}

TEST_CASE("lines of the env-file: taken literally by both clients") {
    CHECK(line("x") == "HOME=x\n");
    CHECK(line("") == "HOME=\n");
    CHECK(line("  lead and trail  ") == "HOME=  lead and trail  \n");
    CHECK(line("tab\t") == "HOME=tab\t\n");
    CHECK(line("\"double\" 'single' `back`") == "HOME=\"double\" 'single' `back`\n");
    CHECK(line("#no comment") == "HOME=#no comment\n");
    CHECK(line("a=b=c") == "HOME=a=b=c\n");
    CHECK(line("$HOME \\n *") == "HOME=$HOME \\n *\n");
    CHECK(line("carriage\rreturn") == "HOME=carriage\rreturn\n");
    CHECK(line("\xc3\xa4\xe2\x80\xa8") == "HOME=\xc3\xa4\xe2\x80\xa8\n");
    CHECK(line(std::string(65530, 'x')).size() == 65536);
}

TEST_CASE("values that fit no way are refused by name, without the value") {
    for (const std::string& value :
         {std::string("hush\nhush"), std::string("hush\r"), std::string("hush\xff"), std::string("hush\xc3"),
          std::string("hush\0", 5), std::string(65531, 'h')}) {
        const auto parts = one("HOME", value);
        REQUIRE(parts.errors.size() == 1);
        CHECK(parts.file.empty());
        CHECK(parts.by_name.empty());
        CHECK(parts.errors[0].find("HOME") != std::string::npos);
        CHECK(parts.errors[0].find("hush") == std::string::npos);
        CHECK(parts.errors[0].find("hhh") == std::string::npos);
    }
    CHECK(one("TOKEN", std::string("hush\0hush", 9)).errors.size() == 1);
    CHECK(one("TOKEN", std::string(131071 - 6, 'x')).errors.empty());
    CHECK(one("TOKEN", std::string(131072 - 6, 'x')).errors.size() == 1);
}

TEST_CASE("names that no shell would take go through the file, impossible ones nowhere") {
    CHECK(one("my-var", "x").file == "my-var=x\n");
    CHECK(one("a.b", "x").file == "a.b=x\n");
    CHECK(one("1st", "x").file == "1st=x\n");
    for (const char* name : {"", "a b", "a=b", "A*", "#a", "a\nb", "\xc3\xa4"}) {
        const auto parts = one(name, "hush");
        CHECK(parts.errors.size() == 1);
        CHECK(parts.file.empty());
        CHECK(parts.by_name.empty());
    }
}

TEST_CASE("the last of several variables with one name counts") {
    const auto parts = split({{"A", "1"}, {"HOME", "1"}, {"B", "2"}, {"A", "3"}, {"HOME", "4"}});
    REQUIRE(parts.by_name.size() == 2);
    CHECK(parts.by_name[0].name == "B");
    CHECK(parts.by_name[1].value == "3");
    CHECK(parts.file == "HOME=4\n");
    CHECK(parts.in_file == std::vector<std::string>{"HOME"});
}
