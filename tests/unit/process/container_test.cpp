#include "process/container.hpp"

#include "process/client_environment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::process;

namespace {

using words = std::vector<std::string>;

runtime some_client(runtime_kind kind) {
    runtime client;
    client.kind = kind;
    client.path = kind == runtime_kind::docker ? "/usr/bin/docker" : "/usr/bin/podman";
    client.environment = {"PATH=/usr/bin", "HOME=/root"};
    client.network = kind == runtime_kind::docker ? network_style::shared : network_style::per_server;
    return client;
}

const instance here{"0123456789abcdef", "cafe0123", "/run/drawbridge"};

config::server some_server() {
    config::server server;
    server.name = "github";
    server.stdio.emplace();
    server.stdio->image = "ghcr.io/github/github-mcp-server:1.0";
    return server;
}

bool has(const words& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool any_begins(const words& list, const std::string& prefix) {
    return std::any_of(list.begin(), list.end(),
                       [&](const std::string& word) { return word.starts_with(prefix); });
}

launch_plan planned(const config::server& server, runtime_kind kind = runtime_kind::podman) {
    return plan_launch(some_client(kind), here, server, 7);
}

} // namespace

TEST_CASE("the whole command line of the default profile with podman") {
    auto server = some_server();
    server.stdio->env = {{"GITHUB_TOKEN", "secret"}};
    server.stdio->mounts = {{"/srv/data", "/data", true}};
    server.stdio->entrypoint = "/server";
    server.stdio->entrypoint_args = {"stdio", "--read-only"};
    server.stdio->runtime_args = {"--workdir=/data"};
    const auto plan = planned(server);
    const words expected{"/usr/bin/podman",
                         "run",
                         "--rm",
                         "--interactive",
                         "--init",
                         "--name=drawbridge-0123456789abcdef-github-7-cafe0123",
                         "--label=io.drawbridge.instance=0123456789abcdef",
                         "--label=io.drawbridge.server=github",
                         "--pull=never",
                         "--pidfile=/run/drawbridge/drawbridge-0123456789abcdef-github-7-cafe0123.pid",
                         "--env-host=false",
                         "--http-proxy=false",
                         "--log-driver=none",
                         "--no-healthcheck",
                         "--stop-timeout=10",
                         "--security-opt=no-new-privileges",
                         "--cap-drop=ALL",
                         "--cap-add=CHOWN",
                         "--cap-add=DAC_OVERRIDE",
                         "--cap-add=FOWNER",
                         "--cap-add=SETUID",
                         "--cap-add=SETGID",
                         "--cap-add=KILL",
                         "--pids-limit=1024",
                         "--memory=4294967296",
                         "--memory-swap=4294967296",
                         "--network=drawbridge-0123456789abcdef-github",
                         "--env=GITHUB_TOKEN",
                         "--mount=type=bind,source=/srv/data,target=/data,readonly",
                         "--entrypoint=/server",
                         "--workdir=/data",
                         "ghcr.io/github/github-mcp-server:1.0",
                         "stdio",
                         "--read-only"};
    CHECK(plan.argv == expected);
    CHECK(plan.error == "");
    CHECK(plan.notes.empty());
    CHECK(plan.env_file == "");
    CHECK(plan.environment == words{"PATH=/usr/bin", "HOME=/root", "GITHUB_TOKEN=secret"});
    CHECK(plan.container_name == "drawbridge-0123456789abcdef-github-7-cafe0123");
    CHECK(plan.pid_file == "/run/drawbridge/drawbridge-0123456789abcdef-github-7-cafe0123.pid");
    CHECK(plan.network == "drawbridge-0123456789abcdef-github");
}

TEST_CASE("docker gets the flags that it knows, and one network for all servers") {
    const auto plan = planned(some_server(), runtime_kind::docker);
    CHECK(plan.argv.front() == "/usr/bin/docker");
    CHECK_FALSE(any_begins(plan.argv, "--pidfile"));
    CHECK_FALSE(any_begins(plan.argv, "--http-proxy"));
    CHECK_FALSE(any_begins(plan.argv, "--env-host"));
    CHECK(plan.pid_file == "");
    CHECK(has(plan.argv, "--log-driver=none"));
    CHECK(has(plan.argv, "--network=drawbridge-0123456789abcdef"));
    CHECK(plan.network == "drawbridge-0123456789abcdef");
    CHECK(has(plan.create_network, "--opt=com.docker.network.bridge.enable_icc=false"));
    CHECK(has(plan.create_network, "--label=io.drawbridge.instance=0123456789abcdef"));
}

TEST_CASE("docker's client before podman's engine gets isolated networks without podman's own flags") {
    auto client = some_client(runtime_kind::docker);
    client.network = network_style::per_server;
    const auto plan = plan_launch(client, here, some_server(), 1);
    CHECK(plan.network == "drawbridge-0123456789abcdef-github");
    CHECK(has(plan.create_network, "--opt=isolate=true"));
    CHECK_FALSE(has(plan.create_network, "--disable-dns"));
}

TEST_CASE("a remote podman has no files here and no --env-host") {
    auto client = some_client(runtime_kind::podman);
    client.local = false;
    const auto plan = plan_launch(client, here, some_server(), 1);
    CHECK(plan.pid_file == "");
    CHECK_FALSE(any_begins(plan.argv, "--pidfile"));
    CHECK_FALSE(any_begins(plan.argv, "--env-host"));
    CHECK(has(plan.argv, "--http-proxy=false"));
}

TEST_CASE("network: none, a user's own, and without a bridge") {
    auto server = some_server();
    server.stdio->box.network = config::sandbox::network_access::none;
    auto plan = planned(server);
    CHECK(has(plan.argv, "--network=none"));
    CHECK(plan.network == "");
    CHECK(plan.create_network.empty());

    for (const words& given :
         {words{"--network", "mine"}, words{"--network=mine"}, words{"--net", "mine"}, words{"--net=mine"}}) {
        server = some_server();
        server.stdio->runtime_args = given;
        plan = planned(server);
        CHECK(plan.network == "");
        const auto networks = std::count_if(plan.argv.begin(), plan.argv.end(), [](const std::string& word) {
            return word.starts_with("--net");
        });
        CHECK(networks == 1);
    }

    // Not the flag itself.
    server = some_server();
    server.stdio->runtime_args = {"--network-alias=x"};
    CHECK(planned(server).network == "drawbridge-0123456789abcdef-github");

    auto client = some_client(runtime_kind::podman);
    client.network = network_style::user_mode;
    plan = plan_launch(client, here, some_server(), 1);
    CHECK(has(plan.argv, "--network=private"));
    CHECK(plan.network == "");
    client.user_network = "slirp4netns";
    CHECK(has(plan_launch(client, here, some_server(), 1).argv, "--network=slirp4netns"));
}

TEST_CASE("the strict profile: nothing but its own files") {
    auto server = some_server();
    auto& box = server.stdio->box;
    box.network = config::sandbox::network_access::none;
    box.read_only_root = true;
    box.capabilities.clear();
    box.memory_bytes = std::uint64_t{512} << 20;
    box.pids = 128;
    box.cpus = 1.5;
    const auto plan = planned(server);
    for (const char* word :
         {"--network=none", "--read-only", "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=64m,mode=1777",
          "--cap-drop=ALL", "--memory=536870912", "--memory-swap=536870912", "--pids-limit=128", "--cpus=1.5",
          "--security-opt=no-new-privileges"})
        CHECK(has(plan.argv, word));
    CHECK_FALSE(any_begins(plan.argv, "--cap-add"));
}

TEST_CASE("a read-only root leaves /tmp to the user who mounts something there") {
    auto server = some_server();
    server.stdio->box.read_only_root = true;
    server.stdio->runtime_args = {"--tmpfs", "/tmp:size=1g"};
    CHECK_FALSE(any_begins(planned(server).argv, "--tmpfs="));
    server.stdio->runtime_args = {"--tmpfs=/cache"};
    CHECK(any_begins(planned(server).argv, "--tmpfs=/tmp"));
    server.stdio->mounts = {{"/srv/tmp", "/tmp", false}};
    CHECK_FALSE(any_begins(planned(server).argv, "--tmpfs=/tmp"));
}

TEST_CASE("limits can be switched off, and processor time is spelled plainly") {
    auto server = some_server();
    server.stdio->box.memory_bytes = 0;
    server.stdio->box.pids = 0;
    auto plan = planned(server);
    CHECK_FALSE(any_begins(plan.argv, "--memory"));
    CHECK_FALSE(any_begins(plan.argv, "--pids"));
    CHECK_FALSE(any_begins(plan.argv, "--cpus"));
    for (const auto& [value, text] :
         std::map<double, std::string>{{0.5, "0.5"}, {2, "2"}, {0.00001, "0.00001"}}) {
        server.stdio->box.cpus = value;
        CHECK(has(planned(server).argv, "--cpus=" + text));
    }
}

TEST_CASE("a limit that the engine can't enforce is left out, and said") {
    auto client = some_client(runtime_kind::podman);
    client.limits = {false, true, false};
    auto server = some_server();
    auto plan = plan_launch(client, here, server, 1);
    CHECK_FALSE(any_begins(plan.argv, "--memory"));
    CHECK(has(plan.argv, "--pids-limit=1024"));
    REQUIRE(plan.notes.size() == 1);
    CHECK(plan.notes[0].find("github runs without its limit of memory") != std::string::npos);
    CHECK(plan.error == "");
    server.stdio->box.cpus = 1;
    client.limits.pids = false;
    CHECK(plan_launch(client, here, server, 1).notes.size() == 3);
}

TEST_CASE("the user's own limits replace ours where both together would be refused") {
    auto server = some_server();
    for (const words& given :
         {words{"--memory", "8g"}, words{"--memory=8g"}, words{"-m", "8g"}, words{"-m8g"}}) {
        server.stdio->runtime_args = given;
        const auto plan = planned(server);
        CHECK_FALSE(has(plan.argv, "--memory=4294967296"));
        CHECK_FALSE(any_begins(plan.argv, "--memory-swap"));
    }
    server.stdio->runtime_args = {"--memory-swap=6g"};
    CHECK(has(planned(server).argv, "--memory=4294967296"));
    CHECK_FALSE(has(planned(server).argv, "--memory-swap=4294967296"));
    server.stdio->box.cpus = 1;
    server.stdio->runtime_args = {"--cpu-quota=1000"};
    CHECK_FALSE(any_begins(planned(server).argv, "--cpus"));
    server.stdio->runtime_args = {"--log-driver=journald"};
    CHECK_FALSE(has(planned(server).argv, "--log-driver=none"));
    CHECK(has(planned(server).argv, "--log-driver=journald"));
}

TEST_CASE("mounts, also with commas, colons and quotes in their paths") {
    auto server = some_server();
    server.stdio->mounts = {{"/a", "/b", true},
                            {"/a", "/c", false},
                            {"/a,b", "/d", true},
                            {"/a:b", "/e:f", false},
                            {"/say \"hi\"", "/g", true}};
    const auto argv = planned(server).argv;
    CHECK(has(argv, "--mount=type=bind,source=/a,target=/b,readonly"));
    CHECK(has(argv, "--mount=type=bind,source=/a,target=/c"));
    CHECK(has(argv, "--mount=type=bind,\"source=/a,b\",target=/d,readonly"));
    CHECK(has(argv, "--mount=type=bind,source=/a:b,target=/e:f"));
    CHECK(has(argv, "--mount=type=bind,\"source=/say \"\"hi\"\"\",target=/g,readonly"));
}

TEST_CASE("names: fit for the runtime, and never the same for two servers") {
    CHECK(sanitize_name("my-server_1.x") == "my-server_1.x");
    CHECK(sanitize_name("a b").starts_with("a_b-"));
    CHECK(sanitize_name("a b") != sanitize_name("a_b"));
    CHECK(sanitize_name("a b") != sanitize_name("a/b"));
    CHECK(sanitize_name("") != "");
    for (const char c : sanitize_name("../\n\xc3\xa4 ;"))
        CHECK((std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-'));
    const auto first = planned(some_server()).container_name;
    CHECK(plan_launch(some_client(runtime_kind::podman), here, some_server(), 8).container_name != first);
    auto later = here;
    later.run = "cafe0124";
    CHECK(plan_launch(some_client(runtime_kind::podman), later, some_server(), 7).container_name != first);
}

TEST_CASE("what can't be started says why") {
    auto server = some_server();
    server.stdio->image = "--privileged";
    CHECK(planned(server).error.find("image") != std::string::npos);
    server.stdio->image = "";
    CHECK(planned(server).error != "");
    server = some_server();
    server.stdio->env = {{"PATH", "hush\nhush"}, {"LD_PRELOAD", "hush\nhush"}};
    const auto error = planned(server).error;
    CHECK(error.find("server github can't be started") == 0);
    CHECK(error.find("PATH") != std::string::npos);
    CHECK(error.find("LD_PRELOAD") != std::string::npos);
    CHECK(error.find("hush") == std::string::npos);
    server.stdio.reset();
    CHECK(planned(server).error != "");
}

TEST_CASE("no value of a variable stands in the argument list or the explanation") {
    const words special{"PATH",
                        "HOME",
                        "LD_PRELOAD",
                        "LD_LIBRARY_PATH",
                        "http_proxy",
                        "HTTPS_PROXY",
                        "DOCKER_HOST",
                        "CONTAINER_HOST",
                        "CONTAINERS_CONF",
                        "XDG_RUNTIME_DIR",
                        "TMPDIR",
                        "GODEBUG",
                        "SSL_CERT_FILE",
                        "GLIBC_TUNABLES",
                        "MALLOC_ARENA_MAX",
                        "NOTIFY_SOCKET",
                        "BASH_ENV",
                        "my-var",
                        "a.b"};
    const words ordinary{"GITHUB_TOKEN", "API_KEY", "x", "GOOGLE_KEY", "SSH_PRIVATE_KEY"};
    std::mt19937 random(20240611);
    const std::string alphabet = "abcXYZ019 ='\"#$\\`*,:;\t{}%\xc3\xa9";
    for (int round = 0; round < 200; ++round) {
        auto server = some_server();
        words values;
        const auto give = [&](const words& names, bool any_byte) {
            for (const auto& name : names) {
                std::string value = "S3CR";
                for (auto n = random() % 40; n > 0; --n) {
                    const auto at = random() % alphabet.size();
                    if (static_cast<unsigned char>(alphabet[at]) < 0x80) value += alphabet[at];
                    if (any_byte && random() % 8 == 0) value += random() % 2 ? '\n' : '\r';
                }
                value += "ET";
                server.stdio->env.push_back({name, value});
                values.push_back(value);
            }
        };
        give(special, false);
        give(ordinary, false);
        give({"MULTI_LINE_KEY"}, true);
        for (const auto kind : {runtime_kind::docker, runtime_kind::podman}) {
            const auto plan = planned(server, kind);
            REQUIRE(plan.error == "");
            const auto explanation = explain(plan);
            for (const auto& word : plan.argv)
                CHECK(word.find("S3CR") == std::string::npos);
            CHECK(explanation.find("S3CR") == std::string::npos);
            // Every value arrives by one way, whole.
            for (const auto& one : server.stdio->env) {
                const bool by_name = has(plan.environment, one.name + "=" + one.value);
                const bool in_file = ("\n" + plan.env_file).find("\n" + one.name + "=" + one.value + "\n") !=
                                     std::string::npos;
                CHECK(by_name != in_file);
                CHECK(by_name == has(plan.argv, "--env=" + one.name));
                if (has(special, one.name)) CHECK(in_file);
            }
            CHECK(has(plan.argv, "--env-file=/dev/fd/3"));
        }
    }
}

TEST_CASE("explain: a command for bash with the values hidden") {
    auto server = some_server();
    server.stdio->env = {{"TOKEN", "hush"}, {"HOME", "hush"}, {"PATH", "hush=hush"}};
    server.stdio->entrypoint_args = {"it's", "a b", "bell\a", ""};
    const auto text = explain(planned(server));
    CHECK(text.find("hush") == std::string::npos);
    CHECK(text.starts_with("/usr/bin/podman network create --label=io.drawbridge.instance=0123456789abcdef "
                           "--opt=isolate=true --disable-dns drawbridge-0123456789abcdef-github # once\n"
                           "TOKEN='***' /usr/bin/podman run --rm "));
    CHECK(text.ends_with(" 'it'\\''s' 'a b' $'bell\\x07' '' 3<<'END'\nHOME=***\nPATH=***\nEND\n"));

    server.stdio->env = {{"PATH", "hush\n"}};
    const auto refused = explain(planned(server));
    CHECK(refused.starts_with("# server github can't be started"));
    CHECK(refused.find("hush") == std::string::npos);
}

TEST_CASE("the calls around a container's life") {
    const auto podman = some_client(runtime_kind::podman);
    const auto docker = some_client(runtime_kind::docker);
    const std::string p = podman.path, d = docker.path;
    CHECK(image_exists_command(podman, "i") == words{p, "image", "exists", "i"});
    CHECK(image_exists_command(docker, "i") == words{d, "image", "inspect", "--format={{.Id}}", "i"});
    CHECK(image_id_command(podman, "i") == words{p, "image", "inspect", "--format={{.Id}}", "i"});
    CHECK(pull_command(docker, "i") == words{d, "pull", "--quiet", "i"});
    CHECK(network_exists_command(podman, "n") == words{p, "network", "exists", "n"});
    CHECK(network_exists_command(docker, "n") == words{d, "network", "inspect", "--format={{.Name}}", "n"});
    CHECK(remove_network_command(docker, "n") == words{d, "network", "rm", "n"});
    CHECK(signal_command(podman, "c", "TERM") == words{p, "kill", "--signal=TERM", "c"});
    CHECK(remove_command(docker, "c") == words{d, "rm", "--force", "--volumes", "c"});
    CHECK(remove_all_command(podman, {"c", "e", "f"}) ==
          words{p, "rm", "--force", "--volumes", "--time=0", "--ignore", "c", "e", "f"});
    const std::string filter = "--filter=label=io.drawbridge.instance=0123456789abcdef";
    CHECK(list_command(docker, here) == words{d, "ps", "--all", filter, "--format={{.Names}}"});
    CHECK(list_networks_command(podman, here) == words{p, "network", "ls", filter, "--format={{.Name}}"});
    CHECK(inspect_process_command(podman, "c") ==
          words{p, "container", "inspect", "--format={{.State.Pid}} {{.Id}}", "c"});
}
