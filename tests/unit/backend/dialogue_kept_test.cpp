// Modern servers: results that may be kept, and arguments in headers.
#include "backend/bridge_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;
using mcp::era;

namespace {

std::string kept(const std::string& id, const std::string& members, const std::string& scope = "public",
                 const std::string& ttl = "60000") {
    return result(id, R"({"resultType":"complete",)" + members + R"(,"ttlMs":)" + ttl + R"(,"cacheScope":")" +
                          scope + "\"}");
}
const std::string tool = R"({"name":"t","inputSchema":{"type":"object",)"
                         R"("properties":{"region":{"type":"string","x-mcp-header":"Region"}}}})";
const std::string plain_tool = R"({"name":"u","inputSchema":{"type":"object"}})";
const std::string bad_tool = R"({"name":"bad","inputSchema":{"type":"object",)"
                             R"("properties":{"a":{"type":"string","x-mcp-header":""}}}})";
std::string tools(const std::string& list) {
    return R"("tools":[)" + list + "]";
}
std::string call_text(const std::string& name = "t") {
    return message("1", "tools/call", R"("name":")" + name + R"(","arguments":{"region":"eu"})");
}
std::string list_text() {
    return R"({"jsonrpc":"2.0","id":"l","method":"tools/list"})";
}

struct keeping : bridge {
    explicit keeping(bool headers = false, std::size_t cache = 1 << 20) : old("a") {
        settings.cache_bytes = cache;
        carrier.headers = headers;
        listeners->join(old);
        up(era::modern);
    }
    // Asks the server, which answers this; what the client gets.
    std::string ask_server(const std::string& text, const client_ref& from, const std::string& answer) {
        auto running = submit(text, from, 1);
        const auto id = id_of(told_once());
        hear(R"({"jsonrpc":"2.0","id":)" + id + answer.substr(answer.find(",\"result\"")));
        return response(running);
    }
    bool asks_server(const std::string& text, const client_ref& from) {
        auto running = submit(text, from, 1);
        testing::settle(loop);
        const bool asks = !told().empty();
        CHECK(answered(running) != asks);
        return asks;
    }

    guest old;
    modern_guest modern;
    modern_guest stranger{"{}", 1};
};

const mcp::parameter_fields region = {{"Region", "eu"}};

} // namespace

TEST_CASE("dialogue, cache: what may be kept is not asked again, in any era's words") {
    keeping now;
    CHECK(now.ask_server(list_text(), now.old, kept("0", tools(plain_tool))) ==
          result("\"l\"", "{" + tools(plain_tool) + "}"));
    auto legacy = now.submit(list_text(), now.old, 2);
    CHECK(now.response(legacy) == result("\"l\"", "{" + tools(plain_tool) + "}"));
    auto other = now.submit(modern_request("7", "tools/list", ""), now.stranger, 1);
    const auto text = now.response(other);
    CHECK(id_of(text) == "7");
    CHECK(member_of(text, "tools") == "[" + plain_tool + "]");
    CHECK(member_of(text, "resultType") == "\"complete\"");
    CHECK(member_of(text, "cacheScope") == "\"public\"");
    CHECK(now.told() == words{});
    CHECK(now.talk->in_flight() == 0);
    CHECK(now.asks_server(modern_request("7", "tools/list", R"("cursor":"2")"), now.modern));
}

TEST_CASE("dialogue, cache: what may not be kept, or not for everybody") {
    const auto text = modern_request("1", "resources/read", R"("uri":"x")");
    {
        keeping now;
        now.ask_server(text, now.modern, kept("0", R"("contents":[])", "private"));
        CHECK_FALSE(now.asks_server(text, now.modern));
        CHECK(now.asks_server(text, now.stranger));
    }
    for (const std::string ttl : {"0", "-1", "null"}) {
        keeping now;
        now.ask_server(text, now.modern, kept("0", R"("contents":[])", "public", ttl));
        CHECK(now.asks_server(text, now.modern));
    }
    {
        keeping now(false, 0);
        now.ask_server(text, now.modern, kept("0", R"("contents":[])"));
        CHECK(now.asks_server(text, now.modern));
    }
    keeping now;
    now.ask_server(text, now.modern, kept("0", R"("contents":[])"));
    CHECK(now.asks_server(modern_request("1", "resources/read", R"("uri":"x","requestState":"s")"),
                          now.modern));
    CHECK(now.asks_server(modern_request("1", "prompts/get", R"("name":"x")"), now.modern));
}

