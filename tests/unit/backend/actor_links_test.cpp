// The links of one server: who shares them, how many there may be, when they end, and what they are in
// together.
#include "backend/actor_stage.hpp"
#include "backend/guest.hpp"

#include <algorithm>
#include <map>

using namespace drawbridge;
using namespace drawbridge::testing;
using backend::status;
using mcp::fault_kind;
using sharing = config::server::session_sharing;

namespace {

// Every answer names the process that gave it.
const std::string tells_itself = "RESULT='{\"pid\":'$$'}'; ";

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

} // namespace

TEST_CASE("actor, links: each way of sharing gives the right number of them") {
    struct row {
        sharing how;
        const char* links; // of: two sessions, one that can be asked, one of another agent, single requests
    };
    const row table[] = {
        {sharing::automatic, "aabca"},
        {sharing::shared, "aaaaa"},
        {sharing::per_agent, "aaaba"},
        {sharing::per_session, "abcd-"},
    };
    for (const auto& each : table) {
        CAPTURE(each.links);
        stage now(tells_itself + "shake; serve");
        now.settings.server.sessions = each.how;
        now.start();
        const guest clients[] = {guest("s1", 1), guest("s2", 1), guest("s3", 1, true), guest("s4", 2),
                                 guest("", 1)};
        std::map<std::string, char> known;
        std::string links;
        for (const auto& client : clients) {
            if (!client.made->session.empty()) CHECK_FALSE(now.begin(client).failure);
            const auto answer = now.ask("a", "{}", client);
            if (answer.failure) {
                CHECK(failed_with(answer, fault_kind::session_required));
                links += '-';
            } else {
                links += known.emplace(answer.response, static_cast<char>('a' + known.size())).first->second;
            }
        }
        CHECK(links == each.links);
        CHECK(now.client.calls("run").size() == known.size());
        CHECK(now.client.calls("image").size() == 1); // looked for once
        auto names = now.client.calls("run");
        std::sort(names.begin(), names.end());
        CHECK(std::adjacent_find(names.begin(), names.end()) == names.end()); // a container name of its own for each
    }
}

TEST_CASE("actor, links: an own link is opened as its client introduced itself, a shared one by the gateway") {
    stage now("shake; serve");
    now.start();
    guest mine("s1", 0, true);
    mine.made->capabilities = R"({"sampling":{"x":1}})";
    mine.made->info = R"({"name":"me"})";
    mine.made->revision = "2025-03-26";
    CHECK(now.begin(mine).response.find(R"("protocolVersion":"2025-06-18")") != std::string::npos); // the server's
    const guest other("s2");
    CHECK(now.begin(other).response.find(R"("protocolVersion":"2025-03-26")") != std::string::npos); // negotiated
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() >= 3);
    CHECK(heard[0].find(R"("params":{"protocolVersion":"2025-03-26","capabilities":{"sampling":{"x":1}},)"
                        R"("clientInfo":{"name":"me"}})") != std::string::npos);
    CHECK(heard[2].find(R"("capabilities":{},"clientInfo":{"name":"drawbridge")") != std::string::npos);
}

TEST_CASE("actor, links: no more than maxLinks; the next in the queue gets the place that becomes free") {
    stage now(tells_itself + "shake; serve");
    now.settings.server.sessions = sharing::per_session;
    now.settings.server.max_links = 1;
    now.start();
    const guest a("a"), b("b"), c("c");
    CHECK_FALSE(now.begin(a).failure);
    auto second = now.submit("x", "{}", b);
    auto third = now.submit("x", "{}", c);
    testing::settle(now.loop);
    CHECK_FALSE(now.ask("x", "{}", a).failure); // it goes on
    CHECK_FALSE(testing::run(now.loop, second.wait_until(core::clock::now())));
    CHECK(now.client.calls("run").size() == 1);
    now.server->address().release(a);
    CHECK_FALSE(now.answer(second).failure);
    CHECK(now.client.calls("run").size() == 2);
    CHECK_FALSE(testing::run(now.loop, third.wait_until(core::clock::now())));
    now.server->address().release(b);
    CHECK_FALSE(now.answer(third).failure);
    CHECK(now.client.calls("run").size() == 3);
}

