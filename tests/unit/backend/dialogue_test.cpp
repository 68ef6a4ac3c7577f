// The conversation of one link towards the server: ids, progress, cancellation, ends.
#include "backend/dialogue_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::fault_kind;

namespace {

std::string cancelled(int id, const std::string& reason = {}) {
    return R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
           std::to_string(id) + (reason.empty() ? "" : ",\"reason\":" + reason) + "}}";
}

} // namespace

TEST_CASE("dialogue: every spelling of an id comes back byte for byte, and the server never sees it") {
    conversation now(reach::one_agent);
    now.up();
    int number = 1;
    for (const std::string id : {"1", "0", "-1", "-12345678901234567890123", "99999999999999999999", "\"1\"",
                                 "\"\"", R"("a\u00e9 \\ \" \/id ")", "\"\xc3\xa9\"", "2", "3"}) {
        CAPTURE(id);
        const auto ours = std::to_string(++number);
        auto waiting = now.submit(R"({"method":"a", "id": )" + id + R"( ,"params":{"id":)" + id +
                                  R"(},"jsonrpc":"2.0"})");
        CHECK(now.told() == words{R"({"method":"a", "id": )" + ours + R"( ,"params":{"id":)" + id +
                                  R"(},"jsonrpc":"2.0"})"});
        // An answer with the caller's own id, if it is another call's or nobody's, reaches nobody.
        now.hear(R"({"jsonrpc":"2.0","id":")" + ours + R"(","result":{}})");
        if (number % 2 == 0) {
            now.hear(R"({"result":{"id":7,"n": 1.50},"id": )" + ours + R"( ,"jsonrpc":"2.0"})");
            CHECK(now.response(waiting) ==
                  R"({"result":{"id":7,"n": 1.50},"id": )" + id + R"( ,"jsonrpc":"2.0"})");
        } else {
            now.hear(R"({"jsonrpc":"2.0","error":{"code":-32042,"message":"x","data":[]},"id":)" + ours +
                     "}");
            CHECK(now.response(waiting) ==
                  R"({"jsonrpc":"2.0","error":{"code":-32042,"message":"x","data":[]},"id":)" + id + "}");
        }
        CHECK(now.talk->in_flight() == 0);
    }
}

TEST_CASE("dialogue: progress finds its call, with the caller's token as it was spelled") {
    conversation now(reach::one_agent);
    now.up();
    const auto text = [](const std::string& id, const std::string& token) {
        return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"a","params":{"_meta":{"progressToken":)" +
               token + R"(,"x":1},"b":2}})";
    };
    const auto progress = [](const std::string& token, int done) {
        return R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":)" +
               std::to_string(done) + R"(,"progressToken": )" + token + " }}";
    };
    auto first = now.submit(text("1", R"("tok\u0031")"));
    auto second = now.submit(text("1", "1")); // id and token of another caller
    auto third = now.submit(text("1", "-99999999999999999999"));
    auto fourth = now.submit(jsonrpc::request("5", "a", "{}")); // wants none
    CHECK(now.told() ==
          words{text("2", "2"), text("3", "3"), text("4", "4"), jsonrpc::request("5", "a", "{}")});

    now.hear(progress("3", 1));
    now.hear(progress("2", 1));
    now.hear(progress("4", 1));
    now.hear(progress("3", 2));
    for (const auto* nobodys : {"5", "6", "0", "\"3\"", "3.0", R"("tok\u0031")", "-99999999999999999999"})
        now.hear(progress(nobodys, 9));
    now.hear(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{}})");
    now.hear(R"({"jsonrpc":"2.0","method":"notifications/progress"})");
    CHECK(now.progress(first) == progress(R"("tok\u0031")", 1));
    CHECK(now.progress(second) == progress("1", 1));
    CHECK(now.progress(second) == progress("1", 2));
    CHECK(now.progress(third) == progress("-99999999999999999999", 1));

    now.hear(result("3"));
    now.hear(progress("3", 3)); // after the answer
    CHECK(now.response(second) == result("1"));
    now.talk->cancel(backend::client(), 0, "");
    for (auto* each : {&first, &third, &fourth})
        CHECK_FALSE(now.answered(*each));
}

