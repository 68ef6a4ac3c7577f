#include "health/readiness.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge;
using namespace drawbridge::health;
using backend::status;

namespace {

snapshot made(status first, status second) {
    snapshot now;
    now.servers.resize(2);
    now.servers[0].name = "a";
    now.servers[0].status = first;
    now.servers[1].name = "b";
    now.servers[1].status = second;
    return now;
}

config::readiness policy(config::readiness::policy how, std::vector<std::string> servers = {}) {
    config::readiness made;
    made.how = how;
    made.servers = std::move(servers);
    return made;
}

} // namespace

TEST_CASE("readiness: any, all and listed servers") {
    using how = config::readiness::policy;
    const auto mixed = made(status::running, status::error);
    const auto dead = made(status::error, status::error);
    const auto well = made(status::running, status::stopped);
    CHECK(ready(mixed, policy(how::any), false).good());
    CHECK_FALSE(ready(dead, policy(how::any), false).good());
    CHECK_FALSE(ready(mixed, policy(how::all), false).good());
    CHECK(ready(well, policy(how::all), false).good());
    CHECK(ready(mixed, policy(how::listed, {"a"}), false).good());
    CHECK_FALSE(ready(mixed, policy(how::listed, {"a", "b"}), false).good());
    CHECK(ready(snapshot(), policy(how::any), false).good());
}

TEST_CASE("readiness: a gateway that closes is not ready, however its servers are") {
    const auto what = ready(made(status::running, status::running), {}, true);
    CHECK_FALSE(what.good());
    CHECK(what.json() == R"({"ready":false,"reasons":["the gateway is shutting down"]})");
}

TEST_CASE("readiness: the lines of ?verbose") {
    const auto what = ready(made(status::running, status::error), {}, false);
    CHECK(what.text("readyz") == "[+]the gateway ok\n"
                                 "[+]server a ok\n"
                                 "[-]server b failed: is in error\n"
                                 "readyz check passed\n");
}

TEST_CASE("readiness: started when the gateway serves and eager servers have had their first try") {
    auto now = made(status::stopped, status::stopped);
    CHECK(started(now, true).good()); // nobody asked for them
    CHECK_FALSE(started(now, false).good());
    server_facts eager;
    eager.eager = true;
    now.servers[0].facts = std::make_shared<const server_facts>(eager);
    CHECK_FALSE(started(now, true).good());
    now.servers[0].status = status::error;
    now.servers[0].transitions = 3;
    CHECK(started(now, true).good());
    now.servers[0].status = status::running;
    CHECK(started(now, true).json() == R"({"started":true,"reasons":[]})");
}
