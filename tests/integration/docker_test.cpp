// The docker command line, against an engine that speaks its interface: podman's service on a Unix socket.
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

using namespace drawbridge::test;
using namespace std::chrono_literals;

TEST_CASE("a server runs through the docker client: call, kill, health, restart, close") {
    if (run({"sh", "-c", "command -v docker && command -v podman"}).status != 0) {
        MESSAGE("skipped: needs the docker client and podman");
        return;
    }
    std::string pattern = (std::filesystem::temp_directory_path() / "drawbridge-docker-XXXXXX").string();
    const std::string folder = ::mkdtemp(pattern.data());
    const auto address = "unix://" + folder + "/engine.sock";
    {
        process engine({"podman", "system", "service", "--time", "0", address}, {}, {});
        REQUIRE(eventually(30s, [&] { return std::filesystem::exists(folder + "/engine.sock"); }));
        gateway_options options;
        options.servers = {scripted("viadocker", {}, R"("env":{"TOKEN":"via-docker","HOME":"/elsewhere"})")};
        options.arguments = {"--runtime", "docker"};
        options.environment = {{"DOCKER_HOST", address}};
        gateway gate(std::move(options));
        const auto environment = tool_text(gate.call("viadocker", "environment"));
        CHECK(environment.find("TOKEN=via-docker") != std::string::npos);
        CHECK(environment.find("HOME=/elsewhere") != std::string::npos);
        CHECK(gate.status("viadocker") == "running");
        const auto before = gate.containers("viadocker");
        REQUIRE(before.size() == 1);
        run({"podman", "kill", before.front()});
        CHECK(gate.becomes("viadocker", "error", 5s));
        CHECK(gate.becomes("viadocker", "running"));
        CHECK(gate.close().status == 200);
        CHECK(gate.wait_exit(60s) == 0);
        CHECK(gate.containers("viadocker").empty());
        engine.signal(SIGTERM);
        engine.wait(10s);
    }
    std::filesystem::remove_all(folder);
}