TEST_CASE("dialogue: a caller that does not read its progress loses some of it, never the answer") {
    conversation now(reach::one_agent);
    now.up();
    auto slow =
        now.submit(R"({"jsonrpc":"2.0","id":"s","method":"a","params":{"_meta":{"progressToken":"t"}}})");
    for (int i = 0; i < 1000; ++i)
        now.hear(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2}})");
    now.hear(result("2"));
    int read = 0;
    for (auto next = testing::run(now.loop, slow.next());; next = testing::run(now.loop, slow.next())) {
        if (next.index() == 1) {
            CHECK(std::get<1>(next).response == result("\"s\""));
            break;
        }
        ++read;
    }
    CHECK(read > 0);
    CHECK(read < 1000);
    {
        auto gone =
            now.submit(R"({"jsonrpc":"2.0","id":"s","method":"a","params":{"_meta":{"progressToken":"t"}}})");
    }
    now.hear(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":3}})");
    now.hear(result("3"));
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue: cancel ends the call of this client with this ticket, and no other") {
    conversation now(reach::one_agent);
    const guest a("a"), b("b");
    now.up();
    auto of_a = now.submit(jsonrpc::request("1", "a"), a, 1);
    auto second_of_a = now.submit(jsonrpc::request("2", "a"), a, 2);
    auto of_b = now.submit(jsonrpc::request("1", "a"), b, 1);
    now.told();
    now.talk->cancel(*a, 3, "\"why\"");
    now.talk->cancel(*guest("a"), 1, "\"why\""); // another client of that name
    CHECK(now.told() == words{});
    now.talk->cancel(*a, 1, R"("no \u0041 more")");
    CHECK(now.told() == words{cancelled(2, R"("no \u0041 more")")});
    CHECK(is_nothing(now.end(of_a)));
    now.talk->cancel(*a, 1, ""); // again
    CHECK(now.told() == words{});
    now.talk->cancel(*b, 1, "");
    CHECK(now.told() == words{cancelled(4)});
    CHECK(is_nothing(now.end(of_b)));
    CHECK(now.way.forgotten == std::vector<std::uint64_t>{2, 4});
    now.hear(result("2")); // late: dropped
    now.hear(result("4"));
    CHECK_FALSE(now.answered(second_of_a));
    now.hear(result("3"));
    CHECK(now.response(second_of_a) == result("2"));
}

