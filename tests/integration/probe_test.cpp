// What probes of an orchestrator see: /health, /livez, /readyz (Gateway 8).
#include "support/eventually.hpp"
#include "support/gateway.hpp"

#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <csignal>
#include <regex>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

// A server that never comes up, so that its state stays what it is for the rest of a test.
server_entry hopeless(std::string name) {
    return scripted(std::move(name), {"--crash-at-start", "3"}, R"("drawbridge":{"start":"eager"})");
}

bool is_semantic_version(const std::string& text) {
    static const std::regex shape(R"((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*))");
    return std::regex_match(text, shape);
}

} // namespace

TEST_CASE("T-HLT-001: health endpoint availability: open to all, before any server runs") {
    gateway_options options;
    options.servers = {scripted("hlt1")};
    const gateway gate(std::move(options));
    const auto answer = gate.get("/health");
    CHECK(answer.status == 200);
    CHECK(answer.headers.at("content-type").starts_with("application/json"));
    const auto version = text_at(parse(answer.body), "gatewayVersion");
    CHECK(answer.body == R"({"status":"healthy","specVersion":"1.17.0","gatewayVersion":")" + version +
                             R"(","servers":{"hlt1":{"status":"stopped","uptime":0}}})");

    http_client client(gate.port());
    const auto head = client.send("HEAD", "/health");
    CHECK(head.status == 200);
    CHECK(head.headers.at("content-length") == std::to_string(answer.body.size()));
    const auto again = client.send("GET", "/health"); // no body came behind the head
    CHECK(again.status == 200);
    CHECK(again.body == answer.body);
    const auto wrong = client.send("POST", "/health");
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.at("allow").find("GET") != std::string::npos);
}

TEST_CASE("T-HLT-002: liveness probe accuracy: alive whatever the servers do, until the process ends") {
    gateway_options options;
    options.servers = {hopeless("hlt2"), scripted("hlt2stuck", {"--never-initialize"},
                                                  R"("drawbridge":{"start":"eager","stopGrace":1})")};
    gateway gate(std::move(options));
    REQUIRE(gate.becomes("hlt2", "error"));
    const auto answer = gate.get("/livez");
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"status":"alive"})");
    http_client client(gate.port());
    CHECK(client.send("HEAD", "/livez").status == 200);
    gate.signal(SIGKILL);
    REQUIRE(gate.wait_exit(10s));
    CHECK(!http_client(gate.port()).connected());
    // Its networks would stay until a gateway is started at this place again.
    const auto place = "127.0.0.1:" + std::to_string(gate.port());
    CHECK(run({program_path(), "reap", "--listen", place, "--runtime", runtime()}).status == 0);
}

TEST_CASE("T-HLT-003: readiness probe accuracy: ready as long as one server can be used, with the reasons") {
    gateway_options options;
    options.servers = {hopeless("hlt3bad"), scripted("hlt3")};
    const gateway gate(std::move(options));
    REQUIRE(gate.becomes("hlt3bad", "error"));
    const auto partly = gate.get("/readyz");
    CHECK(partly.status == 200);
    CHECK(find(parse(partly.body), "ready")->as_bool());
    CHECK(text_at(parse(partly.body), "reasons.0").find("hlt3bad") != std::string::npos);

    gateway_options worse;
    worse.servers = {hopeless("hlt3none")};
    const gateway unusable(std::move(worse));
    REQUIRE(unusable.becomes("hlt3none", "error"));
    const auto refused = unusable.get("/readyz");
    CHECK(refused.status == 503);
    CHECK(!find(parse(refused.body), "ready")->as_bool());
    CHECK(text_at(parse(refused.body), "reasons.0").find("hlt3none") != std::string::npos);
    // The gateway itself serves: only its body says how the servers are.
    CHECK(unusable.get("/health").status == 200);
    CHECK(text_at(unusable.health(), "status") == "unhealthy");
}

TEST_CASE(
    "T-HLT-006, T-HLT-007, T-HLT-008, T-HLT-009: both versions stand in /health, in semantic versioning") {
    gateway_options options;
    options.servers = {scripted("hlt6")};
    const gateway gate(std::move(options));
    const auto now = gate.health();
    CHECK(text_at(now, "specVersion") == "1.17.0");
    CHECK(is_semantic_version(text_at(now, "specVersion")));
    CHECK(is_semantic_version(text_at(now, "gatewayVersion")));
    const auto told = run({program_path(), "--version"});
    CHECK(told.status == 0);
    CHECK(told.output.find(text_at(now, "gatewayVersion")) != std::string::npos);
}

TEST_CASE("healthStatus 503-when-unhealthy: the status code tells what the body tells") {
    gateway_options options;
    options.servers = {hopeless("told"), scripted("toldgood")};
    options.gateway_extra = R"("drawbridge":{"healthStatus":"503-when-unhealthy"})";
    const gateway gate(std::move(options));
    REQUIRE(gate.becomes("told", "error"));
    const auto answer = gate.get("/health");
    CHECK(answer.status == 503);
    CHECK(text_at(parse(answer.body), "status") == "unhealthy");
    CHECK(text_at(parse(answer.body), "servers.toldgood.status") == "stopped");
}

TEST_CASE("a frozen server is in error once it has owed an answer for too long, not before") {
    gateway_options options;
    options.servers = {scripted("frozen", {}, R"("toolTimeout":1,"drawbridge":{"stopGrace":1})")};
    const gateway gate(std::move(options));
    gate.call("frozen", "echo");
    const auto before = gate.containers("frozen");
    REQUIRE(before.size() == 1);
    REQUIRE(runtime_command({"pause", before.front()}).status == 0);
    CHECK(gate.status("frozen") == "running"); // nobody has asked it anything
    CHECK(number_at(gate.call("frozen", "echo"), "error.code") == -32002);
    CHECK(gate.becomes("frozen", "error"));
    CHECK(gate.becomes("frozen", "running"));
    CHECK(tool_text(gate.call("frozen", "echo", R"({"text":"thawed"})")) == "thawed");
    CHECK(eventually(30s, [&] {
        const auto now = gate.containers("frozen");
        return now.size() == 1 && now != before;
    }));
}
