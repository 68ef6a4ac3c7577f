// Calls that have been taken on and wait for something else before the server gets them: they can be called
// off, and count, like any other.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;
using mcp::fault_kind;

namespace {

enum how { called_off, session_gone, link_gone };

void end_call(bridge& now, const guest& caller, std::uint64_t ticket, how way) {
    if (way == called_off) now.talk->cancel(*caller.made, ticket, std::string_view());
    if (way == session_gone) now.talk->release(*caller.made);
    if (way == link_gone) now.talk->end("it is gone");
}
bool ended_so(const outcome& end, how way) {
    if (way == called_off) return is_nothing(end);
    return ended_by(end, way == session_gone ? fault_kind::unknown_session : fault_kind::call_interrupted);
}
bool is_idle(bridge& now) {
    return testing::run(now.loop, now.talk->wait_idle(core::time_point::min()));
}
const std::string call_text = message("1", "tools/call", R"("name":"t","arguments":{"region":"eu"})");
const std::string tools = R"({"tools":[{"name":"t","inputSchema":{"type":"object"}}]})";

} // namespace

TEST_CASE("dialogue, detours: a call that waits for the list of tools") {
    for (const auto way : {called_off, session_gone, link_gone}) {
        CAPTURE(static_cast<int>(way));
        bridge now;
        const guest caller("a");
        now.listeners->join(caller);
        now.carrier.headers = true;
        now.up(era::modern);
        auto running = now.submit(call_text, caller, 3);
        const auto list = now.told_once();
        CHECK(method_of(list) == "tools/list");
        CHECK(now.talk->in_flight() == 1);
        CHECK_FALSE(is_idle(now));
        end_call(now, caller, 3, way);
        CHECK(ended_so(now.end(running), way));
        CHECK(now.talk->in_flight() == 0);
        CHECK(is_idle(now));
        now.hear(result(id_of(list), tools));
        testing::settle(now.loop);
        CHECK(now.told() == words{}); // nor is the server told of a call that it never got
    }
}

TEST_CASE("dialogue, detours: a call that is made again once the tools are listed, or after a while") {
    for (const auto way : {called_off, session_gone, link_gone}) {
        for (const bool listed : {true, false}) {
            CAPTURE(static_cast<int>(way));
            CAPTURE(listed);
            bridge now;
            guest caller("a");
            now.listeners->join(caller);
            now.carrier.headers = true;
            now.up(era::modern);
            auto running = now.submit(call_text, caller, 3);
            const auto list = id_of(now.told_once());
            now.hear(result(list, tools));
            const auto id = id_of(now.told_once());
            now.hear(listed ? error(id, -32020)
                            : result(id, R"({"resultType":"input_required","requestState":"s"})"));
            testing::settle(now.loop);
            now.told();
            CHECK(now.talk->in_flight() == 1);
            CHECK_FALSE(is_idle(now));
            end_call(now, caller, 3, way);
            CHECK(ended_so(now.end(running), way));
            CHECK(is_idle(now));
            if (listed && way != link_gone) {
                now.hear(result("5", tools));
                testing::settle(now.loop);
            } else {
                now.wait(300ms); // the pause is over
            }
            CHECK(now.told() == words{});
            CHECK(now.talk->in_flight() == 0);
        }
    }
}

TEST_CASE("dialogue, detours: a call that waits until its link is told of subscriptions") {
    for (const auto way : {called_off, link_gone}) {
        CAPTURE(static_cast<int>(way));
        const modern_guest caller(R"({"elicitation":{}})");
        bridge now(caller);
        const guest listener("l");
        now.listeners->join(listener);
        now.up(era::legacy);
        now.listeners->subscribe(*listener.made, "x:1");
        auto running = now.submit(modern_request("1", "tools/call", R"("name":"t")"), caller, 3);
        const auto subscribing = now.told_once();
        CHECK(method_of(subscribing) == "resources/subscribe");
        CHECK(now.talk->may_be_asking()); // no other call may come in between
        CHECK_FALSE(is_idle(now));
        end_call(now, caller, 3, way);
        CHECK(ended_so(now.end(running), way));
        CHECK_FALSE(now.talk->may_be_asking());
        now.hear(result(id_of(subscribing)));
        testing::settle(now.loop);
        CHECK(now.told() == words{});
    }
}

