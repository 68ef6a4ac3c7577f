// A modern server needs input of a legacy client in the middle of its call.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;
using mcp::fault_kind;

namespace {

const std::string everything = R"({"elicitation":{},"sampling":{},"roots":{}})";
const std::string who = R"("who":{"method":"elicitation/create","params":{"message":"a" }})";
const std::string where = R"("where":{"method":"roots/list"})";

std::string needs(const std::string& id, const std::string& requests, const std::string& state = {}) {
    std::string value = R"({"resultType":"input_required")";
    if (!requests.empty()) value += R"(,"inputRequests":{)" + requests + "}";
    if (!state.empty()) value += R"(,"requestState":)" + state;
    return result(id, value + "}");
}
std::string call_text(const std::string& id) {
    return message(id, "tools/call", R"("name":"t","arguments":{ "x":1},"_meta":{"progressToken":"p"})");
}
// As the server gets it; `more`: members behind the others.
std::string sent(const std::string& id, const std::string& more = {}) {
    auto meta = R"("_meta":{"progressToken":)" + id + ",";
    meta += claims(everything).substr(std::string(R"("_meta":{)").size());
    return message(id, "tools/call", R"("name":"t","arguments":{ "x":1},)" + meta + more);
}

struct rounds_of : bridge {
    explicit rounds_of(const std::string& capabilities = everything) : caller("a") {
        caller.made->capabilities = capabilities;
        listeners->join(caller);
        up(era::modern);
    }
    reply_sink::receiver call() { return submit(call_text("\"c\""), caller, 5); }
    std::string asked_once() {
        auto heard = caller.heard();
        REQUIRE(heard.size() == 1);
        return heard.front();
    }
    void answer(const std::string& request, const std::string& value) {
        talk->answer(id_of(request), result(id_of(request), value));
    }
    std::string why(reply_sink::receiver& running) {
        const auto end = this->end(running);
        return end.failure ? end.failure->detail : std::string();
    }

    guest caller;
};

} // namespace

TEST_CASE("dialogue, rounds: what the server needs is asked, and the call is made again") {
    rounds_of now;
    auto running = now.call();
    CHECK(now.told_once() == sent("2"));
    const std::string state = R"("\u0061+\/\"")";
    now.hear(needs("2", who + "," + where, state));
    CHECK(now.told() == words{});
    CHECK_FALSE(now.answered(running));
    CHECK(now.talk->in_flight() == 1);
    const auto asked = now.caller.heard();
    REQUIRE(asked.size() == 2);
    CHECK(asked[0] == R"({"jsonrpc":"2.0","id":)" + id_of(asked[0]) +
                          R"(,"method":"elicitation/create","params":{"message":"a" }})");
    CHECK(asked[1] == R"({"jsonrpc":"2.0","id":)" + id_of(asked[1]) + R"(,"method":"roots/list"})");
    CHECK(now.caller.port->links == std::vector<std::uint64_t>(2, conversation::link));

    now.answer(asked[1], R"({"roots":[ ]})");
    CHECK(now.told() == words{});
    now.answer(asked[0], R"({"action":"accept","content":{}})");
    CHECK(now.told_once() ==
          sent("3", R"(,"inputResponses":{"where":{"roots":[ ]},"who":{"action":"accept","content":{}}},)"
                    R"("requestState":)" +
                        state));
    now.answer(asked[0], R"({"action":"cancel"})"); // a second time
    CHECK(now.told() == words{});
    now.hear(note("progress", R"({"progressToken":3,"progress":1})"));
    CHECK(now.progress(running) == note("progress", R"({"progressToken":"p","progress":1})"));

    // The next round tells its own answers only, and no state where the server gave none.
    now.hear(needs("3", R"("again":{"method":"roots/list"})"));
    now.answer(now.asked_once(), R"({"roots":[]})");
    CHECK(now.told_once() == sent("4", R"(,"inputResponses":{"again":{"roots":[]}})"));
    now.hear(result("4", R"({"resultType":"complete","content":[],)" + server_name + "}"));
    CHECK(now.response(running) == result("\"c\"", any_result));
    CHECK(now.talk->in_flight() == 0);
    CHECK(testing::run(now.loop, now.talk->wait_idle(core::time_point::min())));
}

TEST_CASE("dialogue, rounds: a server that only wants to see the call again gets it after a while") {
    rounds_of now;
    auto running = now.call();
    now.told();
    const auto before = core::clock::now();
    now.hear(needs("2", "", "\"later\""));
    testing::settle(now.loop);
    CHECK(now.told() == words{});
    CHECK(now.caller.heard() == words{});
    while (now.carrier.sent.empty() && core::clock::now() < before + 5s)
        now.wait(20ms);
    CHECK(core::clock::now() - before >= 250ms);
    CHECK(now.told_once() == sent("3", R"(,"requestState":"later")"));
    now.hear(result("3", R"({"resultType":"complete","content":[]})"));
    CHECK(now.response(running) == result("\"c\"", any_result));
}

