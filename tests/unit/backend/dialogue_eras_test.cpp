// Clients and servers of one era, and of two: what passes as it is, and what is translated.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;
using mcp::fault_kind;

namespace {

// A client of sessions that declares nothing the server could ask for.
struct session : guest {
    explicit session(const std::string& name = "a", std::size_t agent = 0) : guest(name, agent) {
        made->revision = "2025-06-18";
        made->info = R"({"name":"c", "version":"1"})";
    }
};
const std::string session_info = R"({"name":"c", "version":"1"})";

} // namespace

TEST_CASE("dialogue, eras: between equals nothing but the id is touched") {
    const std::string params =
        R"({"name":"t","\u0061":[1.50, 2e3],"_meta":{"io.modelcontextprotocol/x":1,"resultType":2} ,)"
        R"( "requestState":"\/"})";
    const std::string value = R"({ "content":[], "resultType":"complete","ttlMs":5,"structuredContent":[1],)"
                              R"("_meta":{"io.modelcontextprotocol/serverInfo":{}}})";
    for (const auto both : {era::legacy, era::modern}) {
        bridge now;
        const session old;
        const modern_guest modern;
        now.listeners->join(old);
        now.up(both);
        const client_ref from = both == era::legacy ? client_ref(old) : client_ref(modern);
        const auto text =
            R"({ "id":"\u0063" ,"method":"tools/call","params":)" + params + R"(, "jsonrpc":"2.0"})";
        auto running = now.submit(text, from, 1);
        CHECK(now.told_once() ==
              R"({ "id":2 ,"method":"tools/call","params":)" + params + R"(, "jsonrpc":"2.0"})");
        now.hear(R"({"result":)" + value + R"( ,"id":2, "jsonrpc":"2.0"})");
        CHECK(now.response(running) == R"({"result":)" + value + R"( ,"id":"\u0063", "jsonrpc":"2.0"})");
        for (const int code : {-32002, -32021, -32042, -32601}) {
            auto refused = now.submit(text, from, 2);
            const auto id = id_of(now.told_once());
            now.hear(error(id, code));
            CHECK(now.response(refused) == error(R"("\u0063")", code));
        }
    }
}

TEST_CASE("dialogue, eras: over HTTP, where answers come to their requests, modern messages pass untouched") {
    bridge now;
    now.carrier.headers = true;
    now.up(era::modern);
    const modern_guest a;
    const modern_guest b;
    const std::string text =
        R"({ "id":"\u0063","method":"prompts/get","params":{"name":"p","_meta":)"
        R"({"progressToken":"\u0074", "io.modelcontextprotocol/x":1}}, "jsonrpc":"2.0"})";
    auto first = now.submit(text, a, 1);
    CHECK(now.told_once() == text);
    auto second = now.submit(text, b, 1);
    CHECK(now.told_once() == text);
    const auto progress = note("progress", R"({"progressToken":"\u0074","progress":1})");
    now.hear_on(3, progress);
    CHECK(now.progress(second) == progress);
    now.hear_on(3, note("progress", R"({"progressToken":"of another","progress":1})"));
    now.hear_on(3, note("progress", R"({"progressToken":2,"progress":1})"));
    CHECK_FALSE(now.answered(first));
    CHECK_FALSE(now.answered(second));
    const std::string value = R"( "result":{"resultType":"complete" ,"messages":[]}})";
    now.hear_on(3, R"({"id":"\u0063", "jsonrpc":"2.0",)" + value);
    CHECK(now.response(second) == R"({"id":"\u0063", "jsonrpc":"2.0",)" + value);
    CHECK_FALSE(now.answered(first));
    now.hear_on(2, R"({"id":"c", "jsonrpc":"2.0",)" + value); // the same id, spelled in the server's way
    CHECK(now.response(first) == R"({"id":"\u0063", "jsonrpc":"2.0",)" + value);

    // An id that another call has on the link is nobody's but its caller's.
    auto third = now.submit(modern_request("5", "prompts/get", R"("name":"p")"), a, 2);
    auto fourth = now.submit(modern_request("4", "prompts/get", R"("name":"p")"), b, 2);
    now.hear(result("4"));
    CHECK_FALSE(now.answered(third));
    CHECK_FALSE(now.answered(fourth));
    now.hear_on(4, result("5", R"({"resultType":"complete","messages":[]})"));
    CHECK(id_of(now.response(third)) == "5");
    CHECK_FALSE(now.answered(fourth));
    now.hear_on(5, result("4", R"({"resultType":"complete","messages":[]})"));
    CHECK(id_of(now.response(fourth)) == "4");
}