TEST_CASE("dialogue, detours: a subscription that waits for the server's consent") {
    for (const auto way : {called_off, session_gone, link_gone}) {
        CAPTURE(static_cast<int>(way));
        bridge now;
        const guest first("a");
        const guest second("b");
        now.listeners->join(first);
        now.listeners->join(second);
        now.up(era::modern, R"({"resources":{"subscribe":true}})");
        auto running = now.submit(message("1", "resources/subscribe", R"("uri":"x:1")"), first, 3);
        auto other = now.submit(message("1", "resources/subscribe", R"("uri":"x:1")"), second, 3);
        while (now.carrier.sent.empty())
            now.wait(10ms);
        const auto stream = now.told_once();
        CHECK(method_of(stream) == "subscriptions/listen");
        CHECK_FALSE(is_idle(now));
        end_call(now, first, 3, way);
        CHECK(ended_so(now.end(running), way));
        CHECK(now.answered(other) == (way == link_gone));
        if (way == link_gone) continue;
        CHECK(now.listeners->subscribers("x:1") == std::vector<client_ref>{second});
        const std::string tag = R"("_meta":{"io.modelcontextprotocol/subscriptionId":)" + id_of(stream) + "}";
        now.hear(note("subscriptions/acknowledged",
                      R"({"notifications":{"resourceSubscriptions":["x:1"]},)" + tag + "}"));
        CHECK(now.response(other) == result("1"));
        CHECK(is_idle(now));
    }
}

TEST_CASE("dialogue, detours: a server of sessions that wants a URL opened before it does anything") {
    const std::string able = R"({"elicitation":{"url":{}}})";
    const modern_guest caller(able);
    bridge now(caller);
    now.up(era::legacy);
    const std::string wish =
        R"({"elicitations":[{"mode":"url","elicitationId":"e","url":"https://a.example/",)"
        R"("message":"log in"}]})";
    const auto asks = [&](const modern_guest& who) {
        auto running = now.submit(modern_request("1", "tools/call", R"("name":"t")"), who, 3);
        now.hear(error(id_of(now.told_once()), -32042, wish));
        return now.response(running);
    };
    CHECK(asks(caller) == result("1", R"({"resultType":"input_required","inputRequests":{"url-1":{"method":)"
                                      R"("elicitation/create","params":{"mode":"url","url":)"
                                      R"("https://a.example/","message":"log in"}}},)" +
                                          server_name + "}"));
    CHECK_FALSE(now.talk->may_be_asking()); // nothing is parked
    const auto refused = asks(modern_guest(R"({"elicitation":{}})"));
    CHECK(member_of(refused, "code") == "-32021");
    CHECK(holds(refused, R"({"requiredCapabilities":{"elicitation":{"url":{}}}})"));

    const auto retry = [&](const std::string& action) {
        auto [sender, running] = reply_sink::make(now.loop.get_executor());
        const auto responses = R"({"url-1":{"action":")" + action + "\"}}";
        const auto text = modern_request("2", "tools/call", R"("name":"t","inputResponses":)" + responses);
        call request(text, jsonrpc::scan(text).id, "tools/call", std::move(sender));
        request.from = caller;
        request.input_responses = responses;
        now.talk->submit(std::move(request));
        return std::move(running);
    };
    auto agreed = retry("accept");
    const auto again = now.told_once();
    CHECK(again == message(id_of(again), "tools/call", R"("name":"t")")); // the call, made again
    now.hear(result(id_of(again), any_result));
    CHECK(member_of(now.response(agreed), "resultType") == "\"complete\"");
    auto declined = retry("decline");
    CHECK(member_of(now.response(declined), "isError") == "true");
    CHECK(now.told() == words{});
}
