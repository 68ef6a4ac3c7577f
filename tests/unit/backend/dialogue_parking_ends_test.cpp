// What becomes of a parked call that is not taken up again, and of questions that belong to none.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;
using mcp::fault_kind;

namespace {

const std::string everything = R"({"elicitation":{},"sampling":{},"roots":{}})";
const std::string not_found = R"(,"error":{"code":-32601,"message":"Method not found"}})";

std::string question(const std::string& id) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"elicitation/create","params":{}})";
}

struct parked : bridge {
    parked() : bridge(modern_guest{everything}) { up(era::legacy); }
    reply_sink::receiver call(const std::string& id, std::uint64_t ticket) {
        auto running = submit(modern_request(id, "tools/call", R"("name":"t")"), owner, ticket);
        told();
        return running;
    }
    std::string park(reply_sink::receiver& running) {
        hear(question("0"));
        const auto text = response(running);
        CHECK(holds(text, "input_required"));
        return member_of(text, "requestState");
    }
    std::string retry_text(const std::string& state) {
        return modern_request("7", "tools/call",
                              R"("name":"t","inputResponses":{"input-1":{}},"requestState":)" + state);
    }
};

} // namespace

TEST_CASE("dialogue, parking: cancelled before the interim answer, and after it") {
    parked now;
    auto first = now.call("1", 1);
    now.hear(question("0"));
    now.talk->cancel(*now.owner, 1, std::string_view());
    CHECK(is_nothing(now.end(first)));
    CHECK(now.told().front() ==
          R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})");
    CHECK(now.carrier.forgotten == std::vector<std::uint64_t>{2});
    now.wait(50ms);
    CHECK_FALSE(now.talk->may_be_asking());

    auto second = now.call("2", 2);
    now.hear(question("1"));
    const auto state = member_of(now.response(second), "requestState");
    now.talk->cancel(*now.owner, 2, std::string_view()); // its stream has ended with the answer
    CHECK(now.told() == words{});
    CHECK(now.talk->may_be_asking());
    auto retried =
        now.retry(modern_request("3", "tools/call",
                                 R"("name":"t","inputResponses":{"input-2":{}},"requestState":)" + state),
                  now.owner);
    CHECK(now.told() == words{result("1")});
    CHECK(now.talk->in_flight() == 1);
    now.hear(result("3", any_result));
    CHECK(id_of(now.response(retried)) == "3");
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue, parking: the newest progress of a call whose client is away waits for it") {
    parked now;
    const std::string call = R"("name":"t","_meta":{"progressToken":"p"})";
    auto running = now.submit(message("1", "tools/call", call), now.owner, 5);
    now.told();
    const auto state = now.park(running);
    now.hear(note("progress", R"({"progressToken":2,"progress":1})"));
    now.hear(note("progress", R"({"progressToken":2,"progress":2})"));
    auto retried = now.retry(message("9", "tools/call",
                                     R"("name":"t","requestState":)" + state +
                                         R"(,"inputResponses":{"input-1":{}},"_meta":{"progressToken":7})"),
                             now.owner);
    CHECK(now.progress(retried) == note("progress", R"({"progressToken":7,"progress":2})"));
    CHECK_FALSE(now.answered(retried));
}

TEST_CASE("dialogue, parking: the link is lost") {
    parked now;
    auto running = now.call("1", 1);
    const auto state = now.park(running);
    auto retried = now.retry(now.retry_text(state), now.owner);
    CHECK(now.told() == words{result("0")});
    now.talk->end("it is gone");
    CHECK(ended_by(now.end(retried), fault_kind::call_interrupted));
    CHECK(now.talk->in_flight() == 0);

    parked other;
    auto away = other.call("1", 1);
    const auto lost = other.park(away);
    other.talk->end("it is gone");
    CHECK(other.talk->in_flight() == 0);
    CHECK_FALSE(other.talk->may_be_asking());
    auto late = other.retry(other.retry_text(lost), other.owner);
    CHECK(ended_by(other.end(late), fault_kind::unavailable));
}

TEST_CASE("dialogue, parking: a call that is lost while its client is away") {
    for (const bool oversized : {false, true}) {
        CAPTURE(oversized);
        parked now;
        auto running = now.call("1", 1);
        const auto state = now.park(running);
        CHECK(now.talk->in_flight() == 0);
        if (oversized)
            now.talk->drop_oversized(100, 10, "2");
        else
            now.talk->fail(2, mcp::fault(fault_kind::unavailable, "the connection broke"));
        CHECK(now.talk->in_flight() == 0);
        auto retried = now.retry(now.retry_text(state), now.owner);
        CHECK(now.answered(retried)); // in whatever words
        CHECK(now.talk->in_flight() == 0);
        CHECK_FALSE(now.talk->may_be_asking());
    }
}

