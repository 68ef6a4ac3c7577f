// A legacy server asks a modern client in the middle of its call.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;
using mcp::fault_kind;

namespace {

const std::string everything = R"({"elicitation":{},"sampling":{},"roots":{}})";

std::string question(const std::string& id, const std::string& method = "elicitation/create",
                     const std::string& params = R"({"message":"who\u003f"})") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":)" + params + "}";
}
std::string call_text(const std::string& id, const std::string& arguments = R"({"x":1})") {
    return modern_request(id, "tools/call", R"("name":"t","arguments":)" + arguments);
}
// `responses`: members of inputResponses; null: there are none.
std::string retry_text(const std::string& id, const std::string& state, const char* responses,
                       const std::string& arguments = R"({"x":1})") {
    std::string members = R"("name":"t","arguments":)" + arguments + R"(,"requestState":)" + state;
    if (responses != nullptr) members += R"(,"inputResponses":{)" + std::string(responses) + "}";
    return modern_request(id, "tools/call", members);
}

struct asking : bridge {
    explicit asking(const std::string& capabilities = everything) : asking(modern_guest(capabilities)) {}
    explicit asking(const modern_guest& whose) : bridge(whose), caller(whose) { up(era::legacy); }
    // The call has the id 2.
    reply_sink::receiver call(const std::string& id = "\"c\"") {
        auto running = submit(call_text(id), caller, 5);
        CHECK(told_once() == message("2", "tools/call", R"("name":"t","arguments":{"x":1})"));
        return running;
    }
    // An interim answer; gives the token of its requestState.
    std::string state_of(reply_sink::receiver& running, const std::string& id, const std::string& requests) {
        const auto text = response(running);
        const auto state = member_of(text, "requestState");
        CHECK(text == result(id, R"({"resultType":"input_required","inputRequests":{)" + requests +
                                     R"(},"requestState":)" + state + "," + server_name + "}"));
        return state;
    }
    std::string ask_and_park(reply_sink::receiver& running) {
        hear(question("0"));
        return state_of(running, "\"c\"",
                        R"("input-1":{"method":"elicitation/create","params":{"message":"who\u003f"}})");
    }
    bool is_refused(reply_sink::receiver& retried, const std::string& id) {
        const auto text = response(retried);
        return id_of(text) == id && member_of(text, "code") == "-32602";
    }

    modern_guest caller;
};

} // namespace

TEST_CASE("dialogue, parking: questions become an answer, its retry brings theirs, and the call goes on") {
    asking now;
    auto running = now.call();
    CHECK(now.talk->may_be_asking());
    now.hear(question("0"));
    now.hear(question(R"("q\u0031")", "sampling/createMessage",
                      R"({"messages":[],"maxTokens":5,"_meta":{"progressToken":0}})"));
    CHECK_FALSE(now.answered(running)); // the server may have more to ask
    const auto state = now.state_of(
        running, "\"c\"",
        R"("input-1":{"method":"elicitation/create","params":{"message":"who\u003f"}},)"
        R"("input-2":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":5}})");
    CHECK(now.told() == words{});
    CHECK(now.talk->may_be_asking());

    auto retried = now.retry(retry_text("9", state,
                                        R"("input-2":{"model":"m", "x":[]},)"
                                        R"("input-1":{"action":"decline"},"foreign":{})"),
                             now.caller);
    CHECK(now.told() ==
          words{result("0", R"({"action":"decline"})"), result(R"("q\u0031")", R"({"model":"m", "x":[]})")});
    CHECK(now.talk->in_flight() == 1);
    CHECK_FALSE(now.answered(retried));
    now.hear(result("2", any_result));
    CHECK(now.response(retried) ==
          result("9", R"({"content":[],"resultType":"complete",)" + server_name + "}"));
    CHECK(now.talk->in_flight() == 0);
    CHECK_FALSE(now.talk->may_be_asking());
    CHECK(now.told() == words{});
}

