// Servers are kept apart from each other and from the host (Gateway 6).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

using namespace drawbridge::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A folder of the host for a test.
class folder {
  public:
    folder() {
        std::string pattern = (fs::temp_directory_path() / "drawbridge-test-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~folder() { fs::remove_all(path_); }
    std::string path() const { return path_; }

  private:
    std::string path_;
};

std::string slurp(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Command lines of all processes of this machine but our own.
std::string all_command_lines() {
    std::string all;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored))
        if (entry.path().filename().string().find_first_not_of("0123456789") == std::string::npos)
            all += slurp(entry.path() / "cmdline") + "\n";
    return all;
}

// The address of a container in its own network, from the list of addresses that it sees.
std::string own_address(const std::string& table) {
    static const std::regex local(R"(\|-- (\d+\.\d+\.\d+\.\d+)\s+/32 host LOCAL)");
    for (std::sregex_iterator at(table.begin(), table.end(), local), end; at != end; ++at)
        if (!(*at)[1].str().starts_with("127.")) return (*at)[1].str();
    return {};
}

} // namespace

TEST_CASE("T-ISO-001: container isolation verification: one container per server, hardened") {
    gateway_options options;
    options.servers = {scripted("iso1a"), scripted("iso1b")};
    const gateway gate(std::move(options));
    const auto status = tool_text(gate.call("iso1a", "pid_limit"));
    gate.call("iso1b", "echo");
    CHECK(gate.containers("iso1a").size() == 1);
    CHECK(gate.containers("iso1b").size() == 1);
    CHECK(status.find("NoNewPrivs:\t1") != std::string::npos);
    CHECK(status.find("CapEff:\t00000000000000eb") != std::string::npos); // six capabilities, no more
}

TEST_CASE(
    "T-ISO-002, T-ISO-003: environment and credential isolation: a server sees its own variables only") {
    gateway_options options;
    options.servers = {
        scripted("iso2a", {}, R"("env":{"TOKEN_A":"${SECRET_OF_A}","LD_PRELOAD":"","PATH":"/a:/b"})"),
        scripted("iso2b", {}, R"("env":{"TOKEN_B":"value \"of\" b","TWO":"1\n2"})")};
    options.environment = {{"SECRET_OF_A", "canary-a-4711"}, {"GATEWAY_ONLY", "canary-g-4712"}};
    const gateway gate(std::move(options));
    const auto a = tool_text(gate.call("iso2a", "environment"));
    const auto b = tool_text(gate.call("iso2b", "environment"));
    CHECK(a.find("TOKEN_A=canary-a-4711\n") != std::string::npos);
    CHECK(a.find("PATH=/a:/b\n") != std::string::npos);
    CHECK(a.find("TOKEN_B") == std::string::npos);
    CHECK(a.find("canary-g") == std::string::npos);
    CHECK(a.find(agent) == std::string::npos);
    CHECK(b.find("TOKEN_B=value \"of\" b\n") != std::string::npos);
    CHECK(b.find("TWO=1\n2\n") != std::string::npos);
    CHECK(b.find("canary") == std::string::npos);
}

TEST_CASE("secrets stand in no argument list, no log and no answer") {
    gateway_options options;
    options.servers = {
        scripted("hidden", {}, R"("env":{"API_KEY":"canary-key-8842","HOME":"canary-home-8843"})")};
    options.arguments = {"--log-level", "debug"};
    gateway gate(std::move(options));
    gate.call("hidden", "stderr", R"({"text":"my key is canary-key-8842 and home canary-home-8843"})");
    CHECK(all_command_lines().find("canary") == std::string::npos);
    const auto crash = gate.post("/mcp/hidden", call_text("crash", "{}", "1"));
    CHECK(crash.body.find("canary") == std::string::npos);
    CHECK(eventually(10s, [&] { return gate.log().find("my key is") != std::string::npos; }));
    gate.close();
    CHECK(gate.wait_exit(30s) == 0);
    CHECK(gate.log().find("canary") == std::string::npos);
    CHECK(gate.log().find(agent) == std::string::npos);
    CHECK(gate.stdout_text().find("canary") == std::string::npos);
}

