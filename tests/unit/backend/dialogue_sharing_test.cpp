// What clients that share a link ask of its server once for all, and the time that calls have.
#include "backend/dialogue_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::fault_kind;

namespace {

std::string subscribing(const std::string& id, const std::string& uri,
                        const std::string& what = "subscribe") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"resources/)" + what + R"(","params":{"uri":")" +
           uri + "\"}}";
}

std::string level(const std::string& id, const std::string& name) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"logging/setLevel","params":{"level":")" + name +
           "\"}}";
}

} // namespace

TEST_CASE(
    "dialogue, subscriptions: clients that share a link share them, and the server hears of each once") {
    conversation now(reach::everybody);
    guest a("a"), b("b", 1);
    now.listeners->join(a);
    now.listeners->join(b);
    now.up();
    auto first = now.subscribe("file:///x", a);
    CHECK(now.told() == words{subscribing("2", "file:///x")});
    now.hear(result("2"));
    CHECK(now.response(first) == result("1"));
    auto second = now.subscribe(R"(file:\/\/\/\u0078)", b, R"("\u0062")"); // the same, spelled otherwise
    CHECK(now.response(second) == result(R"("\u0062")"));
    auto third = now.subscribe("file:///y", b);
    CHECK(now.told() == words{subscribing("3", "file:///y")});
    now.hear(result("3"));

    now.hear(note("resources/updated", R"({"uri":"file:///x"})"));
    now.hear(note("resources/updated", R"({"uri":"file:///y"})"));
    now.hear(note("resources/updated", R"({"uri":"file:///z"})"));
    CHECK(a.heard().size() == 1);
    CHECK(b.heard().size() == 2);

    auto leaves = now.ask("resources/unsubscribe", R"({"uri":"file:///x"})", a, "7");
    CHECK(now.response(leaves) == result("7"));
    CHECK(now.told() == words{});
    auto last = now.ask("resources/unsubscribe", R"({"uri":"file:///x"})", b);
    CHECK(now.told() == words{subscribing("4", "file:///x", "unsubscribe")});
    now.hear(result("4"));
    CHECK(now.response(last) == result("1"));
    now.hear(note("resources/updated", R"({"uri":"file:///x"})"));
    CHECK(a.heard() == words{});
    CHECK(b.heard() == words{});
}

TEST_CASE("dialogue, subscriptions: what the server did not agree to is not kept") {
    enum class how { refused, timed_out, cancelled, not_sent };
    for (const auto ends : {how::refused, how::timed_out, how::cancelled, how::not_sent}) {
        CAPTURE(static_cast<int>(ends));
        conversation now(reach::one_agent);
        if (ends == how::timed_out) now.settings.tool_timeout = 0s;
        const guest a("a"), b("b");
        now.listeners->join(a);
        now.listeners->join(b);
        now.up();
        now.way.takes = ends != how::not_sent;
        auto first = now.submit(subscribing("1", "x"), a, 1);
        now.told();
        if (ends == how::refused) now.hear(refusal("2"));
        if (ends == how::cancelled) now.talk->cancel(*a, 1, "");
        const auto end = now.end(first);
        if (ends == how::refused) CHECK(end.response == refusal("1"));
        if (ends == how::timed_out) CHECK(ended_by(end, fault_kind::timed_out));
        if (ends == how::cancelled) CHECK(is_nothing(end));
        if (ends == how::not_sent) CHECK(ended_by(end, fault_kind::overloaded));
        CHECK(now.listeners->subscriptions() == words{});
        now.way.takes = true;
        testing::settle(now.loop);
        now.told();
        auto second = now.subscribe("x", b);
        const std::string id =
            ends == how::timed_out ? "4" : "3";           // whether it is there at all was asked as well
        CHECK(now.told() == words{subscribing(id, "x")}); // asked again
        now.hear(result(id));
        CHECK(now.listeners->subscriptions() == words{"x"});
    }
}

TEST_CASE("dialogue, subscriptions: the server of one client alone is told everything") {
    const guest mine("a", 0, true);
    conversation now(mine);
    now.up();
    auto first = now.subscribe("x", mine);
    auto second = now.subscribe("x", mine);
    auto loud = now.submit(level("1", "debug"), mine);
    auto quiet = now.submit(level("1", "error"), mine);
    CHECK(now.told() ==
          words{subscribing("2", "x"), subscribing("3", "x"), level("4", "debug"), level("5", "error")});
    CHECK(now.listeners->subscriptions() == words{"x"});
    CHECK(now.listeners->level() == "error");
}

TEST_CASE("dialogue, levels: the server of several is told when somebody wants to hear more") {
    conversation now(reach::one_agent);
    const guest a("a"), b("b");
    now.listeners->join(a);
    now.listeners->join(b);
    now.up();
    auto first = now.submit(level("1", "warning"), a);
    CHECK(now.told() == words{level("2", "warning")});
    now.hear(result("2"));
    auto less = now.submit(level("\"b\"", "error"), b);
    CHECK(now.response(less) == result("\"b\""));
    CHECK(now.told() == words{});
    auto more = now.submit(level("1", "d\\u0065bug"), b);
    CHECK(now.told() == words{level("3", "d\\u0065bug")});
    auto unknown = now.submit(level("1", "loud"), b);
    CHECK(now.told() == words{level("4", "loud")});
    now.hear(refusal("4"));
    CHECK(now.response(unknown) == refusal("1"));
    CHECK(now.listeners->level() == "debug");
}

TEST_CASE("dialogue, time: a call that takes too long is cancelled, and the next one is served") {
    conversation now(reach::one_agent);
    now.settings.tool_timeout = 0s;
    const guest a("a");
    now.up();
    auto late = now.submit(jsonrpc::request("1", "tools/call"), a, 1);
    const auto end = now.end(late);
    CHECK(ended_by(end, fault_kind::timed_out));
    CHECK(end.failure->detail.find("tools/call was not answered within ") == 0);
    testing::settle(now.loop);
    CHECK(
        now.told() ==
        words{
            jsonrpc::request("2", "tools/call"),
            R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"timed out"}})",
            jsonrpc::request("3", "ping")}); // it has not said a word since: is it there?
    now.hear(result("2"));                   // too late
    now.hear(result("3"));
    testing::settle(now.loop);
    CHECK(now.way.lost == words{});
    CHECK(now.way.forgotten == std::vector<std::uint64_t>{2});
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue, time: it stands still while a client is asked, and runs on afterwards") {
    const guest mine("a", 0, true);
    conversation now(mine);
    now.settings.tool_timeout = 1s;
    now.up();
    const auto began = core::clock::now();
    auto running = now.submit(jsonrpc::request("1", "a"), mine, 1);
    now.hear(R"({"jsonrpc":"2.0","id":1,"method":"roots/list"})");
    now.hear(R"({"jsonrpc":"2.0","id":2,"method":"sampling/createMessage"})");
    CHECK_FALSE(testing::run(now.loop, running.wait_until(began + 1100ms))); // the time would have been up
    now.talk->answer("1", result("1"));
    CHECK_FALSE(testing::run(now.loop, running.wait_until(began + 1200ms))); // another one is still asked
    const auto stood = core::clock::now() - began;
    now.talk->answer("2", result("2"));
    CHECK_FALSE(testing::run(now.loop, running.wait_until(began + 1500ms)));
    CHECK(ended_by(now.end(running), fault_kind::timed_out));
    CHECK(core::clock::now() >= began + stood + 1s);
}

TEST_CASE("dialogue, time: a question that is withdrawn makes it run on as well") {
    const guest mine("a", 0, true);
    conversation now(mine);
    now.settings.tool_timeout = 0s;
    now.up();
    auto running = now.submit(jsonrpc::request("1", "a"), mine, 1);
    now.hear(R"({"jsonrpc":"2.0","id":1,"method":"roots/list"})");
    CHECK_FALSE(testing::run(now.loop, running.wait_until(core::clock::now() + 50ms)));
    now.hear(note("cancelled", R"({"requestId":1})"));
    CHECK(ended_by(now.end(running), fault_kind::timed_out));
}

TEST_CASE("dialogue, time: a call that came while a client was asked has not waited longer than it has") {
    const guest mine("a", 0, true);
    conversation now(mine);
    now.settings.tool_timeout = 0s;
    now.up();
    now.hear(R"({"jsonrpc":"2.0","id":1,"method":"roots/list"})");
    auto first = now.submit(jsonrpc::request("1", "a"), mine, 1);
    CHECK_FALSE(testing::run(now.loop, first.wait_until(core::clock::now() + 400ms)));
    auto second = now.submit(jsonrpc::request("2", "a"), mine, 2);
    CHECK_FALSE(now.answered(second));
    now.talk->answer("1", result("1"));
    CHECK(testing::run(now.loop, second.wait_until(core::clock::now() + 200ms)));
    CHECK(ended_by(now.end(second), fault_kind::timed_out));
    CHECK(ended_by(now.end(first), fault_kind::timed_out));
}
