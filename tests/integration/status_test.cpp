// drawbridge status, drawbridge healthcheck and the control socket, as an operator uses them.
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

using variables = std::map<std::string, std::string>;

// A folder of its own, which is gone afterwards.
class folder {
  public:
    folder() {
        auto pattern = (std::filesystem::temp_directory_path() / "drawbridge-status-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

// A command of the program; the agent id only where a test gives one.
finished command(std::vector<std::string> words, variables environment = {}) {
    words.insert(words.begin(), program_path());
    for (const auto* name : {"MCP_GATEWAY_AGENT_ID", "DRAWBRIDGE_AGENT_ID", "COLUMNS", "NO_COLOR"})
        environment.try_emplace(name, "");
    return run(std::move(words), 30s, environment);
}

variables with_agent() {
    return {{"MCP_GATEWAY_AGENT_ID", std::string(agent)}};
}

std::string url_of(const gateway& gate) {
    return "http://127.0.0.1:" + std::to_string(gate.port());
}

gateway_options with_socket(const std::string& path, std::vector<server_entry> servers = {}) {
    gateway_options options;
    options.servers = std::move(servers);
    options.arguments = {"--control-socket", path};
    return options;
}

// A socket file that nobody listens on, or, with `listens`, one that somebody does.
class other_socket {
  public:
    other_socket(const std::string& path, bool listens)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        path.copy(where.sun_path, sizeof where.sun_path - 1);
        REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
        if (listens) REQUIRE(::listen(socket_, 1) == 0);
    }
    other_socket(const other_socket&) = delete;
    other_socket& operator=(const other_socket&) = delete;
    ~other_socket() { ::close(socket_); }

  private:
    int socket_;
};

bool is_private_socket(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode) && (found.st_mode & 07777) == 0600;
}

bool exists(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0;
}

} // namespace

TEST_CASE("status: the table, the document, and the exit status of a gateway that is well") {
    gateway_options options;
    options.servers = {scripted("well")};
    const gateway gate(std::move(options));
    gate.call("well", "echo");
    const auto table = command({"status", "--url", url_of(gate)}, with_agent());
    CAPTURE(table.output);
    CAPTURE(table.errors);
    CHECK(table.status == 0);
    CHECK(table.output.find("healthy: 1 server, ") == 0);
    const auto lines = lines_of(table.output);
    REQUIRE(lines.size() == 3);
    CHECK(lines[1].find("SERVER") == 0);
    CHECK(lines[2].find("well    running  ready") == 0);
    CHECK(table.output.find('\x1b') == std::string::npos); // not on a terminal
    CHECK(table.errors == "");

    // As it is: what the gateway itself answers.
    const auto json = command({"status", "--url", url_of(gate), "--json"}, with_agent());
    CHECK(json.status == 0);
    const auto document = parse(json.output);
    CHECK(text_at(document, "servers.0.name") == "well");
    CHECK(text_at(document, "servers.0.state") == "ready");
    CHECK(find(document, "gateway.healthy") != nullptr);
}

TEST_CASE("status: the width is kept") {
    gateway_options options;
    options.servers = {scripted("narrow")};
    const gateway gate(std::move(options));
    auto environment = with_agent();
    environment["COLUMNS"] = "30";
    for (const auto& line : lines_of(command({"status", "--url", url_of(gate)}, environment).output))
        CHECK(line.size() <= 30);
}

TEST_CASE("status and healthcheck: a server in error is told by the exit status") {
    gateway_options options;
    options.servers = {scripted("fails", {"--crash-at-start", "3"})};
    const gateway gate(std::move(options));
    gate.call("fails", "echo");
    REQUIRE(gate.becomes("fails", "error"));
    const auto table = command({"status", "--url", url_of(gate)}, with_agent());
    CAPTURE(table.output);
    CHECK(table.status == 1);
    CHECK(table.output.find("unhealthy: 1 of 1 server in error") == 0);
    CHECK(table.output.find("fails") != std::string::npos);
    CHECK(command({"status", "--url", url_of(gate), "--json"}, with_agent()).status == 1);
    const auto check = command({"healthcheck", "--url", url_of(gate)});
    CHECK(check.status == 1);
    CHECK(check.output.find("unhealthy: 1 of 1 server in error") == 0);
    CHECK(lines_of(check.output).size() == 1);
}

