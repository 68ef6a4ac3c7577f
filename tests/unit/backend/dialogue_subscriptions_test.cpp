// One subscriptions/listen of the gateway for everybody on the link to a modern server.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;
using mcp::fault_kind;

namespace {

const std::string can_all = R"({"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true}})";

std::string listen(const std::string& id, const std::string& filter) {
    return message(id, "subscriptions/listen", R"("notifications":{)" + filter + "}," + claims());
}
std::string tag(const std::string& id) {
    return R"("_meta":{"io.modelcontextprotocol/subscriptionId":)" + id + "}";
}
std::string acknowledged(const std::string& id, const std::string& filter) {
    return note("subscriptions/acknowledged", R"({"notifications":{)" + filter + "}," + tag(id) + "}");
}
std::string uris(const std::string& list) {
    return R"("toolsListChanged":true,"resourceSubscriptions":[)" + list + "]";
}
std::string cancelled(const std::string& id) {
    return R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + id + "}}";
}

struct listening : bridge {
    explicit listening(bool headers = false, const std::string& capabilities = can_all) : a("a"), b("b") {
        carrier.headers = headers;
        listeners->join(a);
        listeners->join(b);
        up(era::modern, capabilities);
    }
    // What is sent next.
    words soon() {
        const auto end = core::clock::now() + 5s;
        while (carrier.sent.empty() && core::clock::now() < end)
            wait(10ms);
        return told();
    }
    // The first stream is open, with the id 2.
    void open_first() {
        CHECK(soon() == words{listen("2", R"("toolsListChanged":true)")});
        hear(acknowledged("2", R"("toolsListChanged":true)"));
        CHECK(told() == words{});
    }
    void say(const std::string& line) {
        hear(line);
        testing::settle(loop);
    }

    guest a, b;
};

} // namespace

TEST_CASE("dialogue, subscriptions: the gateway listens to what the server can tell") {
    listening now;
    now.open_first();
    CHECK(now.talk->in_flight() == 0); // it is nobody's call
    now.hear(note("tools/list_changed", "{" + tag("2") + "}"));
    const words plain = {R"({"jsonrpc":"2.0", "method":"notifications/tools/list_changed","params":{}})"};
    CHECK(now.a.heard() == plain);
    CHECK(now.b.heard() == plain);
    now.hear(note("tools/list_changed", R"({"x":1,)" + tag("99") + "}")); // of no stream of ours
    now.hear(note("tools/list_changed", R"({"x":1,)" + tag("\"2\"") + "}"));
    CHECK(now.a.heard() == words{});

    listening silent(false, R"({"tools":{}})");
    silent.wait(80ms);
    CHECK(silent.told() == words{});
}

