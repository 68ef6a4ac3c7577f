// What the checks of a link do to its server's state.
#include "backend/actor_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using backend::status;

TEST_CASE("actor, checks: a server that answers late is degraded, serves on, and is well again in time") {
    stage now(R"(shake; while hear; do id
        case $line in *'"method":"ping"'*) [ -e "$DIR/quick" ] || sleep 2.2;; esac
        case $line in *'"id":'*) say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}';; esac; done)");
    now.settings.server.checks.interval = 50ms;
    now.settings.server.checks.fast_interval = 50ms;
    now.settings.server.checks.timeout = 4s;
    now.start();
    now.server->address().start();
    now.until(state::degraded);
    const auto& slow = now.last(state::degraded);
    CHECK(slow.status == status::running);
    CHECK(slow.why.code == health::cause::check_slow);
    CHECK(slow.why.text.starts_with("its answer to a check took "));
    CHECK(slow.why.text.ends_with(" ms; more than 2000 ms is slow"));
    CHECK_FALSE(now.ask("x").failure);
    now.client.touch("quick");
    now.until(state::ready, 2);
    CHECK(now.last(state::ready).why.code == health::cause::check_passed);
    CHECK(now.entered(state::backoff) == 0);
    CHECK(now.client.calls("run").size() == 1);
}