TEST_CASE("dialogue, cache: a change that is announced") {
    const auto text = modern_request("1", "tools/list", "");
    keeping now;
    now.ask_server(text, now.modern, kept("0", tools("")));
    CHECK_FALSE(now.asks_server(text, now.modern));
    now.hear(note("tools/list_changed"));
    CHECK(now.asks_server(text, now.modern));

    keeping crossing;
    auto running = crossing.submit(text, crossing.modern, 1);
    crossing.told();
    crossing.hear(note("tools/list_changed")); // it may or may not be in the answer
    crossing.hear(kept("2", tools("")));
    crossing.response(running);
    CHECK(crossing.asks_server(text, crossing.modern));
}

TEST_CASE("dialogue, cache: what was read with a client's help is not kept") {
    keeping now;
    now.old.made->capabilities = R"({"roots":{}})";
    const auto text = message("1", "resources/read", R"("uri":"x")");
    auto running = now.submit(text, now.old, 1);
    now.hear(result("2", R"({"resultType":"input_required","inputRequests":{"w":{"method":"roots/list"}}})"));
    auto heard = now.old.heard();
    REQUIRE(heard.size() == 1);
    now.talk->answer(id_of(heard[0]), result(id_of(heard[0]), R"({"roots":[]})"));
    now.hear(kept("3", R"("contents":[])"));
    CHECK(now.response(running) == result("1", R"({"contents":[]})"));
    now.told();
    CHECK(now.asks_server(text, now.old));
}

TEST_CASE("dialogue, headers: tools that break the rules are left out, however the list comes about") {
    for (const bool headers : {true, false}) {
        CAPTURE(headers);
        keeping now(headers);
        const auto expected = "[" + tool + (headers ? "" : "," + bad_tool) + "]";
        const auto list = kept("0", tools(tool + "," + bad_tool));
        CHECK(member_of(now.ask_server(list_text(), now.old, list), "tools") == expected);
        auto cached = now.submit(modern_request("1", "tools/list", ""), now.modern, 1);
        CHECK(member_of(now.response(cached), "tools") == expected);
        auto old = now.submit(list_text(), now.old, 1);
        CHECK(member_of(now.response(old), "tools") == expected);
    }
}

TEST_CASE("dialogue, headers: the tools are listed before the first call of one that is not known") {
    keeping now(true);
    auto first = now.submit(call_text(), now.old, 1);
    auto second = now.submit(call_text("u"), now.old, 2);
    CHECK(now.talk->in_flight() == 2);
    CHECK(now.told_once() == message("4", "tools/list", claims())); // once for both
    now.hear(result("4", "{" + tools(plain_tool) + R"(,"nextCursor":"\u0032"})"));
    CHECK(now.told_once() == message("5", "tools/list", R"("cursor":"\u0032",)" + claims()));
    now.hear(result("5", "{" + tools(tool) + "}"));
    testing::settle(now.loop);
    const auto told = now.told();
    REQUIRE(told.size() == 2);
    CHECK(method_of(told[0]) == "tools/call");
    CHECK(now.carrier.mirrored[2] == region);
    CHECK(now.carrier.mirrored.count(3) == 0);
    now.hear(result("2", any_result));
    CHECK(now.response(first) == result("1", any_result));
    CHECK(now.asks_server(call_text("unknown"), now.old)); // all are listed
    CHECK_FALSE(now.answered(second));

    keeping pipe;
    auto direct = pipe.submit(call_text(), pipe.old, 1);
    CHECK(method_of(pipe.told_once()) == "tools/call");
}

