// How a link begins: initialize and initialized, and what the clients had asked of the process before.
#include "backend/dialogue_stage.hpp"

#include "version.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::fault_kind;

namespace {

const std::string initialized = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";

std::string initialize(const std::string& params) {
    return R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":)" + params + "}";
}

std::string gateway_info() {
    return R"({"name":"drawbridge","version":")" + std::string(gateway_version) + "\"}";
}

const std::string good_answer = result("1", R"({"protocolVersion":"2025-06-18","capabilities":{}})");

} // namespace

TEST_CASE("dialogue, handshake: the gateway speaks for itself where several share the link") {
    for (const auto how : {reach::one_agent, reach::everybody}) {
        conversation now(how);
        const guest a("a", 0, true);
        now.listeners->join(a); // what it declares is not for a shared link
        now.start();
        CHECK(now.told() ==
              words{initialize(R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":)" +
                               gateway_info() + "}")});
        CHECK_FALSE(now.talk->initialize_result().valid());
        now.hear(good_answer);
        testing::settle(now.loop);
        CHECK(now.shaken);
        CHECK(now.failure == "");
        CHECK(now.told() == words{initialized});
        CHECK(now.talk->initialize_result().protocol_version() == "2025-06-18");
        CHECK(now.talk->in_flight() == 0);
    }
}

TEST_CASE("dialogue, handshake: the owner of a link is introduced as it introduced itself") {
    guest mine("a", 0, true);
    mine.made->capabilities = R"({"sampling":{ },"x":1e3})";
    mine.made->info = R"({"name":"caf\u00e9", "version":"1"})";
    mine.made->revision = "2025-03-26";
    conversation now(mine);
    now.start();
    CHECK(now.told() ==
          words{initialize(R"({"protocolVersion":"2025-03-26","capabilities":{"sampling":{ },"x":1e3},)"
                           R"("clientInfo":{"name":"caf\u00e9", "version":"1"}})")});

    guest unknown("a");
    unknown.made->revision = "2099-01-01";
    conversation other(unknown);
    other.start();
    CHECK(other.told() ==
          words{initialize(R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":)" +
                           gateway_info() + "}")});
}

TEST_CASE("dialogue, handshake: what goes wrong is told, and initialized is not said") {
    struct row {
        std::string answer;
        const char* reason;
    };
    const row table[] = {
        {R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}})",
         "it refused initialize with an error"},
        {result("1"), "its answer to initialize has no protocolVersion"},
        {result("1", R"({"protocolVersion":"1999-01-01"})"),
         "it answered initialize with a protocol version that this gateway does not speak"},
    };
    for (const auto& each : table) {
        CAPTURE(each.answer);
        conversation now(reach::one_agent);
        now.start();
        now.told();
        now.hear(each.answer);
        testing::settle(now.loop);
        CHECK(now.shaken);
        CHECK(now.failure == each.reason);
        CHECK(now.told() == words{});
        CHECK_FALSE(now.talk->initialize_result().valid());
    }
}

TEST_CASE("dialogue, handshake: no answer in time, a server that does not read, a link that ends") {
    conversation late(reach::one_agent);
    late.settings.startup_timeout = 12s;
    late.start(core::clock::now());
    testing::run(late.loop, late.group.join());
    CHECK(late.failure == "it did not answer initialize within startupTimeout (12.0 s)");
    CHECK(late.told().size() == 1); // initialize must not be cancelled
    late.hear(good_answer);
    testing::settle(late.loop);
    CHECK_FALSE(late.talk->initialize_result().valid());

    conversation deaf(reach::one_agent);
    deaf.way.takes = false;
    deaf.start();
    CHECK(deaf.failure == "the server does not read its input");

    for (const bool before : {false, true}) {
        CAPTURE(before);
        conversation ended(reach::one_agent);
        ended.way.takes = !before;
        ended.start();
        ended.talk->end("it is gone");
        testing::settle(ended.loop);
        CHECK(ended.shaken);
        if (!before) CHECK(ended.failure == "it is gone");
    }
}

TEST_CASE("dialogue, handshake: a process that took over is told what the clients had asked for") {
    conversation now(reach::one_agent);
    const guest a("a"), b("b");
    now.listeners->join(a);
    now.listeners->join(b);
    now.listeners->subscribe(*a, "file:///\"x\"");
    now.listeners->subscribe(*b, "file:///y");
    now.listeners->set_level(*a, "error");
    now.listeners->set_level(*b, "notice");
    now.up();
    CHECK(now.told() ==
          words{R"({"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"notice"}})",
                R"({"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"file:///\"x\""}})",
                R"({"jsonrpc":"2.0","id":4,"method":"resources/subscribe","params":{"uri":"file:///y"}})"});
    for (const auto* id : {"2", "3", "4"})
        now.hear(result(id));
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue: calls that waited for a handshake that failed were not begun") {
    conversation now(reach::one_agent);
    now.start();
    auto waiting = now.submit(jsonrpc::request("1", "a"));
    now.talk->end("it is gone");
    const auto end = now.end(waiting);
    CHECK(ended_by(end, fault_kind::unavailable));
    CHECK(end.failure->detail == "it is gone");
}
