#include "process/runtime.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>

using namespace drawbridge;
using namespace drawbridge::process;

namespace {

runtime read_podman(const std::string& output) {
    runtime value;
    read_podman_engine(output, value);
    return value;
}

// Clients that are shell scripts, in a PATH of their own.
struct fake_path {
    fake_path() {
        char name[] = "/tmp/drawbridge-test-XXXXXX";
        path = ::mkdtemp(name);
    }
    fake_path(const fake_path&) = delete;
    fake_path& operator=(const fake_path&) = delete;
    ~fake_path() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    // `version` answers --version; `body` everything else.
    void add(const std::string& name, const std::string& version, const std::string& body) const {
        const std::string file = path + "/" + name;
        std::ofstream(file) << "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '" << version
                            << "'; exit 0; fi\n"
                            << body << "\n";
        ::chmod(file.c_str(), 0755);
    }

    runtime_choice find(const std::string& wanted, std::map<std::string, std::string> more = {},
                        std::chrono::milliseconds budget = std::chrono::seconds(20)) const {
        more["PATH"] = path;
        const auto lookup = [more](std::string_view name) -> std::optional<std::string> {
            const auto found = more.find(std::string(name));
            return found == more.end() ? std::nullopt : std::optional<std::string>(found->second);
        };
        boost::asio::io_context loop{1};
        runtime_choice choice;
        std::exception_ptr failure;
        boost::asio::co_spawn(loop,
                              find_runtime(loop.get_executor(), wanted, lookup, core::clock::now() + budget),
                              [&](std::exception_ptr error, runtime_choice found) {
                                  failure = error;
                                  choice = std::move(found);
                              });
        loop.run();
        CHECK(failure == nullptr);
        return choice;
    }

    std::string path;
};

constexpr const char* docker_works = "case $1 in version) echo '28.2.2|Engine,containerd,' ;; context) echo "
                                     "unix:///var/run/docker.sock ;; esac";
constexpr const char* docker_alone =
    "echo '|'; echo 'Cannot connect to the Docker daemon at tcp://me:hush@h:1' >&2; exit 1";
constexpr const char* podman_works = "echo '4.3.1|false|v2|[cpu memory pids]|false'";

} // namespace

TEST_CASE("a client is told by what it says, not by its name") {
    CHECK(read_client_kind("Docker version 28.2.2, build e6534b4\n") == runtime_kind::docker);
    CHECK(read_client_kind("podman version 4.3.1\n") == runtime_kind::podman);
    CHECK(read_client_kind("Emulate Docker CLI using podman.\npodman version 4.3.1\n") ==
          runtime_kind::podman);
    CHECK_FALSE(read_client_kind("nerdctl version 1.7.0\n"));
    CHECK_FALSE(read_client_kind(""));
}

TEST_CASE("docker's engine, and podman's behind docker's client") {
    runtime value;
    read_docker_engine("28.2.2|Engine,containerd,runc,docker-init,\n", value);
    CHECK(value.version == "28.2.2");
    CHECK(value.network == network_style::shared);
    read_docker_engine("4.3.1|Podman Engine,Conmon,\n", value);
    CHECK(value.network == network_style::per_server);
}

TEST_CASE("podman: rights, limits and place of its engine") {
    auto value = read_podman("4.3.1|false|v1|[cpuset cpu cpuacct memory devices pids]|false\n");
    CHECK(value.version == "4.3.1");
    CHECK(value.local);
    CHECK_FALSE(value.rootless);
    CHECK(value.network == network_style::per_server);
    CHECK((value.limits.memory && value.limits.pids && value.limits.cpus));

    value = read_podman("5.0.0|true|v2|[memory pids]|false\n");
    CHECK(value.rootless);
    CHECK(value.network == network_style::user_mode);
    CHECK(value.user_network == "private");
    CHECK((value.limits.memory && value.limits.pids && !value.limits.cpus));

    value = read_podman("4.3.1|true|v1|[memory pids]|false\n");
    CHECK_FALSE((value.limits.memory || value.limits.pids || value.limits.cpus));
    value = read_podman("4.3.1|true|v2|[]|true\n");
    CHECK_FALSE((value.limits.memory || value.limits.pids || value.limits.cpus));
    CHECK_FALSE(value.local);

    // An answer of another shape changes nothing.
    value = read_podman("what?\n");
    CHECK(value.version == "");
    CHECK((value.limits.memory && value.local));
}

