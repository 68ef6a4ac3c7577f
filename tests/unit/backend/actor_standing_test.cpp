// What the links of one server are in together, what takes over from what, and whose messages reach whom.
#include "backend/actor_stage.hpp"
#include "backend/guest.hpp"

#include <algorithm>

using namespace drawbridge;
using namespace drawbridge::testing;
using backend::status;
using mcp::fault_kind;
using sharing = config::server::session_sharing;

TEST_CASE("actor, links: a failed link whose session ended is taken over by one of the gateway's own") {
    for (const auto how : {sharing::automatic, sharing::per_session}) {
        CAPTURE(static_cast<int>(how));
        stage now(R"([ -e "$DIR/good" ] || exit 3; shake; serve)");
        now.settings.server.sessions = how;
        now.settings.server.link_idle_timeout = 1s;
        now.start();
        const guest mine("s1", 1, true);
        CHECK(failed_with(now.begin(mine), fault_kind::unavailable));
        now.until(state::backoff);
        now.client.touch("good");
        now.server->address().release(mine);
        now.until(state::ready);
        CHECK(now.last(state::ready).status == status::running);
        bool failed = false;
        for (const auto& each : now.transitions) { // in error until it is ready
            failed = failed || each.to == state::backoff;
            if (each.to == state::ready) break;
            CHECK(each.status == (failed ? status::error : status::stopped));
        }
        for (std::size_t i = 1; i < now.transitions.size(); ++i) // a chain: nothing was left out
            CHECK(now.transitions[i].from == now.transitions[i - 1].to);
        CHECK(now.entered(state::stopped) == 0);
        now.until(state::stopped); // nobody needs it
        CHECK(now.transitions.back().status == status::stopped);
    }
}

TEST_CASE("actor, links: one that crashed, with its session gone, is taken over as well") {
    stage now(R"(shake; while hear; do id; case $line in *crash*) exit 9;; esac
        say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}'; done)");
    now.start();
    const guest mine("s1", 0, true);
    CHECK_FALSE(now.begin(mine).failure);
    CHECK(failed_with(now.ask("crash", "{}", mine), fault_kind::call_interrupted));
    CHECK(mine.port->lost.size() == 1);
    now.until(state::backoff);
    now.server->address().release(mine);
    now.until(state::ready, 2);
    CHECK(now.last(state::ready).status == status::running);
    std::string all;
    for (const auto& line : now.client.lines("heard"))
        all += line;
    CHECK(count(all, R"("method":"initialize")") == 2);
    CHECK(count(all, R"("capabilities":{},"clientInfo":{"name":"drawbridge")") == 1);
}

TEST_CASE("actor, links: the next try of another session does not make a server well that is in error") {
    stage now("exit 3");
    now.settings.server.sessions = sharing::per_session;
    now.start();
    const guest a("a"), b("b");
    CHECK(failed_with(now.begin(a), fault_kind::unavailable));
    CHECK(failed_with(now.begin(b), fault_kind::unavailable));
    const auto first = std::find_if(now.transitions.begin(), now.transitions.end(),
                                    [](const auto& each) { return each.to == state::backoff; });
    for (auto each = first; each != now.transitions.end(); ++each)
        CHECK(each->status == status::error);
}

TEST_CASE("actor, links: a server runs as long as one of its links does") {
    stage now(R"(shake; while hear; do id; case $line in *crash*) exit 9;; esac
        say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}'; done)");
    now.settings.server.sessions = sharing::per_session;
    now.start();
    const guest a("a"), b("b");
    CHECK_FALSE(now.begin(a).failure);
    CHECK_FALSE(now.begin(b).failure);
    CHECK(failed_with(now.ask("crash", "{}", a), fault_kind::call_interrupted));
    auto refused = now.ask("x", "{}", a);
    CHECK(failed_with(refused, fault_kind::unavailable)); // its own link is in backoff
    CHECK_FALSE(now.ask("x", "{}", b).failure);
    CHECK(a.port->lost.size() == 1);
    CHECK(b.port->lost.empty());
    CHECK(now.transitions.back().status == status::running);
    CHECK(now.entered(state::backoff) == 0);
    const auto end = core::clock::now() + 15s;
    while (refused.failure && core::clock::now() < end) { // it comes back by itself
        testing::run(now.loop, core::event(now.loop.get_executor()).wait_until(core::clock::now() + 50ms));
        refused = now.ask("x", "{}", a);
    }
    CHECK_FALSE(refused.failure);
    CHECK(now.client.calls("run").size() == 3);
    CHECK(count(now.told(), R"("type":"runtime")") == 1);
}

