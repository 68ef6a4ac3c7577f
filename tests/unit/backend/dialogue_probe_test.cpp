// What the first question tells of a server's era, and what follows.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;

namespace {

const std::string initialized = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";

std::string discover() {
    return message("1", "server/discover", claims());
}
std::string initialize(const std::string& id) {
    return message(id, "initialize",
                   R"("protocolVersion":"2025-11-25","capabilities":{},"clientInfo":)" + gateway_name());
}

struct probed : bridge {
    probed() { settings.era = std::nullopt; }
    void hear_and_settle(const std::string& line) {
        hear(line);
        testing::settle(loop);
    }
    // The server has said nothing for as long as it is given: a third of what there is.
    void stay_silent(core::duration startup = 1500ms) {
        open(core::clock::now() + startup);
        CHECK(told() == words{discover()});
        wait(startup / 3 + 20ms);
        CHECK(told() == words{initialize("2")});
        CHECK_FALSE(shaken);
        CHECK(talk->probing());
    }
};

} // namespace

TEST_CASE("dialogue, probe: a server that discovers itself is modern, and is not initialized") {
    probed now;
    now.open();
    CHECK(now.told() == words{discover()});
    CHECK(now.talk->probing());
    CHECK_FALSE(now.shaken);
    now.hear_and_settle(discovered("1", R"({"tools":{ },"tasks":{}})"));
    CHECK(now.shaken);
    CHECK(now.failure == "");
    CHECK((now.talk->era() == era::modern));
    CHECK(now.talk->revision() == "2026-07-28");
    CHECK_FALSE(now.talk->probing());
    CHECK(now.told() == words{});
    CHECK(now.talk->in_flight() == 0);
    CHECK(now.talk->initialize_result().capabilities() == R"({"tools":{ }})");
    CHECK(now.talk->initialize_result().server_info({}) == R"({"name":"s","version":"1"})");
    CHECK(holds(now.talk->discover_result(), R"("capabilities":{"tools":{ }})"));
    now.talk->end("it is gone");
    CHECK_FALSE(now.talk->probing());
}

TEST_CASE("dialogue, probe: -32022 that offers our revision is modern, too") {
    probed now;
    now.open();
    now.told();
    now.hear_and_settle(error("1", -32022, R"({"supported":["2026-07-28"],"requested":"2026-07-28"})"));
    CHECK(now.shaken);
    CHECK(now.failure == "");
    CHECK(now.talk->modern());
    CHECK(now.told() == words{});
    CHECK(now.talk->initialize_result().valid()); // what it can is not known
    CHECK(holds(std::string(now.talk->initialize_result().capabilities()), R"("tools")"));
    CHECK(holds(now.talk->initialize_result().server_info({}), R"("name":"srv")"));
}

TEST_CASE("dialogue, probe: any other answer is a legacy server's, which is initialized on the same pipe") {
    const words answers = {error("1", -32601),
                           error("1", -32602),
                           error("1", -32600),
                           error("1", -32603),
                           error("1", -32000),
                           error("1", -32022),
                           error("1", -32022, R"({"supported":["2025-11-25"]})"),
                           error("1", -32020),
                           error("1", 0),
                           result("1"),
                           result("1", R"({"supportedVersions":["2025-11-25"],"capabilities":{}})"),
                           result("1", "null"),
                           R"({"jsonrpc":"2.0","id":1,"error":"Method not found"})"};
    for (const auto& answer : answers) {
        CAPTURE(answer);
        probed now;
        now.open();
        CHECK(now.told() == words{discover()});
        now.hear_and_settle(answer);
        CHECK_FALSE(now.shaken);
        CHECK_FALSE(now.talk->probing());
        CHECK(now.told() == words{initialize("2")});
        now.hear_and_settle(introduced("2"));
        CHECK(now.shaken);
        CHECK(now.failure == "");
        CHECK((now.talk->era() == era::legacy));
        CHECK(now.talk->revision() == "2025-11-25");
        CHECK(now.told() == words{initialized});
    }
}

