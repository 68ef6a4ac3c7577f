// How servers start, fail to start and are tried again (Gateway 5.2, 5.3, 9).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::size_t count_of(const std::string& what, const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size()))
        ++count;
    return count;
}

std::string slurp(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Living and dead children of a process, as "PID STATE" of /proc.
std::vector<pid_t> children(pid_t parent, bool zombies_only) {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto line = slurp(entry.path() / "stat");
        const auto end = line.rfind(')');
        if (end == std::string::npos || line.size() < end + 4) continue;
        const char state = line[end + 2];
        const auto its_parent = std::atoi(line.c_str() + end + 4);
        if (its_parent == parent && (!zombies_only || state == 'Z')) found.push_back(std::atoi(name.c_str()));
    }
    return found;
}

// The process of the runtime's client that holds a container's streams.
pid_t client_of(const gateway& gate, const std::string& container) {
    for (const auto pid : children(gate.pid(), false))
        if (slurp("/proc/" + std::to_string(pid) + "/cmdline").find("--name=" + container) !=
            std::string::npos)
            return pid;
    return 0;
}

} // namespace

TEST_CASE("many first requests at once start one container, and each gets its answer") {
    gateway_options options;
    options.servers = {scripted("rush", {"--wait-at-start", "500"})};
    const gateway gate(std::move(options));
    std::vector<std::string> answers(12);
    std::vector<std::thread> threads;
    for (std::size_t number = 0; number < answers.size(); ++number)
        threads.emplace_back([&, number] {
            const auto text = "caller " + std::to_string(number);
            answers[number] = tool_text(gate.call("rush", "echo", R"({"text":")" + text + R"("})"));
        });
    for (auto& thread : threads)
        thread.join();
    for (std::size_t number = 0; number < answers.size(); ++number)
        CHECK(answers[number] == "caller " + std::to_string(number));
    CHECK(tool_text(gate.call("rush", "count")) == "14"); // initialize, twelve, and this
    CHECK(gate.containers("rush").size() == 1);
}

TEST_CASE("nobody waits for another server's start") {
    gateway_options options;
    const auto eager = R"("drawbridge":{"start":"eager","stopGrace":1})";
    options.servers = {scripted("slowstart", {"--wait-at-start", "60000"},
                                R"("drawbridge":{"start":"eager",)"
                                R"("stopGrace":1,"startupTimeout":120})"),
                       scripted("quickstart", {}, eager), scripted("ondemand")};
    const gateway gate(std::move(options));
    CHECK(gate.becomes("quickstart", "running"));
    CHECK(tool_text(gate.call("ondemand", "echo", R"({"text":"here"})")) == "here");
    CHECK(gate.status("slowstart") == "stopped"); // still starting
}

TEST_CASE("calls during a backoff are answered at once, with the reason and the time of the next start") {
    gateway_options options;
    options.servers = {scripted("backoff", {"--crash-at-start", "9"})};
    const gateway gate(std::move(options));
    gate.call("backoff", "echo");
    const auto attempts = [&] { return count_of("start failed", gate.log()); };
    // After the third failure the next start is about four seconds away.
    REQUIRE(eventually(60s, [&] { return attempts() >= 3; }));
    const auto began = std::chrono::steady_clock::now();
    const auto answer = gate.call("backoff", "echo");
    CHECK(std::chrono::steady_clock::now() - began < 2s);
    CHECK(number_at(answer, "error.code") == -32001);
    CHECK(text_at(answer, "error.data.server") == "backoff");
    CHECK(text_at(answer, "error.data.detail").find("status 9") != std::string::npos);
    CHECK(text_at(answer, "error.data.detail").find("next start is tried in") != std::string::npos);
    CHECK(attempts() == 3); // the call started nothing
}

TEST_CASE("an environment variable that is not there is named when the server fails to start") {
    gateway_options options;
    options.servers = {scripted("needy", {"--crash-at-start", "2"},
                                R"("env":{"DRAWBRIDGE_TEST_ABSENT":"","PRESENT":"yes-it-is"})")};
    const gateway gate(std::move(options));
    CHECK(number_at(gate.call("needy", "echo"), "error.code") == -32001);
    const auto payload = [&] {
        for (const auto& line : gate.stdout_lines())
            if (line.find("\"startup\"") != line.npos) return parse(line);
        return boost::json::value();
    };
    REQUIRE(eventually(10s, [&] { return text_at(payload(), "server") == "needy"; }));
    CHECK(text_at(payload(), "environmentSet") == "PRESENT");
    CHECK(text_at(payload(), "environmentMissing") == "DRAWBRIDGE_TEST_ABSENT");
    CHECK(gate.stdout_text().find("yes-it-is") == std::string::npos);
}

