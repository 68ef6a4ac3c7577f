// What a server says by itself, and who gets to hear it: requests, notifications, subscriptions, time that
// stands still.
#include "backend/dialogue_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::fault_kind;

namespace {

std::string note(const std::string& method, const std::string& params = "{}") {
    return R"({"jsonrpc":"2.0", "method":"notifications/)" + method + R"(","params":)" + params + "}";
}

std::string result(const std::string& id, const std::string& value = "{}") {
    return R"({"jsonrpc":"2.0","id":)" + id + ",\"result\":" + value + "}";
}

std::string refusal(const std::string& id) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":-1,"message":"no"}})";
}

std::string subscribing(const std::string& id, const std::string& uri, const std::string& what = "subscribe") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"resources/)" + what + R"(","params":{"uri":")" + uri +
           "\"}}";
}

std::string level(const std::string& id, const std::string& name) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"logging/setLevel","params":{"level":")" + name + "\"}}";
}

} // namespace

TEST_CASE("dialogue, requests of the server: nobody can be asked on a link that several share") {
    for (const auto how : {reach::one_agent, reach::everybody}) {
        conversation now(how);
        const guest a("a", 0, true);
        now.listeners->join(a);
        now.up();
        auto running = now.submit(jsonrpc::request("1", "a"), a, 1);
        now.told();
        now.hear(R"({"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{}})");
        now.hear(R"({"jsonrpc":"2.0","id":"p\u0031","method":"ping"})");
        now.hear(R"({"jsonrpc":"2.0","id":0,"method":"roots/list"})");
        CHECK(now.told() ==
              words{R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"Method not found"}})",
                    result(R"("p\u0031")"),
                    R"({"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"Method not found"}})"});
        CHECK(a.port->heard.empty());
        CHECK_FALSE(now.talk->awaits_client());
        CHECK_FALSE(now.answered(running)); // although the server's id is the call's
    }
}

TEST_CASE("dialogue, requests of the server: the owner of a link is asked, ping is answered for it") {
    guest mine("a", 0, true);
    conversation now(mine);
    now.up();
    const std::string question =
        R"({"jsonrpc":"2.0","id":"q\u0031","method":"sampling/createMessage", "params":{"_meta":{"progressToken":0}}})";
    now.hear(question);
    now.hear(R"({"jsonrpc":"2.0","id":1,"method":"x/unknown"})");
    now.hear(R"({"jsonrpc":"2.0","id":9,"method":"ping"})");
    CHECK(now.told() == words{result("9")});
    CHECK(mine.port->links == std::vector<std::uint64_t>(2, conversation::link));
    CHECK(mine.heard() == words{question, R"({"jsonrpc":"2.0","id":1,"method":"x/unknown"})"});
    CHECK(now.talk->awaits_client());

    now.talk->answer("\"q1\"", "{}"); // not as the server spells it
    now.talk->answer("2", "{}");
    CHECK(now.told() == words{});
    const auto reply = R"({"jsonrpc":"2.0" ,"id":"q\u0031","result":{}})";
    now.talk->answer(R"("q\u0031")", reply);
    CHECK(now.told() == words{reply});
    CHECK(now.talk->awaits_client());
    now.talk->answer("1", refusal("1"));
    CHECK(now.told() == words{refusal("1")});
    CHECK_FALSE(now.talk->awaits_client());
    now.talk->answer("1", refusal("1")); // a second answer
    CHECK(now.told() == words{});

    now.hear(question);
    now.talk->end("it is gone");
    CHECK(mine.port->lost == std::vector<std::uint64_t>{conversation::link});
    CHECK_FALSE(now.talk->awaits_client());
    mine.heard();
    now.talk->answer(R"("q\u0031")", reply);
    CHECK(now.told() == words{});
    now.hear(question); // its last words
    CHECK(mine.heard() == words{});
    CHECK_FALSE(now.talk->awaits_client());
}

TEST_CASE("dialogue, requests of the server: withdrawn ones need no answer, one without a session gets one") {
    guest mine("a", 0, true);
    conversation now(mine);
    now.up();
    now.hear(R"({"jsonrpc":"2.0","id":5,"method":"roots/list"})");
    now.hear(note("cancelled", R"({"requestId":6})"));
    CHECK(now.talk->awaits_client());
    now.hear(note("cancelled", R"({"requestId":5})"));
    CHECK_FALSE(now.talk->awaits_client());
    CHECK(mine.heard().size() == 3); // the session withdraws it from its client
    now.talk->answer("5", result("5"));
    CHECK(now.told() == words{});

    mine.port.reset();
    now.hear(R"({"jsonrpc":"2.0","id":5,"method":"roots/list"})");
    CHECK(now.told() ==
          words{R"({"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"Method not found"}})"});
    CHECK_FALSE(now.talk->awaits_client());
}

