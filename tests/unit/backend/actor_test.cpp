// The supervisor: states, calls, restarts, images, the way out.
#include "backend/actor_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using backend::status;

TEST_CASE("actor: nothing starts by itself, and one that was never needed ends at once") {
    stage now("shake; serve");
    now.start();
    testing::settle(now.loop);
    CHECK(now.transitions.empty());
    now.finish();
    CHECK(now.story() == words{}); // it is stopped already
    CHECK(now.client.calls() == words{});
}

TEST_CASE("actor: the first call starts it, and its whole life is reported") {
    stage now("shake; serve");
    now.start();
    CHECK(now.ask("a").response == R"({"jsonrpc":"2.0","id":"c","result":{}})");
    CHECK(now.ask("b").response == R"({"jsonrpc":"2.0","id":"c","result":{}})");
    now.finish();
    CHECK(now.story() == words{"pulling stopped: a client needs it", "starting stopped",
                               "initializing stopped", "ready running: the MCP handshake is done",
                               "draining running: the gateway is shutting down", "stopping running",
                               "stopped stopped: the container exited with status 0"});
    for (std::size_t i = 1; i < now.transitions.size(); ++i) // a chain: nothing was left out
        CHECK(now.transitions[i].from == now.transitions[i - 1].to);
    CHECK(now.last(state::ready).incarnation == 1);
    const auto calls = now.client.calls();
    REQUIRE(calls.size() >= 2);
    CHECK(calls[0] == "image exists localhost/test");
    CHECK(calls[1].find("run --rm") == 0);
    CHECK(now.client.calls("kill").empty());
}

TEST_CASE("actor: start brings it up without a call") {
    stage now("shake; serve");
    now.start();
    now.server->address().start();
    now.until(state::ready);
    CHECK(now.story().front() == "pulling stopped: it starts with the gateway");
    now.server->address().start(); // it is up
    CHECK(now.ask("a").response != "");
    CHECK(now.client.calls("run").size() == 1);
}

TEST_CASE("actor: initialize of a client is answered from the handshake, with its own id and version") {
    stage now("shake; serve");
    now.start();
    CHECK(now.ask("initialize", R"({"protocolVersion":"2025-03-26","capabilities":{}})").response ==
          R"({"jsonrpc":"2.0","id":"c","result":{"protocolVersion":"2025-03-26","capabilities":{"x":1}}})");
    CHECK(now.ask("initialize", R"({"protocolVersion":"none"})").response.find("2025-11-25") !=
          std::string::npos);
    CHECK(now.ask("a").response != "");
    CHECK(now.client.lines("heard").size() == 3); // the server heard of it once
}

TEST_CASE("actor: calls wait while it comes up, in order, and no more than may") {
    stage now(R"(while [ ! -e "$DIR/go" ]; do sleep 0.02; done; shake; serve)");
    now.settings.max_queued_calls = 2;
    now.start();
    auto first = now.submit("first");
    testing::settle(now.loop); // the mailbox is empty again: they wait in the actor
    auto second = now.submit("second");
    testing::settle(now.loop);
    const auto refused = now.ask("third");
    CHECK(failed_with(refused, mcp::fault_kind::overloaded));
    CHECK(refused.failure->detail == "too many calls are waiting for this server to start");
    CHECK(refused.failure->retry_after == 1s);
    now.client.touch("go");
    CHECK(now.answer(first).response != "");
    CHECK(now.answer(second).response != "");
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() == 4);
    CHECK(heard[2].find("\"first\"") != std::string::npos);
    CHECK(heard[3].find("\"second\"") != std::string::npos);
}

TEST_CASE("actor: a notification reaches a server that is up, and starts none") {
    stage now("shake; serve");
    now.start();
    now.server->address().notify(nullptr, R"({"jsonrpc":"2.0","method":"notifications/early"})");
    testing::settle(now.loop);
    CHECK(now.transitions.empty());
    CHECK(now.ask("a").response != "");
    now.server->address().notify(nullptr, R"({"jsonrpc":"2.0","method":"notifications/x"})");
    CHECK(now.ask("b").response != "");
    const auto heard = now.client.lines("heard");
    REQUIRE(heard.size() == 5);
    CHECK(heard[3] == R"({"jsonrpc":"2.0","method":"notifications/x"})");
}