TEST_CASE("dialogue, headers: -32020 lists the tools anew and makes the call once more") {
    keeping now(true);
    const std::string outdated = R"({"name":"t","inputSchema":{"type":"object"}})";
    now.ask_server(list_text(), now.old, kept("0", tools(outdated)));
    auto running = now.submit(call_text(), now.old, 1);
    const auto first = now.told_once();
    CHECK(now.carrier.mirrored.empty());
    now.hear(error("3", -32020));
    CHECK(now.told_once() == message("5", "tools/list", claims()));
    CHECK_FALSE(testing::run(now.loop, now.talk->wait_idle(core::time_point::min())));
    now.hear(result("5", "{" + tools(tool) + "}"));
    const auto again = now.told_once();
    CHECK(again == R"({"jsonrpc":"2.0","id":4)" + first.substr(first.find(",\"method\"")));
    CHECK(now.carrier.mirrored[4] == region);
    CHECK_FALSE(now.answered(running));
    now.hear(error("4", -32020)); // once is enough, and it is about the gateway's request
    CHECK(member_of(now.response(running), "code") == "-32603");
    testing::settle(now.loop);
    CHECK(now.told() == words{});
    CHECK(now.talk->in_flight() == 0);

    // A modern client mirrors by itself: its own list is outdated, too, and it has to hear that.
    keeping both(true);
    both.ask_server(list_text(), both.old, kept("0", tools(outdated)));
    const auto text = modern_request("1", "tools/call", R"("name":"t","arguments":{"region":"eu"})");
    auto mirrored = both.submit(text, both.modern, 1);
    CHECK(both.told_once() == text);
    both.hear_on(3, error("1", -32020));
    CHECK(both.told_once() == message("5", "tools/list", claims()));
    both.hear(result("5", "{" + tools(tool) + "}"));
    CHECK(member_of(both.response(mirrored), "code") == "-32020");
    CHECK(both.told() == words{});
    keeping pipe;
    auto direct = pipe.submit(call_text(), pipe.old, 1);
    pipe.hear(error("2", -32020));
    CHECK(pipe.answered(direct));
}

TEST_CASE("dialogue, headers: a modern client's headers have to fit its arguments") {
    struct row {
        mcp::parameter_fields given;
        bool good;
    };
    const row table[] = {{{{"Region", "eu"}}, true},
                         {{{"rEGION", "eu"}, {"Other", "x"}}, true},
                         {{{"Region", "us"}}, false},
                         {{}, false}};
    for (const auto server : {era::legacy, era::modern}) {
        for (const auto& each : table) {
            bridge now;
            now.up(server);
            const modern_guest who;
            auto listed = now.submit(modern_request("1", "tools/list", ""), who, 1);
            now.hear(result("2", "{" + tools(tool) + "}"));
            now.response(listed);
            now.told();
            auto [sender, running] = reply_sink::make(now.loop.get_executor());
            const auto text = modern_request("1", "tools/call", R"("name":"t","arguments":{"region":"eu"})");
            call request(text, jsonrpc::scan(text).id, "tools/call", std::move(sender));
            request.from = who;
            request.mirrored = each.given;
            now.talk->submit(std::move(request));
            CHECK(now.told().empty() != each.good);
            if (!each.good) CHECK(member_of(now.response(running), "code") == "-32020");
        }
    }
}

TEST_CASE("dialogue, headers: what no parameter of the tool knows is passed on to a modern server") {
    keeping now(true);
    now.ask_server(list_text(), now.old, kept("0", tools(tool)));
    auto [sender, running] = reply_sink::make(now.loop.get_executor());
    const auto text = modern_request("1", "tools/call", R"("name":"t","arguments":{"region":"eu"})");
    call request(text, jsonrpc::scan(text).id, "tools/call", std::move(sender));
    request.from = now.modern;
    request.mirrored = {{"region", "eu"}, {"Trace-Of", "=?base64?eA==?="}};
    now.talk->submit(std::move(request));
    CHECK(now.told_once() == text);
    CHECK(now.carrier.mirrored[3] ==
          mcp::parameter_fields{{"Region", "eu"}, {"Trace-Of", "=?base64?eA==?="}});
}

TEST_CASE("dialogue, headers: arguments that stand twice can't be compared with headers") {
    keeping now(true);
    now.ask_server(list_text(), now.old, kept("0", tools(tool + "," + plain_tool)));
    const std::string twice = R"("arguments":{"region":"eu"},"arguments":{"region":"us"})";
    auto refused = now.submit(modern_request("1", "tools/call", R"("name":"t",)" + twice), now.modern, 1);
    CHECK(member_of(now.response(refused), "code") == "-32020");
    CHECK(now.told() == words{});
    auto plain = now.submit(modern_request("1", "tools/call", R"("name":"u",)" + twice), now.modern, 2);
    CHECK(now.told().size() == 1); // there is nothing to compare
}