TEST_CASE("actor, links: who waits too long for a place is refused, and no link is started for it later") {
    stage now("shake; serve");
    now.settings.server.sessions = sharing::per_session;
    now.settings.server.max_links = 2;
    now.settings.server.startup_timeout = 2s;
    now.start();
    const guest a("a"), b("b"), c("c"), d("d");
    CHECK_FALSE(now.begin(a).failure);
    CHECK_FALSE(now.begin(b).failure);
    auto first = now.submit("x", "{}", c);
    auto second = now.submit("x", "{}", c);
    auto gone = now.submit("x", "{}", d);
    testing::settle(now.loop);
    now.server->address().release(d); // who leaves the queue
    CHECK(failed_with(now.answer(gone), fault_kind::unknown_session));
    for (auto* each : {&first, &second}) {
        const auto end = now.answer(*each);
        CHECK(failed_with(end, fault_kind::overloaded));
        CHECK(end.failure->detail == "all 2 links of this server are in use by other sessions (drawbridge.maxLinks)");
        CHECK(end.failure->retry_after == 5s);
    }
    now.server->address().release(a);
    testing::run(now.loop, core::event(now.loop.get_executor()).wait_until(core::clock::now() + 300ms));
    CHECK_FALSE(now.ask("x", "{}", b).failure);
    CHECK(now.client.calls("run").size() == 2);
    CHECK_FALSE(now.ask("x", "{}", c).failure); // the place is free, and now somebody wants it
    CHECK(now.client.calls("run").size() == 3);
    CHECK(now.last(state::ready).status == status::running);
}

TEST_CASE("actor, links: one that nobody uses ends, and the next call starts it again") {
    stage now("shake; serve");
    now.settings.server.link_idle_timeout = 1s;
    now.start();
    const guest a("a");
    const auto began = core::clock::now();
    CHECK_FALSE(now.begin(a).failure);
    now.until(state::stopped);
    CHECK(core::clock::now() >= began + 1s);
    CHECK(now.story() == words{"pulling stopped: a client needs it", "starting stopped", "initializing stopped",
                               "ready running: the MCP handshake is done",
                               "draining running: nobody used it for 1 s", "stopping running",
                               "stopped stopped: the container exited with status 0"});
    CHECK(a.port->lost.size() == 1);
    CHECK_FALSE(now.ask("x", "{}", a).failure); // its session goes on
    CHECK(now.entered(state::ready) == 2);
    CHECK(now.last(state::ready).incarnation == 2);

    now.until(state::stopped, 2);
    now.server->address().release(a); // nothing is left of it, and nothing is told twice
    testing::settle(now.loop);
    CHECK(now.transitions.size() == 14);
    CHECK(count(now.told(), "\"type\"") == 0);
}

TEST_CASE("actor, links: a single request without a session leaves nothing behind either") {
    stage now("shake; serve");
    now.settings.server.link_idle_timeout = 1s;
    now.start();
    CHECK_FALSE(now.ask("x").failure);
    now.until(state::stopped);
    testing::settle(now.loop);
    CHECK(now.transitions.size() == 7);
    CHECK(now.transitions.back().reason == "the container exited with status 0");
    CHECK(now.transitions.back().incarnation == 1);
}

TEST_CASE("actor, links: one with a call or a subscription is in use") {
    stage now(R"(shake; hear; id; while [ ! -e "$DIR/go" ]; do sleep 0.02; done
        say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}'; serve)");
    now.settings.server.link_idle_timeout = 1s;
    now.start();
    const guest a("a");
    CHECK_FALSE(now.begin(a).failure);
    auto slow = now.submit("x", "{}", a);
    CHECK_FALSE(testing::run(now.loop, slow.wait_until(core::clock::now() + 1500ms)));
    CHECK(now.entered(state::draining) == 0);
    now.client.touch("go");
    CHECK_FALSE(now.answer(slow).failure);
    CHECK_FALSE(now.ask("resources/subscribe", R"({"uri":"x"})", a).failure);
    now.seen.reset();
    CHECK_FALSE(testing::run(now.loop, now.seen.wait_until(core::clock::now() + 2200ms)));
    CHECK_FALSE(now.ask("resources/unsubscribe", R"({"uri":"x"})", a).failure);
    now.until(state::stopped);
}