TEST_CASE("actor: a start that fails is told with its reason, and tried again by itself") {
    stage now(R"(echo 'hunter2-secret is refused' >&2; [ -e "$DIR/good" ] || exit 3; shake; serve)");
    now.settings.secrets = {"hunter2-secret"};
    now.settings.server.stdio->env = {{"TOKEN", "hunter2-secret"}, {"MODE", "x"}};
    now.settings.server.stdio->missing_env = {"OTHER"};
    now.start();
    const auto began = core::clock::now();
    auto first = now.submit("a");
    auto second = now.submit("b"); // both waited for it
    for (auto* each : {&first, &second}) {
        const auto end = now.answer(*each);
        CHECK(failed_with(end, mcp::fault_kind::unavailable));
        CHECK(end.failure->detail.find("the container exited with status 3; the next start is tried in ") ==
              0);
        CHECK(end.failure->retry_after >= 1s);
        CHECK(end.failure->retry_after <= 2s);
    }
    const auto failure = now.last(state::backoff);
    CHECK(failure.status == status::error);
    REQUIRE(failure.next_try);
    CHECK(*failure.next_try >= began + 800ms);
    CHECK(*failure.next_try <= failure.at + 1200ms);

    // In backoff a call is answered at once and starts nothing.
    CHECK(failed_with(now.ask("c"), mcp::fault_kind::unavailable));
    CHECK(now.client.calls("run").size() == 1);
    now.client.touch("good");
    now.until(state::ready);
    CHECK(core::clock::now() >= *failure.next_try);
    CHECK(now.last(state::pulling).why.text == "restart, attempt 2");
    CHECK(now.last(state::initializing).status == status::error); // until it is ready
    CHECK(now.last(state::ready).status == status::running);
    CHECK(now.last(state::ready).incarnation == 2);
    CHECK(now.ask("d").response != "");
    CHECK(now.client.calls("image").size() == 2); // looked again: it may have been removed

    const auto told = now.told();
    CHECK(told.find(R"("type":"startup")") != std::string::npos);
    CHECK(
        told.find(
            R"("server":"test","attempted":"localhost/test","message":"the container exited with status 3")") !=
        std::string::npos);
    CHECK(told.find(R"("environmentSet":"TOKEN,MODE","environmentMissing":"OTHER")") != std::string::npos);
    CHECK(told.find("is refused") != std::string::npos);
    CHECK(told.find("hunter2") == std::string::npos);
}

TEST_CASE("actor: a crash is an error at once, answers every call, and is mended") {
    stage now(R"(shake; while hear; do id; case $line in *crash*) exit 9;; esac
        say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}'; done)");
    now.start();
    CHECK(now.ask("a").response != "");
    auto first = now.submit("crash");
    auto second = now.submit("slow");
    CHECK(failed_with(now.answer(first), mcp::fault_kind::call_interrupted));
    CHECK(failed_with(now.answer(second), mcp::fault_kind::call_interrupted));
    now.until(state::backoff);
    CHECK(now.last(state::backoff).status == status::error);
    CHECK(now.entered(state::ready) == 1);
    now.until(state::ready, 2);
    CHECK(now.last(state::ready).incarnation == 2);
    CHECK(now.ask("a").response != "");
    CHECK(now.client.calls("image").size() == 1); // it was there a moment ago
    CHECK(now.told().find(R"("type":"runtime")") != std::string::npos);
}

TEST_CASE("actor: an image that is missing is pulled, unless it must not be") {
    {
        stage now("shake; serve");
        now.client.remove("image");
        now.start();
        CHECK(now.ask("a").response != "");
        const auto calls = now.client.calls();
        REQUIRE(calls.size() >= 3);
        CHECK(calls[1] == "pull --quiet localhost/test");
    }
    {
        stage now("shake; serve");
        now.settings.server.stdio->pull = config::stdio_server::pull_policy::always;
        now.start();
        CHECK(now.ask("a").response != "");
        CHECK(now.client.calls().front() == "pull --quiet localhost/test");
    }
    {
        stage now("shake; serve");
        now.settings.server.stdio->pull = config::stdio_server::pull_policy::never;
        now.client.remove("image");
        now.start();
        const auto end = now.ask("a");
        REQUIRE(end.failure);
        CHECK(end.failure->detail.find("its image is not there, and it must not be pulled; ") == 0);
        CHECK(now.client.calls("run").empty());
        CHECK(now.client.calls("pull").empty());
    }
    {
        stage now("shake; serve");
        now.client.remove("image");
        now.client.touch("pull-fails");
        now.start();
        const auto end = now.ask("a");
        REQUIRE(end.failure);
        CHECK(end.failure->detail.find("its image is not there and could not be pulled; ") == 0);
        CHECK(end.failure->detail.find("registry says no") == std::string::npos); // for the operator only
        CHECK(now.client.calls("run").empty());
        CHECK(now.told().find("registry says no") != std::string::npos);
    }
}