TEST_CASE("dialogue: who hears a notification, for every way to share a link and everything in flight") {
    enum running { nothing, a_call_of_a, calls_of_a, calls_of_both, a_call_of_the_gateway };
    enum members { only_a, a_and_b };
    struct row {
        const char* method;
        running calls;
        members listeners;
        const char* one_agent; // who hears it
        const char* everybody;
    };
    const row table[] = {
        {"tools/list_changed", nothing, a_and_b, "ab", "ab"},
        {"prompts/list_changed", a_call_of_a, a_and_b, "ab", "ab"},
        {"resources/list_changed", calls_of_both, a_and_b, "ab", "ab"},
        {"resources/updated", nothing, a_and_b, "b", "b"},
        {"resources/updated", a_call_of_a, a_and_b, "b", "b"},
        {"resources/updated", nothing, only_a, "", ""},
        {"message", nothing, a_and_b, "", ""},
        {"message", a_call_of_a, a_and_b, "a", "a"},
        {"message", calls_of_a, a_and_b, "a", "a"},
        {"message", calls_of_both, a_and_b, "", ""},
        {"message", a_call_of_the_gateway, a_and_b, "", ""},
        {"message", nothing, only_a, "a", ""}, // it may be about a client of another agent that is gone
        {"message", a_call_of_a, only_a, "a", "a"},
        {"x/unknown", nothing, a_and_b, "ab", ""},
        {"x/unknown", a_call_of_a, a_and_b, "a", "a"},
        {"x/unknown", calls_of_both, a_and_b, "ab", ""},
        {"x/unknown", nothing, only_a, "a", ""},
        {"cancelled", a_call_of_a, a_and_b, "", ""},
        {"cancelled", nothing, only_a, "", ""},
    };
    for (const auto& each : table) {
        for (const auto how : {reach::one_agent, reach::everybody}) {
            CAPTURE(each.method);
            CAPTURE(static_cast<int>(each.calls));
            CAPTURE(static_cast<int>(each.listeners));
            CAPTURE(static_cast<int>(how));
            conversation now(how);
            guest a("a"), b("b", how == reach::everybody ? 1 : 0);
            now.listeners->join(a);
            if (each.listeners == a_and_b) {
                now.listeners->join(b);
                now.listeners->subscribe(*b, "file:///x");
            }
            now.up();
            std::vector<reply_sink::receiver> calls;
            if (each.calls == a_call_of_the_gateway) calls.push_back(now.submit(jsonrpc::request("1", "a")));
            if (each.calls != nothing && each.calls != a_call_of_the_gateway)
                calls.push_back(now.submit(jsonrpc::request("1", "a"), a, 1));
            if (each.calls == calls_of_a) calls.push_back(now.submit(jsonrpc::request("2", "a"), a, 2));
            if (each.calls == calls_of_both) calls.push_back(now.submit(jsonrpc::request("1", "a"), b, 1));
            const auto text = note(each.method, R"({"uri":"file:\/\/\/x","requestId":2})");
            now.hear(text);
            const std::string expected = how == reach::one_agent ? each.one_agent : each.everybody;
            const auto hears = [&](char who) { return expected.find(who) != std::string::npos; };
            CHECK(a.heard() == (hears('a') ? words{text} : words{}));
            CHECK(b.heard() == (hears('b') ? words{text} : words{}));
        }
    }
}

TEST_CASE("dialogue: the owner of a link hears everything, whether it asked for it or not") {
    guest mine("a", 0, true);
    conversation now(mine);
    now.up();
    words all;
    for (const auto* method : {"tools/list_changed", "resources/updated", "message", "elicitation/complete",
                               "tasks/status", "x/unknown", "cancelled"}) {
        all.push_back(note(method, R"({"uri":"y"})"));
        now.hear(all.back());
    }
    CHECK(mine.heard() == all);
}

TEST_CASE("dialogue: single requests without a session hear nothing but their answers") {
    conversation now(reach::one_agent);
    guest single("");
    single.port.reset();
    now.up();
    auto running = now.submit(jsonrpc::request("1", "a"), single, 1);
    now.hear(note("message"));
    now.hear(note("tools/list_changed"));
    CHECK_FALSE(now.answered(running));
}

TEST_CASE("dialogue, subscriptions: clients that share a link share them, and the server hears of each once") {
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
        const std::string id = ends == how::timed_out ? "4" : "3"; // whether it is there at all was asked as well
        CHECK(now.told() == words{subscribing(id, "x")});          // asked again
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
    CHECK(now.told() == words{subscribing("2", "x"), subscribing("3", "x"), level("4", "debug"), level("5", "error")});
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
    CHECK(now.told() ==
          words{jsonrpc::request("2", "tools/call"),
                R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"timed out"}})",
                jsonrpc::request("3", "ping")}); // it has not said a word since: is it there?
    now.hear(result("2"));                       // too late
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

TEST_CASE("dialogue: a batch of the server is taken apart") {
    guest mine("a", 0, true);
    conversation now(mine);
    now.up();
    auto first = now.submit(jsonrpc::request("\"a\"", "a"), mine, 1);
    auto second = now.submit(jsonrpc::request("\"b\"", "a"), mine, 2);
    now.told();
    now.hear(" [" + result("3") + " , " + note("message") + R"(,{"jsonrpc":"2.0","id":1,"method":"ping"},)" +
             result("2", "[{}]") + "]\r");
    CHECK(now.response(first) == result("\"a\"", "[{}]"));
    CHECK(now.response(second) == result("\"b\""));
    CHECK(mine.heard() == words{note("message")});
    CHECK(now.told() == words{result("1")});
}

TEST_CASE("dialogue: what is no message is told apart, and does no harm") {
    conversation now(reach::one_agent);
    now.up();
    auto running = now.submit(jsonrpc::request("\"a\"", "a"));
    const words garbage_of_all_kinds =
         {"", " ", "Welcome", "{}", "{", "[1,2]", "[[]]", "[" + result("2"), result("2") + "]",
          "[\"" + result("2") + "\"]", R"({"jsonrpc":"2.0","id":2})", "null", "2", "\"x\"", result("2") + "x"};
    for (const auto& garbage : garbage_of_all_kinds) {
        CAPTURE(garbage);
        CHECK_FALSE(now.talk->receive(garbage));
    }
    CHECK_FALSE(now.answered(running));
    CHECK_FALSE(now.talk->receive("[1," + result("2") + "]")); // what is good in a batch counts
    CHECK(now.response(running) == result("\"a\""));
    const words harmless = {R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x"}})",
                                       R"({"error":{}})", "[]", result("18446744073709551616")};
    for (const auto& each : harmless)
        CHECK(now.talk->receive(each));
}