TEST_CASE("dialogue: release cancels the calls of this client and unsubscribes what nobody else holds") {
    conversation now(reach::one_agent);
    const guest a("a"), b("b");
    now.listeners->join(a);
    now.listeners->join(b);
    now.up();
    for (const auto* uri : {"x", "y"}) {
        auto answer = now.subscribe(uri, a);
        now.hear(result(uri == std::string("x") ? "2" : "3"));
        CHECK(now.response(answer) == result("1"));
    }
    auto shared = now.subscribe("y", b);
    CHECK(now.response(shared) == result("1"));
    auto first = now.submit(jsonrpc::request("1", "a"), a, 1);
    auto second = now.submit(jsonrpc::request("2", "a"), a, 2);
    auto others = now.submit(jsonrpc::request("1", "a"), b, 1);
    now.told();

    now.talk->release(*a);
    CHECK(now.told() ==
          words{cancelled(4, "\"the session ended\""), cancelled(5, "\"the session ended\""),
                R"({"jsonrpc":"2.0","id":7,"method":"resources/unsubscribe","params":{"uri":"x"}})"});
    for (auto* each : {&first, &second})
        CHECK(ended_by(now.end(*each), fault_kind::unknown_session));
    CHECK(now.way.forgotten == std::vector<std::uint64_t>{4, 5});
    now.hear(result("7"));
    now.hear(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
    CHECK(a.port->heard.empty());
    CHECK(b.port->heard.size() == 1);
    now.talk->release(*a); // again
    CHECK(now.told() == words{});
    CHECK_FALSE(now.answered(others));
    now.hear(result("6"));
    CHECK(now.response(others) == result("1"));
}

TEST_CASE("dialogue: release of a link's owner says nothing more to a server that ends with it") {
    const guest mine("a", 0, true);
    conversation now(mine);
    now.up();
    auto answer = now.subscribe("x", mine);
    now.hear(result("2"));
    now.told();
    now.talk->release(*mine);
    CHECK(now.told() == words{});
    CHECK(now.listeners->empty());
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue: too many calls, and a server that does not read, are told at once") {
    conversation now(reach::one_agent);
    now.settings.max_queued_calls = 2;
    now.up();
    auto first = now.submit(jsonrpc::request("1", "a"));
    auto second = now.submit(jsonrpc::request("1", "a"));
    auto third = now.submit(jsonrpc::request("1", "a"));
    auto end = now.end(third);
    CHECK(ended_by(end, fault_kind::overloaded));
    CHECK(end.failure->detail == "too many calls are waiting for this server");
    CHECK(end.failure->retry_after == 1s);
    CHECK(now.told().size() == 2);
    now.hear(result("2"));
    now.way.takes = false;
    auto fourth = now.submit(jsonrpc::request("1", "a"));
    end = now.end(fourth);
    CHECK(ended_by(end, fault_kind::overloaded));
    CHECK(end.failure->detail == "the server does not read its input");
    CHECK(now.talk->in_flight() == 1);
}

TEST_CASE("dialogue: what the carrier says of a call") {
    conversation now(reach::one_agent);
    now.up();
    auto failed = now.submit(jsonrpc::request("1", "a"));
    auto large = now.submit(jsonrpc::request("1", "a"));
    now.talk->fail(2, mcp::fault(fault_kind::backend_unauthorized, "401"));
    now.talk->fail(2, mcp::fault(fault_kind::unavailable, "again"));
    now.talk->fail(99, mcp::fault(fault_kind::unavailable, "nobody's"));
    now.talk->drop_oversized(5000, 4096, "\"3\"");
    CHECK(ended_by(now.end(failed), fault_kind::backend_unauthorized));
    CHECK_FALSE(now.answered(large));
    now.talk->drop_oversized(5000, 4096, "3");
    const auto end = now.end(large);
    CHECK(ended_by(end, fault_kind::answer_too_large));
    CHECK(end.failure->detail ==
          "the answer has 5000 bytes, more than the limit of 4096 (gateway.drawbridge.maxMessageBytes)");
}

TEST_CASE("dialogue: its end is told to everybody, once") {
    conversation now(reach::everybody);
    const guest a("a"), b("b", 1), left("c");
    for (const auto* each : {&a, &b, &left})
        now.listeners->join(*each);
    now.up();
    now.talk->release(*left);
    auto first = now.submit(jsonrpc::request("1", "a"), a, 1);
    auto second = now.submit(jsonrpc::request("1", "a"), b, 1);
    CHECK_FALSE(testing::run(now.loop, now.talk->wait_idle(core::clock::now())));
    CHECK_FALSE(now.talk->ended());
    now.talk->end("the container exited with status 9");
    now.talk->end("again");
    CHECK(now.talk->ended());
    CHECK(testing::run(now.loop, now.talk->wait_idle(core::clock::now())));
    for (auto* each : {&first, &second}) {
        const auto end = now.end(*each);
        CHECK(ended_by(end, fault_kind::call_interrupted));
        CHECK(end.failure->detail ==
              "the container exited with status 9 while it worked on this call, which may or "
              "may not have been carried out; it was not repeated");
    }
    for (const auto* each : {&a, &b})
        CHECK(each->port->lost == std::vector<std::uint64_t>{conversation::link});
    CHECK(left.port->lost.empty());

    auto late = now.submit(jsonrpc::request("1", "a"), a, 2);
    const auto end = now.end(late);
    CHECK(ended_by(end, fault_kind::unavailable));
    CHECK(end.failure->detail == "the container exited with status 9");
    now.told();
    now.talk->notify("{}");
    now.talk->release(*a);
    CHECK(now.told() == words{});
    now.hear(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"); // its last words
    CHECK(b.port->heard.empty());
    const auto asked = testing::run(now.loop, now.talk->ask("ping", "", core::clock::now() + 1h));
    CHECK(ended_by(asked, fault_kind::unavailable));
}