TEST_CASE("the first client that works is taken") {
    const fake_path clients;
    clients.add("podman", "podman version 4.3.1", podman_works);
    auto choice = clients.find("");
    REQUIRE(choice.value);
    CHECK(choice.value->kind == runtime_kind::podman);
    CHECK(choice.value->path == clients.path + "/podman");

    clients.add("docker", "Docker version 28.2.2", docker_works);
    choice = clients.find("");
    REQUIRE(choice.value);
    CHECK(choice.value->kind == runtime_kind::docker);
    CHECK(choice.value->version == "28.2.2");
    CHECK(choice.value->local);
    CHECK(choice.value->environment.front() == "PATH=" + clients.path);

    // A client without an engine does not work.
    clients.add("docker", "Docker version 28.2.2", docker_alone);
    choice = clients.find("");
    REQUIRE(choice.value);
    CHECK(choice.value->kind == runtime_kind::podman);

    // podman under docker's name is podman, and taken under its own name.
    clients.add("docker", "podman version 4.3.1", podman_works);
    choice = clients.find("");
    REQUIRE(choice.value);
    CHECK(choice.value->path == clients.path + "/podman");
    choice = clients.find("docker");
    REQUIRE(choice.value);
    CHECK(choice.value->kind == runtime_kind::podman);
    CHECK(choice.value->path == clients.path + "/docker");
}

TEST_CASE("the runtime that was asked for, or none") {
    const fake_path clients;
    clients.add("podman", "podman version 4.3.1", podman_works);
    clients.add("mine", "Docker version 20.10", docker_works);
    clients.add("other", "nerdctl version 1.7.0", "exit 0");
    auto choice = clients.find(clients.path + "/mine");
    REQUIRE(choice.value);
    CHECK(choice.value->kind == runtime_kind::docker);
    choice = clients.find("docker");
    CHECK_FALSE(choice.value);
    CHECK(choice.error.find("docker: not found in PATH") != std::string::npos);
    CHECK(choice.error.find("podman:") == std::string::npos);
    CHECK(clients.find("other").error.find(
              "neither docker nor podman, its --version says: nerdctl version 1.7.0") != std::string::npos);
    CHECK_FALSE(clients.find("/no/such/client").value);
    CHECK(clients.find("/no/such/client").error.find("/no/such/client") != std::string::npos);
}

TEST_CASE("an engine elsewhere is not local") {
    const fake_path clients;
    clients.add("docker", "Docker version 28.2.2", docker_works);
    CHECK(clients.find("", {{"DOCKER_HOST", "unix:///x.sock"}}).value->local);
    CHECK_FALSE(clients.find("", {{"DOCKER_HOST", "ssh://me@there"}}).value->local);
    CHECK_FALSE(clients.find("", {{"DOCKER_HOST", "tcp://127.0.0.1:2375"}}).value->local);
}

TEST_CASE("podman as root without iptables isolates servers in user mode") {
    const fake_path clients;
    clients.add("podman", "podman version 4.3.1", podman_works);
    CHECK(clients.find("").value->network == network_style::per_server); // nothing better
    clients.add("slirp4netns", "slirp4netns version 1.2", "exit 0");
    const auto choice = clients.find("");
    CHECK(choice.value->network == network_style::user_mode);
    CHECK(choice.value->user_network == "slirp4netns");
    clients.add("iptables", "iptables v1.8.9", "exit 0");
    CHECK(clients.find("").value->network == network_style::per_server);
}

TEST_CASE("all that failed is told, without secrets, and a client that hangs does not eat the other's time") {
    const fake_path clients;
    auto choice = clients.find("");
    CHECK_FALSE(choice.value);
    CHECK(choice.error.find("docker: not found in PATH; podman: not found in PATH") != std::string::npos);
    CHECK(choice.error.find("--runtime") != std::string::npos);

    clients.add("docker", "Docker version 28.2.2", docker_alone);
    clients.add("podman", "podman version 4.3.1", "echo 'Error: no storage' >&2; exit 125");
    choice = clients.find("");
    CHECK(choice.error.find("Cannot connect to the Docker daemon") != std::string::npos);
    CHECK(choice.error.find("Error: no storage") != std::string::npos);
    CHECK(choice.error.find("hush") == std::string::npos);

    clients.add("docker", "Docker version 28.2.2", "exec /bin/sleep 60");
    clients.add("podman", "podman version 4.3.1", podman_works);
    choice = clients.find("", {}, std::chrono::seconds(3));
    REQUIRE(choice.value);
    CHECK(choice.value->kind == runtime_kind::podman);
}