TEST_CASE("dialogue, probe: noise and notifications before the answer decide nothing") {
    probed now;
    now.open();
    now.told();
    CHECK_FALSE(now.talk->receive("Welcome!"));
    now.hear(note("message"));
    now.hear(result("7"));
    testing::settle(now.loop);
    CHECK_FALSE(now.shaken);
    CHECK(now.told() == words{});
    now.hear_and_settle(discovered("1"));
    CHECK(now.talk->modern());
    CHECK(now.failure == "");
}

TEST_CASE("dialogue, probe: a silent server is greeted as a legacy one") {
    probed now;
    now.stay_silent();
    now.hear_and_settle(introduced("2"));
    CHECK(now.shaken);
    CHECK(now.failure == "");
    CHECK_FALSE(now.talk->modern());
    CHECK_FALSE(now.talk->probing());
    CHECK(now.told() == words{initialized});
    now.hear(error("1", -32601)); // it was only slow
    now.hear(discovered("1"));
    testing::settle(now.loop);
    CHECK_FALSE(now.talk->modern());
    CHECK(now.told() == words{});
    CHECK(now.talk->in_flight() == 0);
}

TEST_CASE("dialogue, probe: a slow legacy server answers both questions in order") {
    probed now;
    now.stay_silent();
    now.hear_and_settle(error("1", -32601));
    CHECK_FALSE(now.shaken);
    now.hear_and_settle(introduced("2"));
    CHECK(now.failure == "");
    CHECK(now.shaken);
    CHECK_FALSE(now.talk->modern());
    CHECK(now.told() == words{initialized});
}

TEST_CASE("dialogue, probe: a slow modern server answers the first question, and refuses the second") {
    for (const int code : {-32601, -32022, -32602}) {
        probed now;
        now.stay_silent();
        now.hear_and_settle(discovered("1", R"({"tools":{}})"));
        now.hear_and_settle(error("2", code));
        CHECK(now.shaken);
        CHECK(now.failure == "");
        CHECK(now.talk->modern());
        CHECK(now.talk->initialize_result().capabilities() == R"({"tools":{}})");
        CHECK_FALSE(now.talk->probing());
        CHECK(now.told() == words{});
    }
}

TEST_CASE("dialogue, probe: both answers are refusals") {
    probed now;
    now.stay_silent();
    now.hear_and_settle(error("1", -32601));
    now.hear_and_settle(error("2", -32603));
    CHECK(now.shaken);
    CHECK(now.failure != "");
    CHECK_FALSE(now.talk->modern());
    CHECK_FALSE(now.talk->initialize_result().valid());
}

TEST_CASE("dialogue, probe: a server that never says a word") {
    probed now;
    now.stay_silent(300ms);
    const auto limit = core::clock::now() + 10s;
    while (!now.shaken && core::clock::now() < limit)
        now.wait(20ms);
    CHECK(now.shaken);
    CHECK(holds(now.failure, "initialize within startupTimeout"));
    CHECK(now.told() == words{}); // initialize is never cancelled
}

TEST_CASE("dialogue, probe: who goes at the first question may be a legacy server that could not bear it") {
    enum point { at_once, after_silence, after_a_refusal, after_discovery };
    for (const auto when : {at_once, after_silence, after_a_refusal, after_discovery}) {
        CAPTURE(static_cast<int>(when));
        probed now;
        if (when == after_silence)
            now.stay_silent(300ms);
        else
            now.open();
        if (when == after_a_refusal) now.hear_and_settle(error("1", -32601));
        if (when == after_discovery) now.hear_and_settle(discovered("1"));
        now.talk->end("it exited with code 1");
        const bool undecided = when == at_once || when == after_silence;
        CHECK(now.talk->probing() == undecided);
        testing::settle(now.loop);
        CHECK(now.shaken);
        CHECK(now.failure == (when == after_discovery ? "" : "it exited with code 1"));
        CHECK(now.talk->probing() == undecided);
    }
}