TEST_CASE("dialogue, parking: several rounds, each with a state of its own") {
    asking now;
    auto running = now.call();
    const auto first = now.ask_and_park(running);
    auto second_try = now.retry(retry_text("2", first, R"("input-1":{"action":"accept"})"), now.caller);
    CHECK(now.told() == words{result("0", R"({"action":"accept"})")});
    now.hear(question("1", "roots/list"));
    const auto second = now.state_of(second_try, "2",
                                     R"("input-2":{"method":"roots/list","params":{"message":"who\u003f"}})");
    CHECK(second != first);
    auto old = now.retry(retry_text("3", first, R"("input-2":{"roots":[]})"), now.caller);
    CHECK(now.is_refused(old, "3")); // a state that has been used
    CHECK(now.told() == words{});
    auto last = now.retry(retry_text("4", second, R"("input-2":{"roots":[]})"), now.caller);
    CHECK(now.told() == words{result("1", R"({"roots":[]})")});
    auto twice = now.retry(retry_text("5", second, R"("input-2":{"roots":[]})"), now.caller);
    CHECK(now.is_refused(twice, "5")); // the call is on its way
    now.hear(error("2", -32002));
    CHECK(member_of(now.response(last), "code") == "-32602");
    auto late = now.retry(retry_text("6", second, R"("input-2":{"roots":[]})"), now.caller);
    CHECK(now.is_refused(late, "6"));
    CHECK(now.told() == words{});
}

TEST_CASE("dialogue, parking: what a state is not good for") {
    asking now;
    auto running = now.call();
    const auto state = now.ask_and_park(running);
    auto changed =
        now.retry(retry_text("1", state, R"("input-1":{"action":"accept"})", R"({"x":2})"), now.caller);
    CHECK(now.is_refused(changed, "1"));
    auto other = now.retry(
        modern_request("2", "prompts/get", R"("name":"t","arguments":{"x":1},"requestState":)" + state),
        now.caller);
    CHECK(now.is_refused(other, "2"));
    const modern_guest stranger(everything, 1);
    auto stolen = now.retry(retry_text("3", state, R"("input-1":{"action":"accept"})"), stranger);
    CHECK(now.is_refused(stolen, "3"));
    CHECK(now.told() == words{});

    const auto sealed = state.substr(1, state.size() - 2);
    const auto noon = std::chrono::system_clock::now();
    CHECK(now.settings.seal->open(sealed, "srv", noon + 9min));
    CHECK_FALSE(now.settings.seal->open(sealed, "srv", noon + 11min));
    CHECK_FALSE(now.settings.seal->open(sealed, "another", noon));

    // The same in another order and spelling is the same call.
    auto good =
        now.retry(R"({"id":4,"jsonrpc":"2.0","method":"tools/call","params":{"requestState":)" + state +
                      R"(,"inputResponses":{"input-1":{"action":"accept"}},"arguments":{ "x" : 1 },)"
                      R"("name":"\u0074"}})",
                  now.caller);
    CHECK(now.told() == words{result("0", R"({"action":"accept"})")});
    now.hear(result("2", any_result));
    CHECK(id_of(now.response(good)) == "4");
}

TEST_CASE("dialogue, parking: what is missing is asked again") {
    asking now;
    auto running = now.call();
    now.hear(question("0"));
    now.hear(question("1", "roots/list", "{}"));
    const std::string who = R"("input-1":{"method":"elicitation/create","params":{"message":"who\u003f"}})";
    const std::string where = R"("input-2":{"method":"roots/list","params":{}})";
    auto state = now.state_of(running, "\"c\"", who + "," + where);
    auto some = now.retry(retry_text("1", state, R"("input-2":{"roots":[]},"input-1":"?")"), now.caller);
    CHECK(now.told() == words{result("1", R"({"roots":[]})")});
    state = now.state_of(some, "1", who);
    auto none = now.retry(retry_text("2", state, nullptr), now.caller);
    state = now.state_of(none, "2", who);
    CHECK(now.told() == words{});
    auto rest = now.retry(retry_text("3", state, R"("input-1":{"action":"cancel"})"), now.caller);
    CHECK(now.told() == words{result("0", R"({"action":"cancel"})")});
    now.hear(result("2", any_result));
    CHECK(id_of(now.response(rest)) == "3");
}

TEST_CASE("dialogue, parking: an answer, and questions, that come while the client is away") {
    asking now;
    auto running = now.call();
    auto state = now.ask_and_park(running);
    now.hear(question("1", "roots/list", "{}"));
    now.wait(50ms);
    auto more = now.retry(retry_text("1", state, R"("input-1":{"action":"accept"})"), now.caller);
    CHECK(now.told() == words{result("0", R"({"action":"accept"})")});
    state = now.state_of(more, "1", R"("input-2":{"method":"roots/list","params":{}})");
    now.hear(result("2", any_result)); // it did without
    auto last = now.retry(retry_text("2", state, nullptr), now.caller);
    CHECK(now.response(last) == result("2", R"({"content":[],"resultType":"complete",)" + server_name + "}"));
    CHECK(id_of(now.told_once()) == "1"); // nobody will answer that any more
    CHECK(now.talk->in_flight() == 0);
    CHECK_FALSE(now.talk->may_be_asking());
}