TEST_CASE("an image that can't be pulled is an error of its server alone") {
    gateway_options options;
    // Nothing listens on port 1 of this machine.
    options.servers = {{"unpullable", R"({"container":"127.0.0.1:1/drawbridge-test/absent:1"})"},
                       scripted("pulled")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("pulled", "echo", R"({"text":"beside it"})")) == "beside it");
    const auto answer = gate.call("unpullable", "echo");
    CHECK(number_at(answer, "error.code") == -32001);
    CHECK(text_at(answer, "error.data.detail").find("could not be pulled") != std::string::npos);
    CHECK(gate.becomes("unpullable", "error"));
    CHECK(gate.status("pulled") == "running");
}

TEST_CASE("no container runtime: the program ends with 1, says why, and serves nothing") {
    gateway_options options;
    options.servers = {scripted("homeless")};
    options.arguments = {"--runtime", "/no/such/podman"};
    options.wait_ready = false;
    gateway gate(std::move(options));
    CHECK(gate.wait_exit(60s) == 1);
    REQUIRE(gate.stdout_lines().size() == 1);
    CHECK(text_at(parse(gate.stdout_lines().front()), "error.message").find("/no/such/podman") !=
          std::string::npos);
    CHECK(gate.log().find("/no/such/podman") != std::string::npos);
    CHECK(!http_client(gate.port()).connected());
}

TEST_CASE("the configuration may stand in a file") {
    std::string pattern = (fs::temp_directory_path() / "drawbridge-config-XXXXXX").string();
    const fs::path folder = ::mkdtemp(pattern.data());
    const auto port = free_port();
    const auto server = scripted("fromfile");
    std::ofstream(folder / "gateway.json")
        << R"({"mcpServers":{"fromfile":)" << server.json << R"(},"gateway":{"port":)" << port
        << R"(,"domain":"localhost","agentId":)" << json_string(agent) << "}}";
    gateway_options options;
    options.configuration = "this is not a configuration";
    options.arguments = {"serve", "--config", (folder / "gateway.json").string()};
    options.port = port;
    {
        const gateway gate(std::move(options));
        CHECK(tool_text(gate.call("fromfile", "echo", R"({"text":"read"})")) == "read");
    }
    fs::remove_all(folder);
}

TEST_CASE(
    "a runtime client that is killed: the server is in error at once, its container goes, a new one comes") {
    gateway_options options;
    options.servers = {
        scripted("clientless", {"--ignore-eof", "--ignore-term"}, R"("drawbridge":{"stopGrace":1})")};
    const gateway gate(std::move(options));
    gate.call("clientless", "echo");
    const auto before = gate.containers("clientless");
    REQUIRE(before.size() == 1);
    const auto client = client_of(gate, before.front());
    REQUIRE(client > 0);
    ::kill(client, SIGKILL);
    CHECK(gate.becomes("clientless", "error", 10s));
    CHECK(gate.becomes("clientless", "running"));
    CHECK(tool_text(gate.call("clientless", "echo", R"({"text":"anew"})")) == "anew");
    // The old container has lost its reader, and must not stay for ever.
    CHECK(eventually(30s, [&] {
        const auto now = gate.containers("clientless");
        return now.size() == 1 && now != before;
    }));
}

TEST_CASE("crashes leave nothing behind: no zombie, no descriptor") {
    gateway_options options;
    options.servers = {scripted("leaky")};
    const gateway gate(std::move(options));
    const auto descriptors = [&] {
        const fs::directory_iterator all("/proc/" + std::to_string(gate.pid()) + "/fd");
        return std::distance(begin(all), end(all));
    };
    gate.call("leaky", "echo");
    gate.call("leaky", "echo");
    const auto before = descriptors();
    for (int round = 0; round < 2; ++round) {
        gate.call("leaky", "crash");
        REQUIRE(eventually(
            60s, [&] { return !tool_text(gate.call("leaky", "echo", R"({"text":"up"})")).empty(); }));
    }
    CHECK(eventually(30s, [&] { return descriptors() <= before; }));
    CHECK(children(gate.pid(), true).empty());
    CHECK(children(gate.pid(), false).size() == 1); // the client of the container that runs
    CHECK(gate.containers("leaky").size() == 1);
}

TEST_CASE("a flood on stderr holds up nobody, and the log says what it left out") {
    gateway_options options;
    options.servers = {scripted("noisy")};
    const gateway gate(std::move(options));
    const auto text = std::string(200, 'n');
    CHECK(tool_text(gate.call("noisy", "stderr", R"({"lines":100000,"text":")" + text + R"("})")) ==
          "written");
    CHECK(tool_text(gate.call("noisy", "echo", R"({"text":"after"})")) == "after");
    CHECK(gate.status("noisy") == "running");
    CHECK(gate.get("/livez").status == 200);
}