TEST_CASE("actor: prefetch gets the image and starts nothing") {
    stage now("shake; serve");
    now.client.remove("image");
    now.start();
    now.server->address().prefetch();
    now.server->address().prefetch();
    CHECK(now.ask("a").response != "");
    CHECK(now.client.calls("image").size() == 1);
    CHECK(now.client.calls("pull").size() == 1);
    CHECK(now.client.calls("run").size() == 1);
}

TEST_CASE("actor: on the way out calls in flight may end, new ones are refused") {
    stage now(R"(shake; hear; id; while [ ! -e "$DIR/go" ]; do sleep 0.02; done
        say '{"jsonrpc":"2.0","id":'"$id"',"result":{"late":true}}'; serve)");
    now.start();
    auto slow = now.submit("a");
    now.until(state::ready);
    testing::settle(now.loop);
    now.server->address().stop(core::clock::now() + 15s);
    now.until(state::draining);
    const auto refused = now.ask("b");
    CHECK(failed_with(refused, mcp::fault_kind::closing));
    CHECK(now.entered(state::stopping) == 0);
    now.client.touch("go");
    CHECK(now.answer(slow).response == R"({"jsonrpc":"2.0","id":"c","result":{"late":true}})");
    testing::run(now.loop, now.group.join());
    testing::settle(now.loop);
    CHECK(now.transitions.back().to == state::stopped);
    CHECK(now.transitions.back().status == status::stopped);
}

TEST_CASE("actor: the drain deadline ends calls in flight, and so does a second stop") {
    for (const bool twice : {false, true}) {
        CAPTURE(twice);
        stage now("shake; serve");
        now.start();
        auto slow = now.submit("slow");
        now.until(state::ready);
        testing::settle(now.loop);
        now.server->address().stop(core::clock::now() + (twice ? 1h : 20ms));
        if (twice) {
            now.until(state::draining);
            now.server->address().stop(core::clock::now());
        }
        const auto end = now.answer(slow);
        CHECK(failed_with(end, mcp::fault_kind::call_interrupted));
        CHECK(end.failure->detail ==
              "it was stopped while it worked on this call, which may or may not have been "
              "carried out; it was not repeated");
        testing::run(now.loop, now.group.join());
        testing::settle(now.loop);
        CHECK(now.transitions.back().to == state::stopped);
    }
}

TEST_CASE("actor: stopped while it pulls, starts, waits for its next try") {
    {
        stage now("shake; serve");
        now.client.write("client", "#!/bin/sh\nsleep 600\n"); // a registry that does not answer
        now.start();
        auto waiting = now.submit("a");
        now.until(state::pulling);
        now.finish();
        CHECK(failed_with(now.answer(waiting), mcp::fault_kind::closing));
        CHECK(now.transitions.back().to == state::stopped);
    }
    {
        stage now("while :; do read -r line || exit 0; done"); // never answers initialize
        now.start();
        auto waiting = now.submit("a");
        now.until(state::initializing);
        now.finish();
        CHECK(failed_with(now.answer(waiting), mcp::fault_kind::closing));
        CHECK(now.transitions.back().to == state::stopped);
        CHECK(now.entered(state::backoff) == 0);
    }
    {
        stage now("exit 1");
        now.start();
        CHECK(failed_with(now.ask("a"), mcp::fault_kind::unavailable));
        const auto next_try = now.last(state::backoff).next_try;
        now.finish();
        CHECK(now.transitions.back().to == state::stopped);
        CHECK(now.transitions.back().status == status::stopped);
        testing::run(now.loop, core::event(now.loop.get_executor()).wait_until(*next_try + 50ms));
        CHECK(now.client.calls("run").size() == 1); // no start any more
    }
}

TEST_CASE("actor: a configuration that can't be started is in backoff, without a start") {
    stage now("shake; serve");
    now.settings.server.stdio->env = {{"A", std::string("x\0y", 3)}};
    now.start();
    auto waiting = now.submit("a");
    const auto end = now.answer(waiting);
    REQUIRE(end.failure);
    CHECK(end.failure->detail.find("it can't be started with its configuration; ") == 0);
    CHECK(now.client.calls("run").empty());
}
