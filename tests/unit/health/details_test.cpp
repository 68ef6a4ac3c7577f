#include "health/details.hpp"

#include "health/aggregator.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace drawbridge;
using namespace drawbridge::health;
using backend::state;
using backend::status;
using namespace std::chrono_literals;

namespace {

const core::time_point steady{5000s};
const std::chrono::system_clock::time_point wall{std::chrono::seconds(1'800'000'000)}; // 2027-01-15T08:00:00Z

moment now() {
    moment at;
    at.steady = steady;
    at.wall = wall;
    return at;
}

server_health made(std::string name) {
    server_health server;
    server_facts facts;
    facts.name = name;
    facts.place = "localhost/image";
    server.name = std::move(name);
    server.facts = std::make_shared<const server_facts>(std::move(facts));
    server.since = steady - 90s;
    server.wall_since = wall - 90s;
    server.why = reason(cause::idle, "nobody has needed it yet");
    return server;
}

transition crash() {
    reason why(cause::killed, "the container was killed by signal 9 (SIGKILL)");
    why.evidence = "last \"words\"";
    why.exit = exit_note();
    why.exit->signal = 9;
    transition change(0, state::ready, state::backoff, status::error, std::move(why));
    change.at = steady - 2s;
    change.wall = wall - 2s;
    change.incarnation = 4;
    change.next_try = steady + 1500ms;
    return change;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("details: a server that nobody needed has no past and no numbers made up") {
    const auto text = render_server(made("time"), server_meters(), now());
    CHECK(
        text ==
        R"({"name":"time","type":"stdio","status":"stopped","state":"stopped","since":"2027-01-15T07:58:30.000Z",)"
        R"("sinceSeconds":90.000,"uptimeSeconds":0.000,"reason":{"code":"idle","text":"nobody has needed it yet"},)"
        R"("incarnation":0,"starts":0,"restarts":0,"crashLoop":false,"attempt":0,"nextTry":null,)"
        R"("nextTrySeconds":null,"lastError":null,"checks":{"passed":0,"failed":0,"consecutiveFailures":0,)"
        R"("lastAt":null,"lastMilliseconds":null},"links":[],"calls":{"inFlight":0,"total":0,"failed":0,)"
        R"("latencyMilliseconds":{"p50":null,"p90":null,"p99":null}},"protocolVersion":null,"serverInfo":null,)"
        R"("image":"localhost/image","transitions":{"total":0,"recent":[]}})");
}

TEST_CASE("details: a crash is told with its cause, its exit, its last words and the next try") {
    auto server = after(made("time"), std::make_shared<const record>(7, "time", crash()));
    sample more;
    more.starts = 4;
    more.restarts = 3;
    more.attempt = 3;
    server.now = std::make_shared<const sample>(more);
    const auto text = render_server(server, server_meters(), now());
    CHECK(has(text, R"("status":"error","state":"backoff")"));
    CHECK(has(text, R"("uptimeSeconds":0.000)"));
    CHECK(has(text, R"("starts":4,"restarts":3,"crashLoop":true,"attempt":3)"));
    CHECK(has(text, R"("nextTry":"2027-01-15T08:00:01.500Z","nextTrySeconds":1.500)"));
    CHECK(has(text, R"("lastError":{"at":"2027-01-15T07:59:58.000Z","code":"killed")"));
    CHECK(has(text,
              R"("exit":{"code":null,"signal":"SIGKILL","outOfMemory":false},"stderr":"last \"words\"")"));
    CHECK(has(text,
              R"("recent":[{"sequence":7,"server":"time","from":"ready","to":"backoff","status":"error")"));
}

TEST_CASE("details: a remote server names its origin, and failures in a row are no crash loop") {
    auto server = made("docs");
    server_facts facts = *server.facts;
    facts.remote = true;
    facts.place = "https://docs.example.com";
    server.facts = std::make_shared<const server_facts>(facts);
    sample more;
    more.attempt = 9;
    server.now = std::make_shared<const sample>(more);
    const auto text = render_server(server, server_meters(), now());
    CHECK(has(text, R"("type":"http")"));
    CHECK(has(text, R"("crashLoop":false,"attempt":9)"));
    CHECK(has(text, R"("origin":"https://docs.example.com")"));
    CHECK_FALSE(has(text, R"("image")"));
}

TEST_CASE("details: all servers, with the gateway's own facts before them") {
    snapshot all;
    all.servers.push_back(made("a"));
    all.servers.push_back(made("b"));
    gateway_facts gateway;
    gateway.started = now();
    gateway.started.steady -= 60s;
    gateway.sessions = 5;
    const auto text = render_servers(all, meters(2), gateway, now());
    CHECK(text.starts_with(R"({"gateway":{"version":")"));
    CHECK(
        has(text,
            R"("uptimeSeconds":60.000,"healthy":true,"closing":false,"sessions":5},"servers":[{"name":"a")"));
    CHECK(has(text, R"(,{"name":"b")"));
    CHECK(text.ends_with("}]}"));
}

TEST_CASE("details: a text of a server is quoted and cut") {
    auto change = crash();
    change.why.text = shortened(std::string(600, 'x') + "\n");
    CHECK(change.why.text.size() == 512);
    CHECK(change.why.text.ends_with("..."));
    change.why.text = "line\n\"quoted\"";
    CHECK(has(render_transition(record(1, "a\"b", change), now()), R"("text":"line\n\"quoted\"")"));
}