TEST_CASE("status: the agent id comes from the environment or a file, and without one there is less") {
    gateway_options options;
    options.servers = {scripted("who")};
    const gateway gate(std::move(options));
    const folder own;
    const auto file = own.file("agent-id");
    std::ofstream(file) << agent << '\n';
    const auto url = url_of(gate);
    for (const auto& given :
         {command({"status", "--url", url}, with_agent()),
          command({"status", "--url", url}, {{"DRAWBRIDGE_AGENT_ID", std::string(agent)}}),
          command({"status", "--url", url, "--agent-id-file", file})}) {
        CHECK(given.status == 0);
        CHECK(given.output.find("REASON") != std::string::npos);
        CHECK(given.errors == "");
    }
    const auto none = command({"status", "--url", url});
    CHECK(none.status == 0);
    CHECK(none.output.find("healthy: 1 server") == 0);
    CHECK(none.output.find("RESTARTS") == std::string::npos);
    CHECK(none.errors.find("details need the agent id") != std::string::npos);
    const auto wrong = command({"status", "--url", url}, {{"MCP_GATEWAY_AGENT_ID", "not-it-4711"}});
    CHECK(wrong.status == 0);
    CHECK(wrong.errors.find("HTTP status 401") != std::string::npos);
    CHECK(wrong.errors.find("not-it-4711") == std::string::npos);
    CHECK(command({"status", "--url", url, "--agent-id-file", own.file("none")}).status == 2);
    CHECK(gate.log().find(agent) == std::string::npos);
}

TEST_CASE("status and healthcheck: nobody there, and a wrong command line") {
    const auto nobody = "127.0.0.1:" + std::to_string(free_port());
    const auto status = command({"status", "--listen", nobody});
    CHECK(status.status == 3);
    CHECK(status.output == "");
    CHECK(status.errors.find("no gateway answers at http://" + nobody) != std::string::npos);
    const auto check = command({"healthcheck", "--listen", nobody});
    CHECK(check.status == 1);
    CHECK(check.output.find("unreachable: ") == 0);
    CHECK(command({"status", "--nonsense"}).status == 2);
    CHECK(command({"status", "--url", "ftp://localhost"}).status == 2);
    CHECK(command({"status", "--listen", "127.0.0.1"}).status == 2);
    CHECK(command({"healthcheck", "--nonsense"}).status == 1); // 2 is reserved in a container's check
    CHECK(command({"healthcheck", "--url", "ftp://localhost"}).status == 1);
}

TEST_CASE("healthcheck: one line, by /health and by /readyz") {
    gateway_options options;
    options.servers = {scripted("check")};
    const gateway gate(std::move(options));
    const auto listen = "0.0.0.0:" + std::to_string(gate.port()); // as it could stand behind serve --listen
    const auto healthy = command({"healthcheck", "--listen", listen});
    CHECK(healthy.status == 0);
    CHECK(healthy.output.find("healthy: 1 server") == 0);
    CHECK(lines_of(healthy.output).size() == 1);
    CHECK(healthy.errors == "");
    const auto ready = command({"healthcheck", "--ready", "--listen", listen});
    CHECK(ready.status == 0);
    CHECK(ready.output == "ready\n");
}