TEST_CASE("actor, links: a process that took over is told what the clients had asked of the one before") {
    stage now(R"(shake; while hear; do id; case $line in *crash*) exit 9;; esac
        case $line in *'"id":'*) say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}';; esac; done)");
    now.start();
    const guest a("a"), b("b"), gone("c");
    for (const auto* each : {&a, &b, &gone}) {
        CHECK_FALSE(now.begin(*each).failure);
        CHECK_FALSE(
            now.ask("resources/subscribe", R"({"uri":"of )" + each->made->session + "\"}", *each).failure);
    }
    CHECK_FALSE(now.ask("logging/setLevel", R"({"level":"notice"})", a).failure);
    now.server->address().release(gone);
    CHECK(failed_with(now.ask("crash", "{}", a), fault_kind::call_interrupted));
    now.until(state::ready, 2);
    CHECK_FALSE(now.ask("x", "{}", a).failure);
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() > 6);
    const words last(heard.end() - 4, heard.end());
    CHECK(last[0].find(R"("method":"logging/setLevel","params":{"level":"notice"})") != std::string::npos);
    CHECK(last[1].find(R"("method":"resources/subscribe","params":{"uri":"of a"})") != std::string::npos);
    CHECK(last[2].find(R"("method":"resources/subscribe","params":{"uri":"of b"})") != std::string::npos);
    CHECK(last[3].find(R"("method":"x")") != std::string::npos);
}

TEST_CASE("actor, links: what a server asks comes to the owner of the link, and its answer back to that link "
          "alone") {
    stage now(R"(shake; hear; id; say '{"jsonrpc":"2.0","id":"q","method":"roots/list"}'; hear
        say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}'; serve)");
    now.start();
    const guest mine("s1", 0, true), other("s1", 1, true);
    CHECK_FALSE(now.begin(mine).failure);
    auto running = now.submit("x", "{}", mine);
    while (mine.port->heard.empty())
        testing::run(now.loop, core::event(now.loop.get_executor()).wait_until(core::clock::now() + 10ms));
    CHECK(mine.port->heard == words{R"({"jsonrpc":"2.0","id":"q","method":"roots/list"})"});
    const auto link = mine.port->links.at(0);
    const std::string reply = R"({"jsonrpc":"2.0","id":"q","result":{"roots":[]}})";
    now.server->address().answer({mine, link + 1, "\"q\"", R"({"from":"another life"})"});
    now.server->address().answer({mine, link, "\"other\"", R"({"to":"nobody"})"});
    now.server->address().answer({mine, link, "\"q\"", reply});
    now.server->address().answer({mine, link, "\"q\"", R"({"again":1})"});
    CHECK_FALSE(now.answer(running).failure);
    CHECK_FALSE(now.ask("y", "{}", mine).failure);
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() == 5);
    CHECK(heard[3] == reply);
    CHECK(heard[4].find(R"("method":"y")") != std::string::npos);
}

TEST_CASE("actor, links: a call that waits for the start can be cancelled, and never reaches the server") {
    stage now(R"(while [ ! -e "$DIR/go" ]; do sleep 0.02; done; shake; serve)");
    now.start();
    const guest a("a"), b("b");
    auto first = now.submit("first", "{}", a, 1);
    auto second = now.submit("second", "{}", a, 2);
    auto others = now.submit("others", "{}", b, 1);
    testing::settle(now.loop);
    now.server->address().cancel({a, 1, "\"why\""});
    now.server->address().cancel({a, 7, ""});
    const auto nothing = now.answer(first);
    CHECK_FALSE(nothing.failure);
    CHECK(nothing.response == "");
    now.client.touch("go");
    CHECK_FALSE(now.answer(second).failure);
    CHECK_FALSE(now.answer(others).failure);
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() == 4);
    CHECK(heard[2].find(R"("method":"second")") != std::string::npos);
    CHECK(heard[3].find(R"("method":"others")") != std::string::npos);
}

TEST_CASE("actor, links: an image that is missing and must not be pulled is one report of a failed start") {
    for (const bool eager : {false, true}) {
        CAPTURE(eager);
        stage now("shake; serve");
        now.settings.server.stdio->pull = config::stdio_server::pull_policy::never;
        now.client.remove("image");
        now.start();
        if (eager)
            now.server->address().start();
        else
            CHECK(failed_with(now.ask("x"), fault_kind::unavailable));
        now.until(state::backoff);
        CHECK(now.last(state::backoff).status == status::error);
        const auto told = now.told();
        CHECK(count(told, R"("type":"startup")") == 1);
        CHECK(count(told, "\"type\"") == 1);
        CHECK(told.find(R"("message":"its image is not there, and it must not be pulled")") !=
              std::string::npos);
        CHECK(now.client.calls("run").empty());
    }
}
