// What a server says by itself, and who gets to hear it.
#include "backend/dialogue_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;

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
    const words garbage_of_all_kinds = {"",
                                        " ",
                                        "Welcome",
                                        "{}",
                                        "{",
                                        "[1,2]",
                                        "[[]]",
                                        "[" + result("2"),
                                        result("2") + "]",
                                        "[\"" + result("2") + "\"]",
                                        R"({"jsonrpc":"2.0","id":2})",
                                        "null",
                                        "2",
                                        "\"x\"",
                                        result("2") + "x"};
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
