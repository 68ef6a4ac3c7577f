#include "health/rendering.hpp"

#include "version.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge;
using namespace drawbridge::health;
using namespace std::chrono_literals;

namespace {

const core::time_point start{1000h};

server_health made(std::string name, backend::status word) {
    server_health server;
    server.name = std::move(name);
    server.status = word;
    return server;
}

std::string head(const std::string& status) {
    return R"({"status":")" + status + R"(","specVersion":"1.17.0","gatewayVersion":")" +
           std::string(gateway_version) + R"(","servers":{)";
}

} // namespace

TEST_CASE("rendering: no server at all is healthy") {
    CHECK(render_health(snapshot(), start) == head("healthy") + "}}");
}

TEST_CASE("rendering: every server with its word and its uptime in whole seconds (Gateway 8.1.1)") {
    snapshot now;
    now.servers.push_back(made("time", backend::status::running));
    now.servers.push_back(made("a \"b\"", backend::status::stopped));
    now.servers[0].running_since = start;
    CHECK(render_health(now, start + 3661999ms) ==
          head("healthy") +
              R"("time":{"status":"running","uptime":3661},"a \"b\"":{"status":"stopped","uptime":0}}})");
    // The same snapshot, read later: nothing in it is stale.
    CHECK(render_health(now, start + 4000s).find("\"uptime\":4000") != std::string::npos);
    CHECK(render_health(now, start).find("{\"status\":\"running\",\"uptime\":0}") != std::string::npos);
}

TEST_CASE("rendering: an error makes it unhealthy, without a reason in the open") {
    snapshot now;
    now.servers.push_back(made("a", backend::status::running));
    now.servers.push_back(made("b", backend::status::error));
    now.servers[0].running_since = start;
    now.servers[1].why.text = "the token was refused";
    now.servers[1].since = start;
    CHECK(render_health(now, start + 10s) ==
          head("unhealthy") + R"("a":{"status":"running","uptime":10},"b":{"status":"error","uptime":0}}})");
}