TEST_CASE("actor, links: one that starts with the gateway stays up") {
    stage now("shake; serve");
    now.settings.server.start = config::server::start_policy::eager;
    now.settings.server.link_idle_timeout = 1s;
    now.start();
    now.server->address().start();
    now.until(state::ready);
    now.seen.reset();
    CHECK_FALSE(testing::run(now.loop, now.seen.wait_until(core::clock::now() + 1200ms)));
    CHECK_FALSE(now.ask("x").failure);
    CHECK(now.client.calls("run").size() == 1);
}

TEST_CASE("actor, links: the end of its session ends an own link, with its calls, and no other") {
    stage now("shake; serve");
    now.start();
    const guest mine("s1", 0, true), other("s2");
    CHECK_FALSE(now.begin(other).failure);
    CHECK_FALSE(now.begin(mine).failure);
    auto slow = now.submit("slow", "{}", mine);
    auto others = now.submit("slow", "{}", other);
    testing::settle(now.loop);
    now.server->address().release(mine);
    CHECK(failed_with(now.answer(slow), fault_kind::unknown_session));
    CHECK_FALSE(now.ask("x", "{}", other).failure);
    CHECK_FALSE(testing::run(now.loop, others.wait_until(core::clock::now())));
    CHECK(now.entered(state::draining) == 0); // a link is ready: the server runs
    now.server->address().release(other);
    CHECK(failed_with(now.answer(others), fault_kind::unknown_session));
    CHECK_FALSE(now.ask("x").failure); // the link of its agent's clients stays
    CHECK(now.client.calls("run").size() == 2);
    CHECK(count(now.told(), "\"type\"") == 0);
}

TEST_CASE("actor, links: the only link ends with its session, and the server is stopped") {
    stage now("shake; serve");
    now.settings.server.sessions = sharing::per_session;
    now.start();
    const guest a("a"), b("b");
    CHECK_FALSE(now.begin(a).failure);
    now.server->address().release(a);
    now.until(state::stopped);
    CHECK(now.story() == words{"pulling stopped: a client needs it", "starting stopped", "initializing stopped",
                               "ready running: the MCP handshake is done", "draining running: its session ended",
                               "stopping running", "stopped stopped: the container exited with status 0"});
    CHECK_FALSE(now.begin(b).failure);
    CHECK(now.last(state::ready).incarnation == 2);
}

TEST_CASE("actor, links: a session that ends while its link comes up leaves no call and no report of a failure") {
    stage now("while hear; do :; done"); // never answers initialize
    now.settings.server.sessions = sharing::per_session;
    now.start();
    const guest a("a");
    auto waiting = now.submit("x", "{}", a);
    now.until(state::initializing);
    now.server->address().release(a);
    CHECK(failed_with(now.answer(waiting), fault_kind::unknown_session));
    now.until(state::stopped);
    CHECK(now.entered(state::backoff) == 0);
    CHECK(now.client.calls("run").size() == 1);
    CHECK(count(now.told(), "\"type\"") == 0);
}

TEST_CASE("actor, links: a call of a session that is gone starts nothing") {
    stage now("shake; serve");
    now.start();
    guest gone("a");
    gone.port.reset();
    CHECK(failed_with(now.ask("x", "{}", gone), fault_kind::unknown_session));
    CHECK(now.transitions.empty());
    CHECK(now.client.calls("run").empty());
}

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
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() >= 2);
    CHECK(heard[heard.size() - 2].find(R"("capabilities":{},"clientInfo":{"name":"drawbridge")") !=
          std::string::npos);
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
        CHECK_FALSE(now.ask("resources/subscribe", R"({"uri":"of )" + each->made->session + "\"}", *each).failure);
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

TEST_CASE("actor, links: what a server asks comes to the owner of the link, and its answer back to that link alone") {
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
        CHECK(told.find(R"("message":"its image is not there, and it must not be pulled")") != std::string::npos);
        CHECK(now.client.calls("run").empty());
    }
}
