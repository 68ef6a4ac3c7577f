// The links of one server: who shares them, how many there may be, and when they end.
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
        CHECK(std::adjacent_find(names.begin(), names.end()) ==
              names.end()); // a container name of its own for each
    }
}

TEST_CASE(
    "actor, links: an own link is opened as its client introduced itself, a shared one by the gateway") {
    stage now("shake; serve");
    now.start();
    guest mine("s1", 0, true);
    mine.made->capabilities = R"({"sampling":{"x":1}})";
    mine.made->info = R"({"name":"me"})";
    mine.made->revision = "2025-03-26";
    CHECK(now.begin(mine).response.find(R"("protocolVersion":"2025-06-18")") !=
          std::string::npos); // the server's
    CHECK_FALSE(now.ask("x", "{}", mine).failure);
    const guest other("s2");
    CHECK(now.begin(other).response.find(R"("protocolVersion":"2025-03-26")") !=
          std::string::npos); // negotiated
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() >= 4);
    CHECK(heard[0].find(R"("params":{"protocolVersion":"2025-03-26","capabilities":{"sampling":{"x":1}},)"
                        R"("clientInfo":{"name":"me"}})") != std::string::npos);
    CHECK(heard[3].find(R"("capabilities":{},"clientInfo":{"name":"drawbridge")") != std::string::npos);
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

TEST_CASE("actor, links: a link that no session holds makes room for one that waits") {
    stage now(tells_itself + "shake; serve");
    now.settings.server.max_links = 1;
    now.start();
    CHECK_FALSE(now.ask("x", "{}", guest("", 1)).failure); // without a session: the agent's link
    const guest asks("s", 1, true);
    CHECK_FALSE(now.begin(asks).failure);
    CHECK(now.client.calls("run").size() == 2);
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
        CHECK(end.failure->detail ==
              "all 2 links of this server are in use by other sessions (drawbridge.maxLinks)");
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
    CHECK(now.story() == words{"pulling stopped: a client needs it", "starting stopped",
                               "initializing stopped", "ready running: the MCP handshake is done",
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
    CHECK(now.transitions.back().why.text == "the container exited with status 0");
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
    CHECK(now.story() == words{"pulling stopped: a client needs it", "starting stopped",
                               "initializing stopped", "ready running: the MCP handshake is done",
                               "draining running: its session ended", "stopping running",
                               "stopped stopped: the container exited with status 0"});
    CHECK_FALSE(now.begin(b).failure);
    CHECK(now.last(state::ready).incarnation == 2);
}

TEST_CASE(
    "actor, links: a session that ends while its link comes up leaves no call and no report of a failure") {
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

TEST_CASE(
    "actor, links: a session hears what the server tells everybody once it has used it, and until it ends") {
    const std::string change = R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";
    stage now("shake; while hear; do id; say '" + change +
              R"('; say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}'; done)");
    now.start();
    guest began("s1"), only_lists("s2"), alone(""), never("s3");
    now.begin(began);
    CHECK_FALSE(now.ask("tools/list", "{}", only_lists).failure);
    for (auto* each : {&began, &only_lists})
        CHECK(each->heard() == words{change});
    CHECK_FALSE(now.ask("tools/list", "{}", only_lists).failure);
    CHECK_FALSE(now.ask("tools/list", "{}", alone).failure);
    for (auto* each : {&began, &only_lists})
        CHECK(each->heard() == words{change, change});
    now.server->address().release(only_lists);
    CHECK_FALSE(now.ask("tools/list", "{}", alone).failure);
    CHECK(began.heard() == words{change});
    for (auto* each : {&only_lists, &alone, &never})
        CHECK(each->heard().empty());
}
