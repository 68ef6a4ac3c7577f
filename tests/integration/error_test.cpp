// What goes wrong with servers, and how it is told (Gateway 9).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

// The payload lines behind the document that concern one server.
std::vector<boost::json::value> payloads(const gateway& gate, std::string_view server) {
    std::vector<boost::json::value> found;
    for (const auto& line : gate.stdout_lines()) {
        auto value = parse(line);
        if (text_at(value, "server") == server) found.push_back(std::move(value));
    }
    return found;
}

} // namespace

TEST_CASE("T-ERR-001: startup failure reporting: the failing server alone is affected") {
    gateway_options options;
    options.servers = {scripted("err1", {"--stderr", "no database at port 5432", "--crash-at-start", "3"},
                                R"("env":{"DB_PASSWORD":"hunter2hunter2"})"),
                       scripted("err1good")};
    const gateway gate(std::move(options));
    const auto answer = gate.call("err1", "echo");
    CHECK(number_at(answer, "error.code") == -32001);
    CHECK(text_at(answer, "error.data.detail").find("status 3") != std::string::npos);
    // How a server is run is not the client's business.
    CHECK(text_at(answer, "error.data.detail").find("database") == std::string::npos);
    CHECK(tool_text(gate.call("err1good", "echo", R"({"text":"fine"})")) == "fine");
    REQUIRE(eventually(10s, [&] { return !payloads(gate, "err1").empty(); }));
    const auto payload = payloads(gate, "err1").front();
    CHECK(text_at(payload, "type") == "startup");
    CHECK(text_at(payload, "attempted").find("scripted") != std::string::npos);
    CHECK(text_at(payload, "message").find("status 3") != std::string::npos);
    CHECK(text_at(payload, "stderr").find("no database at port 5432") != std::string::npos);
    CHECK(text_at(payload, "environmentSet") == "DB_PASSWORD");
    CHECK(find(payload, "error") == nullptr);
    CHECK(gate.stdout_text().find("hunter2") == std::string::npos);
    CHECK(eventually(10s, [&] { return gate.log().find("no database at port 5432") != std::string::npos; }));
}

TEST_CASE("T-ERR-001: serve --strict: a server that fails ends the program, and there is no HTTP server") {
    gateway_options options;
    options.servers = {scripted("strictbad", {"--stderr", "out of luck", "--crash-at-start", "4"}),
                       scripted("strictgood")};
    options.arguments = {"serve", "--strict"};
    options.wait_ready = false;
    gateway gate(std::move(options));
    CHECK(gate.wait_exit(60s) == 1);
    CHECK(!http_client(gate.port()).connected());
    const auto lines = gate.stdout_lines();
    REQUIRE(!lines.empty());
    const auto payload = parse(lines.front());
    CHECK(text_at(payload, "error.server") == "strictbad");
    CHECK(text_at(payload, "error.message").find("status 4") != std::string::npos);
    CHECK(text_at(payload, "error.stderr").find("out of luck") != std::string::npos);
    CHECK(gate.containers("strictgood").empty());
    CHECK(gate.containers("strictbad").empty());
}

TEST_CASE("serve --strict: with good servers it serves, and they run already") {
    gateway_options options;
    options.servers = {scripted("strict1"), scripted("strict2")};
    options.arguments = {"serve", "--strict"};
    const gateway gate(std::move(options));
    CHECK(gate.status("strict1") == "running");
    CHECK(gate.status("strict2") == "running");
}

TEST_CASE("T-ERR-002: runtime error handling") {
    gateway_options options;
    options.servers = {scripted("err2", {}, R"("toolTimeout":1)")};
    const gateway gate(std::move(options));
    gate.call("err2", "silent", "{}", R"("req-42")");
    REQUIRE(eventually(10s, [&] { return !payloads(gate, "err2").empty(); }));
    const auto payload = payloads(gate, "err2").front();
    CHECK(text_at(payload, "type") == "runtime");
    CHECK(text_at(payload, "requestId") == "req-42");
    CHECK(number_at(payload, "code") == -32002);
    CHECK(text_at(payload, "timestamp").ends_with("Z"));
    CHECK(!text_at(payload, "detail").empty());
    CHECK(tool_text(gate.call("err2", "echo", R"({"text":"goes on"})")) == "goes on");
}

TEST_CASE("T-ERR-004: server crash recovery: every call that waits is answered, and the server comes back") {
    gateway_options options;
    options.servers = {scripted("err4")};
    const gateway gate(std::move(options));
    gate.call("err4", "echo");
    std::vector<boost::json::value> answers(6);
    std::vector<std::thread> threads;
    for (auto& answer : answers)
        threads.emplace_back([&] { answer = gate.call("err4", "silent"); });
    CHECK(eventually(30s, [&] { return std::stoi(tool_text(gate.call("err4", "count"))) >= 8; }));
    const auto crash = gate.call("err4", "crash", R"({"code":5})");
    for (auto& thread : threads)
        thread.join();
    answers.push_back(crash);
    for (const auto& answer : answers) {
        CHECK(number_at(answer, "error.code") == -32001);
        CHECK(text_at(answer, "error.data.server") == "err4");
    }
    CHECK(gate.becomes("err4", "running"));
    CHECK(tool_text(gate.call("err4", "echo", R"({"text":"new"})")) == "new");
    CHECK(eventually(10s, [&] { return gate.log().find("status 5") != std::string::npos; }));
}

TEST_CASE("exit codes and signals are told apart") {
    gateway_options options;
    options.servers = {scripted("signalled")};
    const gateway gate(std::move(options));
    gate.call("signalled", "kill_self", R"({"signal":11})");
    CHECK(eventually(30s, [&] { return gate.log().find("SIGSEGV") != std::string::npos; }));
}

TEST_CASE("T-ERR-005: error message quality: what, where, what next") {
    gateway_options options;
    options.servers = {
        scripted("err5a", {"--refuse-initialize"}),
        scripted("err5b", {"--wrong-version"}),
        {"err5c", R"({"container":"localhost/drawbridge-test/absent:1","drawbridge":{"pull":"never"}})"},
        {"err5d", R"({"container":"localhost/drawbridge-test/busybox","entrypoint":"/no/such/program"})"}};
    const gateway gate(std::move(options));
    const auto detail = [&](const std::string& server) {
        const auto answer = gate.call(server, "echo", "{}", "77");
        CHECK(number_at(answer, "id") == 77);
        CHECK(number_at(answer, "error.code") == -32001);
        CHECK(text_at(answer, "error.message") == "Server unavailable");
        CHECK(text_at(answer, "error.data.server") == server);
        return text_at(answer, "error.data.detail");
    };
    CHECK(detail("err5a").find("refused initialize") != std::string::npos);
    CHECK(detail("err5b").find("protocol version") != std::string::npos);
    CHECK(detail("err5c").find("image is not there") != std::string::npos);
    CHECK(detail("err5d").find("the container exited with status") != std::string::npos);
    // Why, is for the operator.
    CHECK(eventually(10s, [&] { return gate.log().find("No such file or directory") != std::string::npos; }));
}