TEST_CASE("healthcheck: a gateway that does not answer is given up in time") {
    gateway_options options;
    const gateway gate(std::move(options));
    gate.signal(SIGSTOP);
    const auto begun = std::chrono::steady_clock::now();
    const auto check = command({"healthcheck", "--url", url_of(gate)});
    const auto taken = std::chrono::steady_clock::now() - begun;
    gate.signal(SIGCONT);
    CHECK(check.status == 1);
    CHECK(check.output.find("no answer within") != std::string::npos);
    CHECK(taken < 8s); // 5 s, and what a busy machine adds
}

TEST_CASE("status --watch draws again and again, and SIGINT ends it in order") {
    gateway_options options;
    options.servers = {scripted("watched")};
    const gateway gate(std::move(options));
    process watch({program_path(), "status", "--watch", "--url", url_of(gate)}, with_agent(), "");
    const auto drawn = [&] {
        std::size_t count = 0;
        const auto text = watch.output();
        for (auto at = text.find("healthy: "); at != std::string::npos; at = text.find("healthy: ", at + 1))
            ++count;
        return count;
    };
    CHECK(eventually(30s, [&] { return drawn() >= 2; }));
    watch.signal(SIGINT);
    const auto ended = watch.wait(10s);
    REQUIRE(ended);
    CHECK(*ended == 0); // the exit status of what was seen last
}

TEST_CASE("control socket: private, needs no agent id for what only tells, and is gone at the end") {
    const folder own;
    const auto path = own.file("control");
    {
        gateway gate(with_socket(path, {scripted("local")}));
        CHECK(is_private_socket(path));
        gate.call("local", "echo");
        const auto table = command({"status", "--socket", path});
        CAPTURE(table.errors);
        CHECK(table.status == 0);
        CHECK(table.output.find("local   running  ready") != std::string::npos);
        CHECK(table.errors == "");
        CHECK(text_at(parse(command({"status", "--socket", path, "--json"}).output), "servers.0.name") ==
              "local");
        CHECK(command({"healthcheck", "--socket", path}).status == 0);
        CHECK(command({"healthcheck", "--ready", "--socket", path}).status == 0);
        // The port is as strict as before.
        CHECK(gate.get("/health/servers").status == 401);
        gate.signal(SIGTERM);
        CHECK(gate.wait_exit(60s) == 0);
    }
    CHECK_FALSE(exists(path));
    CHECK(command({"status", "--socket", path}).status == 3);
}

TEST_CASE("control socket: what a killed gateway left is replaced") {
    const folder own;
    const auto path = own.file("control");
    { const other_socket dead(path, false); }
    REQUIRE(exists(path));
    const gateway gate(with_socket(path));
    CHECK(is_private_socket(path));
    CHECK(command({"healthcheck", "--socket", path}).status == 0);
}

TEST_CASE("control socket: what is not ours is left alone, and told") {
    const folder own;
    const auto refused = [](const std::string& path) {
        auto options = with_socket(path);
        options.wait_ready = false;
        gateway gate(std::move(options));
        CHECK(gate.wait_exit(60s) == 1);
        CHECK(gate.stdout_text().find(R"("type":"startup")") != std::string::npos);
        return gate.log();
    };
    const auto file = own.file("file");
    std::ofstream(file) << "precious";
    CHECK(refused(file).find("no socket") != std::string::npos);
    CHECK(exists(file));
    const auto taken = own.file("taken");
    const other_socket alive(taken, true);
    CHECK(refused(taken).find("another program listens there") != std::string::npos);
    CHECK(exists(taken));
    CHECK(refused(own.file("none/control")).find("does not exist; make it first") != std::string::npos);
    CHECK(refused("/tmp/" + std::string(120, 'x')).find("at most 107 bytes") != std::string::npos);
}

TEST_CASE("control socket: a file that another put in its place is not removed at the end") {
    const folder own;
    const auto path = own.file("control");
    gateway gate(with_socket(path));
    REQUIRE(std::filesystem::remove(path));
    std::ofstream(path) << "another's";
    gate.signal(SIGTERM);
    CHECK(gate.wait_exit(60s) == 0);
    CHECK(exists(path));
}