TEST_CASE("dialogue, subscriptions: a wider stream is open before the old one is ended") {
    for (const bool headers : {false, true}) {
        CAPTURE(headers);
        listening now(headers);
        now.open_first();
        auto first = now.subscribe("file:///x", now.a);
        auto second = now.subscribe("file:///y", now.b);
        CHECK_FALSE(now.answered(first));
        CHECK(now.soon() == words{listen("5", uris(R"("file:///x","file:///y")"))}); // both in one
        CHECK_FALSE(now.answered(first));
        now.hear(note("tools/list_changed", "{" + tag("2") + "}")); // still the one that counts
        CHECK(now.a.heard().size() == 1);
        CHECK(now.carrier.forgotten.empty());
        now.hear(acknowledged("5", uris(R"("file:///x","file:///y")")));
        CHECK(now.response(first) == result("1"));
        CHECK(now.response(second) == result("1"));
        CHECK(now.told() == (headers ? words{} : words{cancelled("2")}));
        CHECK(now.carrier.forgotten == std::vector<std::uint64_t>{2});
        now.hear(note("tools/list_changed", "{" + tag("2") + "}")); // its last words: the other tells it, too
        CHECK(now.a.heard().size() == 0);
        now.hear(note("resources/updated", R"({"uri":"file:///x",)" + tag("5") + "}"));
        CHECK(now.a.heard() == words{note("resources/updated", R"({"uri":"file:///x"})")});
        now.b.heard();
        now.hear(note("resources/updated", R"({"uri":"file:///y",)" + tag("5") + "}"));
        CHECK(now.a.heard() == words{});
        CHECK(now.b.heard().size() == 1);
        CHECK(now.talk->in_flight() == 0);
    }
}

TEST_CASE("dialogue, subscriptions: who comes later, who leaves") {
    listening now;
    now.open_first();
    auto first = now.subscribe("x", now.a);
    CHECK(now.soon() == words{listen("4", uris(R"("x")"))});
    auto same = now.subscribe("x", now.b, "2"); // before it is agreed
    CHECK_FALSE(now.answered(same));
    now.hear(acknowledged("4", uris(R"("x")")));
    CHECK(now.response(first) == result("1"));
    CHECK(now.response(same) == result("2"));
    CHECK(now.told() == words{cancelled("2")});
    auto again = now.subscribe("x", now.a, "3");
    CHECK(now.response(again) == result("3"));
    now.wait(80ms);
    CHECK(now.told() == words{});

    auto leaves = now.ask("resources/unsubscribe", R"({"uri":"x"})", now.a, "4");
    CHECK(now.response(leaves) == result("4"));
    now.wait(80ms);
    CHECK(now.told() == words{}); // another one holds it
    now.talk->release(*now.b);
    CHECK(now.soon() == words{listen("6", R"("toolsListChanged":true)")});
    now.hear(acknowledged("6", R"("toolsListChanged":true)"));
    CHECK(now.told() == words{cancelled("4")});
}

TEST_CASE("dialogue, subscriptions: what the server does not agree to is refused") {
    listening now;
    now.open_first();
    auto good = now.subscribe("x", now.a, "1");
    auto bad = now.subscribe("y", now.a, "2");
    auto bad_too = now.subscribe("y", now.b, "3");
    CHECK(now.soon() == words{listen("6", uris(R"("x","y")"))});
    now.say(acknowledged("6", uris(R"("x")")));
    CHECK(now.response(good) == result("1"));
    CHECK(member_of(now.response(bad), "code") == "-32602");
    CHECK(member_of(now.response(bad_too), "code") == "-32602");
    CHECK(now.listeners->subscriptions() == words{"x"});

    // A server without subscriptions never hears of it.
    listening cannot(false, R"({"tools":{"listChanged":true},"resources":{}})");
    cannot.open_first();
    auto refused = cannot.subscribe("x", cannot.a);
    CHECK(method_of(cannot.soon().front()) == "subscriptions/listen");
    cannot.say(acknowledged("4", R"("toolsListChanged":true)"));
    CHECK(member_of(cannot.response(refused), "code") == "-32602");
    listening nothing(false, "{}");
    auto none = nothing.subscribe("x", nothing.a);
    CHECK(member_of(nothing.response(none), "code") == "-32602");
    CHECK(nothing.told() == words{});
}

TEST_CASE("dialogue, subscriptions: an acknowledgement counts for its own stream") {
    for (const bool late_one_too : {true, false}) {
        CAPTURE(late_one_too);
        listening now;
        CHECK(now.soon() == words{listen("2", R"("toolsListChanged":true)")}); // the server takes its time
        auto running = now.subscribe("x", now.a);
        const auto told = now.soon();
        REQUIRE(!told.empty());
        CHECK(told.front() == listen("4", uris(R"("x")")));
        now.say(R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}})");
        if (late_one_too) now.say(acknowledged("2", R"("toolsListChanged":true)"));
        CHECK_FALSE(now.answered(running));
        now.say(acknowledged("4", uris(R"("x")")));
        CHECK(now.response(running) == result("1"));
        // One stream is left.
        auto ended = now.told();
        ended.insert(ended.begin(), told.begin() + 1, told.end());
        CHECK(ended == words{cancelled("2")});
        now.hear(note("resources/updated", R"({"uri":"x",)" + tag("4") + "}"));
        CHECK(now.a.heard().size() == 1);
    }
}

TEST_CASE("dialogue, subscriptions: a stream that ends is opened again, one that is refused is not") {
    listening now;
    now.open_first();
    now.say(result("2", R"({"resultType":"complete",)" + tag("2") + "}"));
    CHECK(now.soon() == words{listen("3", R"("toolsListChanged":true)")});
    now.say(error("3", -32601));
    now.wait(1200ms);
    CHECK(now.told() == words{});
    auto running = now.subscribe("x", now.a); // a new reason to try
    CHECK(now.soon() == words{listen("5", uris(R"("x")"))});
    now.say(error("5", -32601));
    CHECK(member_of(now.response(running), "code") == "-32602");
    CHECK(now.listeners->subscriptions() == words{});
}

TEST_CASE("dialogue, subscriptions: a stream that could not be opened is tried again, and its gap is told") {
    listening now;
    now.open_first();
    now.talk->fail(2, mcp::fault(fault_kind::unavailable, "it broke"));
    testing::settle(now.loop);
    CHECK(now.soon() == words{listen("3", R"("toolsListChanged":true)")});
    now.talk->fail(3, mcp::fault(fault_kind::unavailable, "HTTP status 503"));
    CHECK(now.a.heard() == words{});
    CHECK(now.soon() == words{listen("4", R"("toolsListChanged":true)")});
    now.say(acknowledged("4", R"("toolsListChanged":true)"));
    CHECK(now.a.heard().size() == 3); // anything may have changed: tools, prompts, resources
    CHECK(now.b.heard().size() == 3);
}

TEST_CASE("dialogue, subscriptions: when nothing is wanted any more, no stream is left") {
    listening now(false, R"({"resources":{"subscribe":true}})");
    now.wait(80ms);
    CHECK(now.told() == words{});
    auto running = now.subscribe("x", now.a);
    CHECK(now.soon() == words{listen("3", R"("resourceSubscriptions":["x"])")});
    now.say(acknowledged("3", R"("resourceSubscriptions":["x"])"));
    CHECK(now.response(running) == result("1"));
    auto leaves = now.ask("resources/unsubscribe", R"({"uri":"x"})", now.a, "2");
    CHECK(now.response(leaves) == result("2"));
    CHECK(now.soon() == words{cancelled("3")});
    now.wait(1200ms);
    CHECK(now.told() == words{});
    auto again = now.subscribe("x", now.a);
    CHECK(now.soon() == words{listen("5", R"("resourceSubscriptions":["x"])")});
}

TEST_CASE("dialogue, subscriptions: what a stream agreed to ends with it") {
    listening now;
    now.open_first();
    auto first = now.subscribe("x", now.a);
    CHECK(now.soon().size() == 1);
    now.say(acknowledged("4", uris(R"("x")")));
    now.response(first);
    now.told();
    now.say(result("4", R"({"resultType":"complete"})"));
    CHECK(now.soon().size() == 1); // the next, after its pause
    now.say(error("5", -32601));
    auto leaves = now.ask("resources/unsubscribe", R"({"uri":"x"})", now.a, "2");
    now.response(leaves);
    auto again = now.subscribe("x", now.a, "3");
    CHECK(now.soon().size() == 1);
    now.say(error("7", -32601));
    CHECK(member_of(now.response(again), "code") == "-32602");
}

TEST_CASE("dialogue, subscriptions: the end of the link") {
    listening now;
    now.open_first();
    auto waiting = now.subscribe("x", now.a);
    now.talk->end("it is gone");
    CHECK(now.end(waiting).failure);
    now.wait(80ms);
    CHECK(now.told() == words{});
}

TEST_CASE("dialogue, subscriptions: a process that takes over is told the same, and listeners that they "
          "missed something") {
    bridge before;
    guest a("a");
    guest hears("b");
    hears.made->listens = true;
    before.listeners->join(a);
    before.listeners->join(hears);
    before.listeners->subscribe(*a, "x");
    before.listeners->subscribe(*hears, "x");
    before.up(era::modern, can_all);
    CHECK(hears.heard() == words{});
    bridge next;
    next.listeners = before.listeners;
    next.up(era::modern, can_all);
    CHECK(hears.heard().size() == 4); // three lists and a resource
    CHECK(a.heard() == words{});
    next.wait(80ms);
    CHECK(next.told() == words{listen("2", uris(R"("x")"))});
}