TEST_CASE("dialogue, probe: what the carrier can't bring tells only what the carrier knows") {
    for (const bool older : {true, false}) {
        CAPTURE(older);
        probed now;
        now.carrier.headers = true;
        now.carrier.older = older;
        now.open();
        CHECK(now.told() == words{discover()});
        now.talk->fail(1, mcp::fault(mcp::fault_kind::unavailable, "it answered 404"));
        testing::settle(now.loop);
        CHECK_FALSE(now.talk->probing());
        CHECK(now.shaken == !older);
        CHECK(now.told() == (older ? words{initialize("2")} : words{}));
        CHECK(now.failure == (older ? "" : "it answered 404"));
        if (!older) continue;
        now.hear_and_settle(introduced("2"));
        CHECK(now.shaken);
        CHECK(now.failure == "");
    }
}

TEST_CASE("dialogue, probe: over HTTP silence is no word") {
    probed now;
    now.carrier.headers = true;
    now.open(core::clock::now() + 600ms);
    now.told();
    now.wait(300ms);
    CHECK(now.told() == words{});
    now.hear_and_settle(discovered("1"));
    CHECK(now.failure == "");
    CHECK(now.talk->modern());
}

TEST_CASE("dialogue, probe: a server that is configured as legacy is not asked what it is") {
    bridge now;
    now.settings.era = era::legacy;
    now.open();
    CHECK(now.told() == words{initialize("1")});
    CHECK_FALSE(now.talk->probing());
    now.talk->end("it exited");
    CHECK_FALSE(now.talk->probing());
}

TEST_CASE("dialogue, probe: a server that is configured as modern is taken at its configuration's word") {
    for (const auto& answer : {discovered("1"), error("1", -32601), error("1", -32603), result("1")}) {
        CAPTURE(answer);
        bridge now;
        now.settings.era = era::modern;
        now.open();
        CHECK(now.told() == words{discover()});
        CHECK_FALSE(now.talk->probing());
        now.hear(answer);
        testing::settle(now.loop);
        CHECK(now.shaken);
        CHECK(now.failure == "");
        CHECK(now.talk->modern());
        CHECK(now.told() == words{});
        CHECK(now.talk->initialize_result().valid());
    }
    bridge silent;
    silent.settings.era = era::modern;
    silent.open(core::clock::now() + 50ms);
    silent.told();
    silent.wait(100ms);
    CHECK(holds(silent.failure, "server/discover within startupTimeout"));
    bridge deaf;
    deaf.settings.era = era::modern;
    deaf.carrier.takes = false;
    deaf.open();
    CHECK(deaf.shaken);
    CHECK(deaf.failure != "");
}

TEST_CASE("dialogue, probe: a modern client's capabilities are declared to a server of sessions") {
    const modern_guest who(R"({"elicitation":{},"sampling":{},"extensions":{"x":{}},"roots":{}})");
    probed now;
    now.owner = who;
    now.open();
    CHECK(now.told() == words{discover()}); // its claim is made with each call
    now.hear_and_settle(error("1", -32601));
    CHECK(now.told() ==
          words{message("2", "initialize",
                        R"("protocolVersion":"2025-11-25","capabilities":{"elicitation":{"form":{}},)"
                        R"("sampling":{},"roots":{}},"clientInfo":)" +
                            gateway_name())});
}

TEST_CASE("dialogue, probe: a modern server whose place an older one has taken is lost") {
    for (const int code : {-32601, -32603}) {
        CAPTURE(code);
        bridge now;
        now.up(era::modern);
        std::optional<outcome> seen;
        const auto check = [](dialogue& talk, std::optional<outcome>& out) -> core::task<> {
            out = co_await talk.ask_alive(core::time_point::max());
        };
        now.group.spawn("check", check(*now.talk, seen));
        const auto asked = now.told_once();
        CHECK(method_of(asked) == "server/discover");
        now.hear(error(id_of(asked), code));
        testing::settle(now.loop);
        REQUIRE(seen);
        CHECK(seen->failure.has_value() == (code == -32601));
        CHECK(now.carrier.lost.size() == (code == -32601 ? 1 : 0));
    }
}