TEST_CASE("dialogue, eras: a modern client's calls to a server of sessions") {
    bridge now;
    const modern_guest who;
    now.up(era::legacy);
    struct row {
        const char* method;
        std::string members; // as the client sends them
        std::string sent;    // as the server gets them
        std::string value;
        std::string told;
    };
    const std::string hints = R"("resultType":"complete","ttlMs":0,"cacheScope":"private",)" + server_name;
    const row table[] = {
        {"tools/call", R"("name":"t","inputResponses":{},"requestState":"x",)" + modern_meta, R"("name":"t")",
         R"({"content":[]})", R"({"content":[],"resultType":"complete",)" + server_name + "}"},
        {"tools/list", modern_meta, "", R"({"tools":[]})", R"({"tools":[],)" + hints + "}"},
        {"resources/read", R"("uri":"x",)" + modern_meta, R"("uri":"x")", R"({"contents":[]})",
         R"({"contents":[],)" + hints + "}"},
        {"x/y", R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","mine":1})",
         R"("_meta":{"mine":1})", "{}", R"({"resultType":"complete",)" + server_name + "}"},
    };
    unsigned id = 2;
    for (const auto& each : table) {
        CAPTURE(each.method);
        auto running = now.submit(message("\"c\"", each.method, each.members), who, 1);
        const auto number = std::to_string(id++);
        const auto bare = R"({"jsonrpc":"2.0","id":)" + number + R"(,"method":")" + each.method + "\"}";
        CHECK(now.told_once() == (each.sent.empty() ? bare : message(number, each.method, each.sent)));
        now.hear(result(number, each.value));
        CHECK(now.response(running) == result("\"c\"", each.told));
    }
    for (const auto& [code, told] :
         std::vector<std::pair<int, int>>{{-32002, -32602}, {-32042, -32603}, {-32601, -32601}, {7, 7}}) {
        auto running = now.submit(modern_request("1", "resources/read", R"("uri":"x")"), who, 1);
        now.hear(error(std::to_string(id++), code));
        CHECK(now.response(running) == error("1", told));
    }
}

TEST_CASE("dialogue, eras: a client of sessions and a modern server") {
    bridge now;
    session who;
    who.made->capabilities = R"({"roots":{"listChanged":true},"tasks":{},"sampling":{}})";
    now.listeners->join(who);
    now.up(era::modern);
    const auto told = claims(R"({"roots":{},"sampling":{}})", session_info);
    struct row {
        const char* method;
        std::string text;
        std::string sent;
        std::string value;
        std::string told;
    };
    const row table[] = {
        {"tools/list", R"({"jsonrpc":"2.0","id":"c","method":"tools/list"})", told,
         R"({"resultType":"complete","tools":[{"name":"t","outputSchema":{"type":"array"}}],)"
         R"("ttlMs":1,"cacheScope":"public",)" +
             server_name + "}",
         R"({"tools":[{"name":"t"}]})"},
        {"tools/call",
         message("\"c\"", "tools/call",
                 R"("name":"t","_meta":{"io.modelcontextprotocol/clientCapabilities":{"x":{}}})"),
         R"("name":"t",)" + told, R"({"content":[],"structuredContent":[1],"resultType":"complete"})",
         any_result},
        {"x/y", message("\"c\"", "x/y", ""), told, R"({"a":1})", R"({"a":1})"},
    };
    unsigned id = 2;
    for (const auto& each : table) {
        CAPTURE(each.method);
        auto running = now.submit(each.text, who, 1);
        const auto number = std::to_string(id++);
        CHECK(now.told_once() == message(number, each.method, each.sent));
        now.hear(result(number, each.value));
        CHECK(now.response(running) == result("\"c\"", each.told));
    }
    auto lacking = now.submit(message("1", "tools/call", R"("name":"t")"), who, 1);
    now.hear(error(std::to_string(id++), -32021, R"({"requiredCapabilities":{"elicitation":{}}})"));
    CHECK(now.response(lacking) ==
          result("1", R"({"content":[{"type":"text","text":"no"}],"isError":true})"));
    auto refused = now.submit(message("1", "tools/call", R"("name":"t")"), who, 1);
    now.hear(error(std::to_string(id++), -32602));
    CHECK(now.response(refused) == error("1", -32602));
    now.told();
    now.talk->relay_notification(R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})");
    CHECK(now.told() == words{});
}