TEST_CASE("dialogue, parking: a call that ends before its questions are told leaves none open") {
    asking now;
    auto running = now.call();
    now.hear(question("0", "roots/list", "{}"));
    now.hear(result("2", any_result));
    CHECK(id_of(now.response(running)) == "\"c\"");
    const auto told = now.told();
    REQUIRE(told.size() == 1); // the server does not wait for ever
    CHECK(id_of(told[0]) == "0");
    CHECK(member_of(told[0], "code") != "");
    now.wait(50ms);
    CHECK(now.told() == words{});
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue, parking: a question that the server takes back") {
    asking now;
    now.settings.tool_timeout = 1s;
    auto running = now.call();
    now.hear(question("0"));
    now.hear(question("1", "roots/list", "{}"));
    now.hear(note("cancelled", R"({"requestId":0})"));
    const auto state = now.state_of(running, "\"c\"", R"("input-2":{"method":"roots/list","params":{}})");
    now.hear(note("cancelled", R"({"requestId":1})"));
    auto retried = now.retry(retry_text("1", state, R"("input-2":{"roots":[]})"), now.caller);
    CHECK(now.told() == words{});
    now.hear(result("2", any_result));
    CHECK(id_of(now.response(retried)) == "1");
}

TEST_CASE("dialogue, parking: the time runs again when all questions were taken back at once") {
    bridge now(modern_guest{everything});
    now.settings.tool_timeout = 1s;
    now.up(era::legacy);
    auto running = now.submit(call_text("1"), now.owner, 1);
    now.hear(question("0"));
    now.hear(note("cancelled", R"({"requestId":0})"));
    const bool answered = testing::run(now.loop, running.wait_until(core::clock::now() + 5s));
    REQUIRE(answered);
    CHECK(ended_by(now.end(running), fault_kind::timed_out));
}

TEST_CASE("dialogue, parking: toolTimeout does not run while the client is asked") {
    bridge now(modern_guest{everything});
    now.settings.tool_timeout = 1s;
    now.up(era::legacy);
    auto running = now.submit(call_text("1"), now.owner, 1);
    now.told();
    now.hear(question("0"));
    const auto state = member_of(now.response(running), "requestState");
    now.wait(1100ms);
    CHECK(now.told() == words{});
    auto retried = now.retry(retry_text("2", state, R"("input-1":{"action":"accept"})"), now.owner);
    CHECK(now.told().size() == 1);
    CHECK(ended_by(now.end(retried), fault_kind::timed_out));
    CHECK(method_of(now.told().front()) == "notifications/cancelled");
}

TEST_CASE("dialogue, parking: what the client has not declared") {
    struct row {
        const char* declared;
        const char* method;
        const char* params;
        const char* missing;
    };
    const row table[] = {
        {R"({"sampling":{}})", "elicitation/create", R"({"message":"x"})", R"({"elicitation":{}})"},
        {R"({"elicitation":{}})", "elicitation/create", R"({"mode":"url","url":"x"})",
         R"({"elicitation":{"url":{}}})"},
        {R"({"roots":{}})", "sampling/createMessage", "{}", R"({"sampling":{}})"},
        {R"({"sampling":{}})", "sampling/createMessage", R"({"tools":[]})", R"({"sampling":{"tools":{}}})"},
        {R"({"elicitation":{}})", "roots/list", "{}", R"({"roots":{}})"},
        {"{}", "roots/list", "{}", R"({"roots":{}})"},
    };
    for (const auto& each : table) {
        CAPTURE(each.method);
        CAPTURE(each.declared);
        asking now(each.declared);
        auto running = now.call();
        now.hear(question("0", each.method, each.params));
        const auto text = now.response(running);
        CHECK(id_of(text) == "\"c\"");
        CHECK(member_of(text, "code") == "-32021");
        CHECK(member_of(text, "data") == R"({"requiredCapabilities":)" + std::string(each.missing) + "}");
        const auto told = now.told();
        REQUIRE(told.size() == 2);
        CHECK(id_of(told[0]) == "0");
        CHECK(member_of(told[0], "code") == "-32601");
        CHECK(method_of(told[1]) == "notifications/cancelled");
        CHECK(member_of(told[1], "requestId") == "2");
        CHECK_FALSE(now.talk->may_be_asking());
        now.hear(result("2", any_result)); // for nobody
        CHECK(now.talk->in_flight() == 0);
    }
}