TEST_CASE(
    "T-ISO-003: credential isolation: a runtime's client is given the variables of its own server only") {
    gateway_options options;
    options.servers = {scripted("iso3a", {}, R"("env":{"TOKEN_A":"canary-a-5711"})"),
                       scripted("iso3b", {}, R"("env":{"TOKEN_B":"canary-b-5712"})")};
    options.environment = {{"GATEWAY_ONLY", "canary-g-5713"}};
    const gateway gate(std::move(options));
    gate.call("iso3a", "echo");
    gate.call("iso3b", "echo");
    std::string a, b;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const auto command = slurp(entry.path() / "cmdline");
        if (command.find("--label=io.drawbridge.server=iso3a") != std::string::npos)
            a = slurp(entry.path() / "environ");
        if (command.find("--label=io.drawbridge.server=iso3b") != std::string::npos)
            b = slurp(entry.path() / "environ");
    }
    CHECK(a.find("canary-a-5711") != std::string::npos);
    CHECK(a.find("canary-b") == std::string::npos);
    CHECK(a.find("canary-g") == std::string::npos);
    CHECK(b.find("canary-b-5712") != std::string::npos);
    CHECK(b.find("canary-a") == std::string::npos);
    CHECK(b.find("canary-g") == std::string::npos);
}

TEST_CASE("T-ISO-004: cross-container communication prevention") {
    gateway_options options;
    options.servers = {scripted("iso4a"), scripted("iso4b"),
                       scripted("iso4none", {}, R"("drawbridge":{"network":"none"})")};
    const gateway gate(std::move(options));
    const auto address = own_address(tool_text(gate.call("iso4a", "listen", R"({"port":9000})")));
    REQUIRE(!address.empty());
    const auto target = R"({"host":")" + address + R"(","port":9000})";
    CHECK(tool_text(gate.call("iso4a", "connect", target)) == "reached"); // it does listen
    CHECK(tool_text(gate.call("iso4b", "connect", target)) == "not reached");
    CHECK(own_address(tool_text(gate.call("iso4none", "listen", R"({"port":9000})"))).empty());
}

TEST_CASE("T-ISO-005: container failure isolation: a crashing and a hanging server affect no other") {
    gateway_options options;
    options.servers = {scripted("iso5"), scripted("iso5crash"),
                       scripted("iso5hang", {"--never-initialize"}, R"("drawbridge":{"stopGrace":1})")};
    const gateway gate(std::move(options));
    gate.call("iso5", "echo");
    http_client hanging(gate.port());
    REQUIRE(
        hanging.write(request_text("POST", "/mcp/iso5hang", call_text("echo", "{}", "1"), rpc_headers())));
    for (int round = 0; round < 3; ++round) {
        gate.call("iso5crash", "crash");
        CHECK(tool_text(gate.call("iso5", "echo", R"({"text":"well"})")) == "well");
    }
    CHECK(gate.status("iso5") == "running");
    CHECK(tool_text(gate.call("iso5", "count")) == "6"); // one process all the time
}

TEST_CASE("T-ISO-006, T-ISO-007, T-ISO-008: mounts: their own, in their mode, independent of each other") {
    const folder shared, own;
    std::ofstream(shared.path() + "/given") << "from the host";
    const auto mount = [](const folder& host, const std::string& at) {
        return json_string(host.path() + ":" + at);
    };
    gateway_options options;
    options.servers = {
        scripted("iso6reader", {}, R"("mounts":[)" + mount(shared, "/data:ro") + "]"),
        scripted("iso6writer", {},
                 R"("mounts":[)" + mount(shared, "/in:rw") + "," + mount(own, "/data:rw") + "]"),
        scripted("iso6none")};
    const gateway gate(std::move(options));
    const auto read = [&](const std::string& server, const std::string& path) {
        return tool_text(gate.call(server, "read_file", R"({"path":")" + path + R"("})"));
    };
    const auto write = [&](const std::string& server, const std::string& path) {
        return tool_text(gate.call(server, "write_file", R"({"path":")" + path + R"(","content":"new"})"));
    };
    CHECK(read("iso6reader", "/data/given") == "from the host");
    CHECK(write("iso6reader", "/data/more") == "can't write");
    CHECK(write("iso6writer", "/in/more") == "written");
    CHECK(slurp(shared.path() + "/more") == "new");
    CHECK(write("iso6writer", "/data/mine") == "written");
    CHECK(slurp(own.path() + "/mine") == "new");
    CHECK(read("iso6reader", "/data/mine") == "can't read");
    CHECK(read("iso6none", "/data/given") == "can't read");
}

TEST_CASE("profile strict: a read-only root, no network, no capabilities") {
    gateway_options options;
    options.servers = {scripted("strictbox", {}, R"("drawbridge":{"profile":"strict"})")};
    const gateway gate(std::move(options));
    CHECK(tool_text(gate.call("strictbox", "write_file", R"({"path":"/x","content":"x"})")) == "can't write");
    CHECK(tool_text(gate.call("strictbox", "write_file", R"({"path":"/tmp/x","content":"x"})")) == "written");
    CHECK(tool_text(gate.call("strictbox", "pid_limit")).find("CapEff:\t0000000000000000") !=
          std::string::npos);
    CHECK(own_address(tool_text(gate.call("strictbox", "listen", R"({"port":1})"))).empty());
}