TEST_CASE("dialogue, eras: progress finds its caller, whatever both sides speak") {
    for (const auto server : {era::legacy, era::modern}) {
        for (const auto client : {era::legacy, era::modern}) {
            bridge now;
            const session old;
            const modern_guest modern;
            now.listeners->join(old);
            now.up(server);
            const client_ref from = client == era::legacy ? client_ref(old) : client_ref(modern);
            const std::string claim = client == era::modern ? "," + modern_meta.substr(9) : "}";
            auto first = now.submit(
                message("1", "tools/call", R"("name":"t","_meta":{"progressToken":"p\u0031")" + claim), from,
                1);
            CHECK(holds(now.told_once(), R"("progressToken":2)"));
            auto second = now.submit(
                message("1", "tools/call", R"("name":"t","_meta":{"progressToken":0)" + claim), from, 2);
            CHECK(holds(now.told_once(), R"("progressToken":3)"));
            now.hear(note("progress", R"({"progress":1,"progressToken":3})"));
            now.hear(note("progress", R"({"progress":2,"progressToken":2})"));
            now.hear(note("progress", R"({"progress":2,"progressToken":4})"));
            CHECK(now.progress(first) == note("progress", R"({"progress":2,"progressToken":"p\u0031"})"));
            CHECK(now.progress(second) == note("progress", R"({"progress":1,"progressToken":0})"));
            CHECK(old.port->heard.empty());
        }
    }
}

TEST_CASE("dialogue, eras: a call is called off as its carrier and its revision want it") {
    for (const bool headers : {false, true}) {
        for (const auto server : {era::legacy, era::modern}) {
            CAPTURE(headers);
            bridge now;
            now.carrier.headers = headers;
            const session old;
            const modern_guest modern;
            now.listeners->join(old);
            now.up(server);
            std::uint64_t id = 2;
            for (const client_ref& from : {client_ref(old), client_ref(modern)}) {
                auto running = now.submit(modern_request("1", "prompts/get", R"("name":"t")"), from, 1);
                now.told();
                now.carrier.forgotten.clear();
                now.talk->cancel(*from, 1, R"("why")");
                CHECK(is_nothing(now.end(running)));
                CHECK(now.carrier.forgotten == std::vector<std::uint64_t>{id});
                const bool by_the_stream = headers && server == era::modern;
                const auto order =
                    R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
                    std::to_string(id) + R"(,"reason":"why"}})";
                CHECK(now.told() == (by_the_stream ? words{} : words{order}));
                now.hear(result(std::to_string(id), any_result)); // for nobody
                ++id;
            }
            CHECK(now.talk->in_flight() == 0);
        }
    }
}