TEST_CASE("dialogue, rounds: after eight rounds it is enough") {
    rounds_of now;
    auto running = now.call();
    now.told();
    for (unsigned round = 0; round < 8; ++round) {
        now.hear(needs(std::to_string(round + 2), where));
        now.answer(now.asked_once(), "{}");
        CHECK(id_of(now.told_once()) == std::to_string(round + 3));
    }
    now.hear(needs("10", where));
    CHECK(now.caller.heard() == words{});
    CHECK(now.told() == words{});
    CHECK(holds(now.why(running), "8 rounds"));
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue, rounds: the client refuses") {
    rounds_of now;
    auto running = now.call();
    now.told();
    now.hear(needs("2", who));
    auto asked = now.asked_once();
    now.talk->answer(id_of(asked), refusal(id_of(asked)));
    CHECK(now.told_once() == sent("3", R"(,"inputResponses":{"who":{"action":"decline"}})"));
    now.hear(needs("3", where + "," + who)); // there is no way to decline roots
    const auto both = now.caller.heard();
    REQUIRE(both.size() == 2);
    now.talk->answer(id_of(both[0]), refusal(id_of(both[0])));
    now.answer(both[1], R"({"action":"accept"})");
    const auto text = now.response(running);
    CHECK(id_of(text) == "\"c\"");
    CHECK(member_of(text, "code") == "-32603");
    CHECK(now.told() == words{});
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue, rounds: what can't be asked ends the call") {
    struct row {
        const char* declared;
        std::string requests;
    };
    const row table[] = {
        {"{}", who},
        {R"({"elicitation":{}})", who + "," + where},
        {R"({"elicitation":{}})", R"("u":{"method":"elicitation/create","params":{"mode":"url","url":"x"}})"},
        {everything.c_str(), R"("x":{"method":"tools/call"})"},
        {everything.c_str(), R"("x":{"method":"ping"})"},
        {everything.c_str(), who + "," + who},
        {everything.c_str(), R"("x":[])"},
        {everything.c_str(), ""}, // nothing, not even a state
    };
    for (const auto& each : table) {
        CAPTURE(each.requests);
        rounds_of now(each.declared);
        auto running = now.call();
        now.told();
        now.hear(needs("2", each.requests));
        CHECK(now.caller.heard() == words{});
        CHECK(holds(now.why(running), "it needs input"));
        CHECK(now.talk->in_flight() == 0);
        CHECK(now.told() == words{});
    }
    rounds_of now;
    auto running = now.call();
    now.caller.port.reset(); // its session is gone
    now.hear(needs("2", who));
    CHECK(holds(now.why(running), "can't be asked"));
}

TEST_CASE("dialogue, rounds: a result of an unknown kind is none") {
    rounds_of now;
    auto running = now.call();
    now.hear(result("2", R"({"resultType":"x","content":[]})"));
    CHECK(ended_by(now.end(running), fault_kind::unavailable));
}

TEST_CASE("dialogue, rounds: a call that ends while its client is asked") {
    enum ending { cancelled, session_gone, link_gone };
    for (const auto how : {cancelled, session_gone, link_gone}) {
        CAPTURE(static_cast<int>(how));
        rounds_of now;
        auto running = now.call();
        now.told();
        now.hear(needs("2", who));
        const auto asked = now.asked_once();
        if (how == cancelled) now.talk->cancel(*now.caller, 5, std::string_view());
        if (how == session_gone) now.talk->release(*now.caller);
        if (how == link_gone) now.talk->end("it is gone");
        const auto end = now.end(running);
        CHECK((how != cancelled || is_nothing(end)));
        CHECK((how != session_gone || ended_by(end, fault_kind::unknown_session)));
        CHECK((how != link_gone || ended_by(end, fault_kind::call_interrupted)));
        CHECK(now.talk->in_flight() == 0);
        now.answer(asked, R"({"action":"accept"})");
        CHECK(now.told() == words{});
        CHECK(testing::run(now.loop, now.talk->wait_idle(core::time_point::min())));
    }
}

TEST_CASE("dialogue, rounds: a call that ends while it waits to be made again") {
    rounds_of now;
    auto running = now.call();
    now.told();
    now.hear(needs("2", "", "\"s\""));
    testing::settle(now.loop);
    CHECK_FALSE(testing::run(now.loop, now.talk->wait_idle(core::time_point::min())));
    now.talk->end("it is gone");
    now.wait(300ms);
    CHECK(now.end(running).failure);
    CHECK(now.told() == words{});
}

TEST_CASE("dialogue, rounds: a modern client plays its rounds itself") {
    rounds_of now;
    const modern_guest modern(everything);
    const auto text = modern_request("\"m\"", "tools/call", R"("name":"t")");
    auto running = now.submit(text, modern, 1);
    CHECK(now.told_once() == modern_request("2", "tools/call", R"("name":"t")"));
    now.hear(needs("2", who, "\"s\""));
    CHECK(now.response(running) == needs("\"m\"", who, "\"s\""));
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue, rounds: requests of a modern server are none") {
    rounds_of now;
    auto running = now.call();
    now.told();
    now.hear(R"({"jsonrpc":"2.0","id":0,"method":"roots/list"})");
    now.hear(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
    CHECK(now.told() == words{}); // nothing may be written that is no request
    CHECK(now.caller.heard() == words{});
    CHECK_FALSE(now.answered(running));
}

TEST_CASE("dialogue, rounds: only some requests may need input") {
    for (const auto& asks : {where, std::string()}) {
        rounds_of now;
        auto running = now.submit(message("1", "prompts/list", ""), now.caller, 5);
        now.told();
        now.hear(needs("2", asks, "\"s\""));
        CHECK(holds(now.why(running), "input"));
        CHECK(now.caller.heard() == words{});
        CHECK(now.told() == words{});
        CHECK(now.talk->in_flight() == 0);
    }
}