TEST_CASE("dialogue, parking: nobody is in flight while the client is away") {
    parked now;
    auto running = now.call("1", 1);
    CHECK(now.talk->in_flight() == 1);
    const auto state = now.park(running);
    CHECK(now.talk->in_flight() == 0);
    CHECK(now.talk->has_parked());
    CHECK(testing::run(now.loop, now.talk->wait_idle(core::time_point::min())));
    auto retried = now.retry(now.retry_text(state), now.owner);
    CHECK(now.talk->in_flight() == 1);
    CHECK_FALSE(now.talk->has_parked());
    CHECK_FALSE(testing::run(now.loop, now.talk->wait_idle(core::time_point::min())));
    now.hear(result("2", any_result));
    now.response(retried);
    CHECK(testing::run(now.loop, now.talk->wait_idle(core::time_point::min())));
}

TEST_CASE("dialogue, parking: questions that belong to no call that could be parked") {
    parked now;
    const std::string roots = R"({"jsonrpc":"2.0","id":0,"method":"roots/list"})";
    const words refused = {R"({"jsonrpc":"2.0","id":0)" + not_found};
    now.hear(roots); // right after initialized
    CHECK(now.told() == refused);
    auto list = now.submit(modern_request("1", "tools/list", ""), now.owner, 1);
    now.told();
    now.hear(roots);
    CHECK(now.told() == refused);
    CHECK_FALSE(now.answered(list));
    auto call = now.call("2", 2);
    now.hear(R"({"jsonrpc":"2.0","id":0,"method":"tasks/get"})");
    CHECK(now.told() == refused);
    now.hear(R"({"jsonrpc":"2.0","id":0,"method":"ping"})");
    CHECK(now.told() == words{result("0")});
    CHECK_FALSE(now.answered(call));
    auto another = now.call("3", 3);
    now.hear(question("0")); // whose?
    CHECK(now.told() == refused);
    CHECK_FALSE(now.answered(call));
    CHECK_FALSE(now.answered(another));
}

TEST_CASE("dialogue, parking: another call begins while the questions of the first are gathered") {
    parked now;
    auto first = now.call("1", 1);
    now.hear(question("0"));
    auto second = now.call("2", 2);
    const bool answered = testing::run(now.loop, first.wait_until(core::clock::now() + 2s));
    REQUIRE(answered);
    CHECK(holds(now.response(first), "input_required"));
    CHECK_FALSE(now.answered(second));
}

TEST_CASE("dialogue, parking: without a key for its state no call is parked") {
    bridge now(modern_guest{everything});
    now.settings.seal = nullptr;
    now.up(era::legacy);
    auto running = now.submit(modern_request("1", "tools/call", R"("name":"t")"), now.owner, 1);
    now.told();
    CHECK_FALSE(now.talk->may_be_asking());
    now.hear(question("0"));
    CHECK(now.told() == words{R"({"jsonrpc":"2.0","id":0)" + not_found});
    now.hear(result("2", any_result));
    CHECK(id_of(now.response(running)) == "1");
}

TEST_CASE("dialogue, parking: a call that ends while its client is away tells how once it is back") {
    for (const bool answered : {true, false}) {
        CAPTURE(answered);
        parked now;
        auto running = now.call("1", 1);
        const auto state = now.park(running);
        CHECK(now.talk->waits_for(2));
        if (answered) now.hear(result("2", any_result));
        now.talk->fail(2,
                       mcp::fault(fault_kind::call_interrupted, "its stream broke")); // as streams do at last
        CHECK_FALSE(now.talk->waits_for(2));
        CHECK(now.talk->has_parked());
        auto retried = now.retry(now.retry_text(state), now.owner);
        const auto end = now.end(retried);
        CHECK(ended_by(end, fault_kind::call_interrupted) != answered);
        if (answered) CHECK(id_of(end.response) == "7");
        CHECK_FALSE(now.talk->has_parked());
        CHECK_FALSE(now.talk->may_be_asking());
        auto twice = now.retry(now.retry_text(state), now.owner);
        CHECK(member_of(now.response(twice), "code") == "-32602");
    }
}