TEST_CASE("dialogue, eras: log messages reach the modern caller that asked for them") {
    struct row {
        const char* asked;
        const char* level;
        bool heard;
    };
    const row table[] = {{"", "emergency", false}, {"info", "debug", false},    {"info", "info", true},
                         {"info", "error", true},  {"error", "info", false},    {"info", "x", false},
                         {"debug", "debug", true}, {"warning", "notice", false}};
    for (const auto server : {era::legacy, era::modern}) {
        for (const auto& each : table) {
            CAPTURE(each.asked);
            CAPTURE(each.level);
            bridge now;
            const session old;
            now.listeners->join(old);
            modern_guest who;
            who.made->log_level = each.asked;
            now.up(server, R"({"logging":{}})");
            auto running = now.submit(modern_request("1", "tools/call", R"("name":"t")"), who, 1);
            const auto told = now.told();
            const bool sets = server == era::legacy && *each.asked != '\0';
            REQUIRE(told.size() == (sets ? 2u : 1u));
            if (sets)
                CHECK(told[0] ==
                      message("2", "logging/setLevel", R"("level":")" + std::string(each.asked) + '"'));
            const auto text = note("message", R"({"level":")" + std::string(each.level) + R"(","data":1})");
            now.hear(text);
            REQUIRE(now.answered(running) == each.heard);
            if (each.heard) CHECK(now.progress(running) == text);
            CHECK(old.port->heard.empty());
        }
    }
}

TEST_CASE("dialogue, eras: log messages of nobody's, and of somebody else's call") {
    bridge now;
    const session old;
    now.listeners->join(old);
    modern_guest who;
    who.made->log_level = "debug";
    now.up(era::modern);
    const auto text = note("message", R"({"level":"error","data":1})");
    auto first = now.submit(modern_request("1", "tools/call", R"("name":"t")"), who, 1);
    auto second = now.submit(modern_request("2", "tools/call", R"("name":"t")"), who, 2);
    CHECK(now.talk->receive(text, 3)); // over HTTP it comes with its call
    CHECK_FALSE(now.answered(first));
    CHECK(now.progress(second) == text);
    CHECK(now.talk->receive(text)); // on a pipe nothing tells whose it is
    CHECK_FALSE(now.answered(first));
    CHECK_FALSE(now.answered(second));
    CHECK(now.talk->receive(text, 99));
    CHECK_FALSE(now.answered(first));
    const session another("b");
    now.listeners->join(another);
    auto third = now.submit(message("1", "tools/call", R"("name":"t")"), old, 1);
    auto fourth = now.submit(message("1", "tools/call", R"("name":"t")"), another, 1);
    CHECK(now.talk->receive(text, 4));
    CHECK(old.port->heard == words{text});
    CHECK(another.port->heard.empty());
    CHECK_FALSE(now.answered(first));
}

TEST_CASE(
    "dialogue, eras: a server that does not declare logging is not told a level; nor is it told twice") {
    modern_guest who;
    who.made->log_level = "info";
    const auto text = modern_request("1", "tools/call", R"("name":"t")");
    bridge silent;
    silent.up(era::legacy);
    auto unheard = silent.submit(text, who, 1);
    CHECK(method_of(silent.told_once()) == "tools/call");

    bridge now;
    now.up(era::legacy, R"({"logging":{}})");
    auto first = now.submit(text, who, 1);
    CHECK(now.told().size() == 2);
    now.hear(result("2"));
    now.hear(result("3", any_result));
    auto second = now.submit(text, who, 2);
    CHECK(method_of(now.told_once()) == "tools/call");
    who.made->log_level = "error";
    auto busy = now.submit(text, who, 3); // another one is at work under the old level
    CHECK(method_of(now.told_once()) == "tools/call");
}

TEST_CASE("dialogue, eras: the level of a session goes with its calls to a modern server") {
    bridge now;
    const session old;
    now.listeners->join(old);
    now.up(era::modern);
    auto order = now.submit(message("1", "logging/setLevel", R"("level":"warning")"), old, 1);
    CHECK(now.response(order) == result("1"));
    CHECK(now.told() == words{}); // there is no such method any more
    auto running = now.submit(message("1", "tools/list", ""), old, 2);
    CHECK(member_of(now.told_once(), "_meta") == R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                                                 R"("io.modelcontextprotocol/clientCapabilities":{},)"
                                                 R"("io.modelcontextprotocol/clientInfo":)" +
                                                     session_info +
                                                     R"(,"io.modelcontextprotocol/logLevel":"warning"})");
}

TEST_CASE("dialogue, eras: what a session can't ask of a modern server") {
    for (const bool headers : {false, true}) {
        CAPTURE(headers);
        bridge now;
        const session who;
        now.listeners->join(who);
        now.carrier.headers = headers;
        now.up(era::modern);
        auto listens = now.submit(message("1", "subscriptions/listen", R"("notifications":{})"), who, 1);
        CHECK(member_of(now.response(listens), "code") == "-32601");
        auto level = now.submit(message("2", "logging/setLevel", R"("level":"loud")"), who, 2);
        CHECK(member_of(now.response(level), "code") == "-32602");
        CHECK(now.told() == words{});
        // Over HTTP a method stands in a header.
        for (const std::string method : {R"(x\r\nA: b)", R"(a b\u0000)", R"( x)", R"(\u00e9)"}) {
            auto odd = now.submit(message("3", method, ""), who, 3);
            if (headers) CHECK(member_of(now.response(odd), "code") == "-32601");
            CHECK(now.told().empty() == headers);
        }
    }
}
