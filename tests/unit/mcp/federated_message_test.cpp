#include "mcp/federated_message.hpp"

#include "../jsonrpc/random_json.hpp"
#include "jsonrpc/text.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace drawbridge::mcp;
using drawbridge::jsonrpc::parse;
using drawbridge::jsonrpc::quote;
using std::string;

namespace {

const std::vector<string> servers = {"a", "b.c", "files"};

string request(std::string_view method, std::string_view params) {
    return R"({"jsonrpc":"2.0", "id":"\u0031","method":")" + string(method) + R"(","params":)" +
           string(params) + "}";
}

routed_call route(const string& text, const name_table& table = {}) {
    const auto parsed = parse(text);
    REQUIRE(parsed.code == 0);
    return route_call(servers, table, text, parsed.message);
}

void check_sent(std::string_view method, std::string_view params, std::string_view server,
                std::string_view wanted, std::string_view name = {}) {
    CAPTURE(params);
    name_table table;
    table.learn("files", "x/y");
    table.learn("b.c", "日本");
    const auto sent = route(request(method, params), table);
    REQUIRE(sent.call);
    CHECK(sent.call->server == server);
    CHECK(sent.call->text == request(method, wanted));
    CHECK(sent.call->name == name);
    CHECK(sent.reason.empty());
    CHECK(sent.ask.empty());
}

string refused(std::string_view method, std::string_view params) {
    CAPTURE(params);
    const auto sent = route(request(method, params));
    CHECK_FALSE(sent.call);
    CHECK(sent.ask.empty());
    CHECK_FALSE(sent.reason.empty());
    return sent.reason;
}

string response(std::string_view result) {
    return R"({"jsonrpc":"2.0","id":1,"result":)" + string(result) + "}";
}

void check_result(std::string_view method, std::string_view result, std::string_view wanted) {
    CAPTURE(result);
    CHECK(rewrite_result("s", method, response(result)) == response(wanted));
}

void check_kept(std::string_view method, const string& text) {
    CAPTURE(text);
    CHECK(rewrite_result("s", method, text) == text);
}

} // namespace

TEST_CASE("route_call: tools and prompts go by their name") {
    for (const string method : {"tools/call", "prompts/get"}) {
        check_sent(method, R"({ "name" : "a__b__c", "arguments":{"name":"a__b","n":1.50} })", "a",
                   R"({ "name" : "b__c", "arguments":{"name":"a__b","n":1.50} })", "b__c");
        check_sent(method, R"({"arguments":{},"name":"\u0061\u005f_\u0062"})", "a",
                   R"({"arguments":{},"name":"b"})", "b");
        check_sent(method, R"({"name":")" + federated_name("files", "x/y") + R"("})", "files",
                   R"({"name":"x/y"})", "x/y");
        check_sent(method, R"({"name":")" + federated_name("b.c", "日本") + R"("})", "b.c",
                   R"({"name":"日本"})", "日本");
        check_sent(method, R"({"name":")" + federated_name("b.c", "t") + R"("})", "b.c", R"({"name":"t"})",
                   "t");
    }
}

TEST_CASE("route_call: resources go by their URI, the rest of which stays as it is spelled") {
    for (const string method : {"resources/read", "resources/subscribe", "resources/unsubscribe"}) {
        check_sent(method, R"({"uri":"drawbridge://files/file:///a%20é"})", "files",
                   R"({"uri":"file:///a%20é"})");
        check_sent(method, R"({"_meta":{"uri":"x"},"uri":"drawbridge:\/\/b.c\/x:\"y\u0001"})", "b.c",
                   R"({"_meta":{"uri":"x"},"uri":"x:\"y\u0001"})");
        check_sent(method, R"({"uri":"drawbridge://a/drawbridge://a/x"})", "a",
                   R"({"uri":"drawbridge://a/x"})");
        check_sent(method, R"({"uri":"drawbridge://a/"})", "a", R"({"uri":""})");
    }
}

TEST_CASE("route_call: completion goes by what it completes") {
    check_sent("completion/complete",
               R"({"argument":{"name":"a__n","value":"v"},"ref":{"type":"ref/prompt","name":"a__p"}})", "a",
               R"({"argument":{"name":"a__n","value":"v"},"ref":{"type":"ref/prompt","name":"p"}})", "p");
    check_sent("completion/complete",
               R"({"ref":{"uri":"drawbridge://a/t://{x}","type":"ref\/resource","name":"a__x"}})", "a",
               R"({"ref":{"uri":"t://{x}","type":"ref\/resource","name":"a__x"}})");
    for (const string ref :
         {"", R"("ref":null)", R"("ref":[])", R"("ref":{})", R"("ref":{"name":"a__p"})",
          R"("ref":{"type":"ref/tool","name":"a__p"})",
          R"("ref":{"type":"ref/prompt","uri":"drawbridge://a/x"})",
          R"("ref":{"type":"ref/resource","name":"a__p"})", R"("ref":{"type":1,"name":"a__p"})",
          R"("ref":{"type":"ref/prompt","name":"a__p","name":"a__q"})",
          R"("ref":{"type":"ref/prompt","type":"ref/resource","name":"a__p","uri":"drawbridge://a/x"})",
          R"("ref":{"type":"ref/resource","uri":"drawbridge://a/x","ur\u0069":"drawbridge://files/x"})",
          R"("ref":{"type":"ref/prompt","name":"a__p"},"ref":{"type":"ref/prompt","name":"files__p"})"})
        refused("completion/complete", "{" + ref + "}");
}

TEST_CASE("route_call: refusals say what is wrong") {
    CHECK(refused("tools/call", R"({"name":"c__x"})") ==
          R"(no server has the name "c__x"; names on this endpoint begin with a server's name and "__", )"
          R"(as its lists show them)");
    CHECK(refused("resources/read", R"({"uri":"file:///a"})") ==
          R"(no server has the resource "file:///a"; URIs on this endpoint begin with )"
          R"(drawbridge://SERVER/, as its lists show them)");
    CHECK(refused("tools/call", R"({"name":7})") ==
          "tools/call needs params.name, a string, to say which server it is for");
    CHECK(refused("tools/call", "{}") ==
          "tools/call needs params.name, a string, to say which server it is for");
    CHECK(refused("tools/call", "[]").starts_with("tools/call needs params.name"));
    CHECK(refused("resources/read", "[]") ==
          "resources/read needs params.uri, once, to say which server it is for");
    CHECK(refused("resources/read", "{}").starts_with("resources/read needs params.uri, a string"));
    CHECK(refused("resources/read", R"({"uri":"drawbridge://a/x","uri":"drawbridge://files/x"})")
              .starts_with("resources/read needs params.uri, once"));
    CHECK(refused("completion/complete", R"({"ref":{}})")
              .starts_with("completion/complete needs params.ref.type"));
    for (const string method : {"tools/list", "ping", "initialize", "tasks/result", "", "x"})
        refused(method, R"({"name":"a__x","uri":"drawbridge://a/x"})");
    const string text = R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})";
    CHECK_FALSE(route(text).call);
    // Long names are not repeated whole.
    string long_name;
    for (int i = 0; i < 3000; ++i)
        long_name += "é";
    CHECK(refused("tools/call", R"({"name":")" + long_name + "\"}").size() < 300);
}

TEST_CASE("route_call: a shortened name that is not known yet asks for its server's list") {
    const auto name = federated_name("files", "x y");
    const auto text = request("tools/call", R"({"name":")" + name + "\"}");
    name_table table;
    auto sent = route(text, table);
    CHECK_FALSE(sent.call);
    CHECK(sent.ask == "files");
    CHECK(sent.reason.find("\"files\"") != string::npos);
    table.learn("files", "x y");
    sent = route(text, table);
    REQUIRE(sent.call);
    CHECK(sent.call->text == request("tools/call", R"({"name":"x y"})"));
}

TEST_CASE("is_routed: the methods of one server") {
    for (const string method : {"tools/call", "prompts/get", "resources/read", "resources/subscribe",
                                "resources/unsubscribe", "completion/complete"})
        CHECK(is_routed(method));
    for (const string method :
         {"tools/list", "resources/list", "ping", "logging/setLevel", "", "tools/call "})
        CHECK_FALSE(is_routed(method));
}

TEST_CASE("rewrite_result: resources/read") {
    check_result(
        "resources/read",
        R"({ "contents":[{"uri":"file:\/\/\/a","text":"uri"},{"blob":"","ur\u0069" : "x:1"},)"
        R"({"text":"t"}],"uri":"k" })",
        R"({ "contents":[{"uri":"drawbridge://s/file:\/\/\/a","text":"uri"},{"blob":"","ur\u0069" : )"
        R"("drawbridge://s/x:1"},{"text":"t"}],"uri":"k" })");
    for (const string result : {"{}", "[]", "null", R"({"contents":[]})", R"({"contents":{"uri":"x"}})",
                                R"({"contents":[7,null,[],{"uri":7},{"uri":null},{"uri":"\q"}]})"})
        check_kept("resources/read", response(result));
}

TEST_CASE("rewrite_result: links and embedded resources of tools/call") {
    const string content =
        R"({"content":[{"type":"text","text":"x","uri":"k"},{"type":"resource_link","uri":"x:1"},)"
        R"({"type":"resource","uri":"k","resource":{"uri":"x:2","text":""}}],)"
        R"("structuredContent":{"content":[{"type":"resource_link","uri":"k"}]}})";
    const string wanted =
        R"({"content":[{"type":"text","text":"x","uri":"k"},{"type":"resource_link",)"
        R"("uri":"drawbridge://s/x:1"},)"
        R"({"type":"resource","uri":"k","resource":{"uri":"drawbridge://s/x:2","text":""}}],)"
        R"("structuredContent":{"content":[{"type":"resource_link","uri":"k"}]}})";
    check_result("tools/call", content, wanted);
    check_result("tasks/result", content, wanted);
    check_result("tools/call", R"({"content":[{"uri":"x:1","type":"resource\u005flink"}]})",
                 R"({"content":[{"uri":"drawbridge://s/x:1","type":"resource\u005flink"}]})");
    check_kept("ping", response(content));
    check_kept("resources/read", response(content));
    for (const string result :
         {"{}", R"({"content":"x"})", R"({"content":{"type":"resource_link","uri":"x"}})",
          R"({"content":[{"uri":"x"}]})",
          R"({"content":[{"type":"resource","resource":[]},{"type":"resource","resource":"x"},{"type":7,)"
          R"("uri":"x"}]})"})
        check_kept("tools/call", response(result));
}

TEST_CASE("rewrite_result: prompts/get, with one block or several") {
    check_result("prompts/get",
                 R"({"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"x:1"}}},)"
                 R"({"content":[{"type":"resource_link","uri":"x:2"},{"type":"text"}]},{"content":"x"},7]})",
                 R"({"messages":[{"role":"user","content":{"type":"resource",)"
                 R"("resource":{"uri":"drawbridge://s/x:1"}}},)"
                 R"({"content":[{"type":"resource_link","uri":"drawbridge://s/x:2"},{"type":"text"}]},)"
                 R"({"content":"x"},7]})");
}

TEST_CASE("rewrite_result: what stands twice is rewritten twice") {
    check_result("resources/read", R"({"contents":[{"uri":"x:1","uri":"x:2"}],"contents":[{"uri":"x:3"}]})",
                 R"({"contents":[{"uri":"drawbridge://s/x:1","uri":"drawbridge://s/x:2"}],)"
                 R"("contents":[{"uri":"drawbridge://s/x:3"}]})");
    check_result("tools/call", R"({"content":[{"type":"text","type":"resource_link","uri":"x:1"}]})",
                 R"({"content":[{"type":"text","type":"resource_link","uri":"drawbridge://s/x:1"}]})");
    check_result("tools/call",
                 R"({"content":[{"type":"resource","resource":{"uri":"x:1"},"resource":{"uri":"x:2"}}]})",
                 R"({"content":[{"type":"resource","resource":{"uri":"drawbridge://s/x:1"},)"
                 R"("resource":{"uri":"drawbridge://s/x:2"}}]})");
}

TEST_CASE("rewrite_result: errors and texts that are no response stay") {
    for (const string text :
         {"", "{", "[]", "null", R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}})",
          R"({"method":"x","params":{"contents":[{"uri":"x"}]}})",
          R"({"id":1,"result":{"contents":[{"uri":"x"}]},"result":1})"})
        check_kept("resources/read", text);
}

TEST_CASE("rewrite_notification: updated resources alone") {
    CHECK(rewrite_notification(
              "s.t", R"({"jsonrpc":"2.0","method":"notifications/resources\/updated","params":{"x":1, )"
                     R"("uri":"file:\/\/\/a"}})") ==
          R"({"jsonrpc":"2.0","method":"notifications/resources\/updated","params":{"x":1, )"
          R"("uri":"drawbridge://s.t/file:\/\/\/a"}})");
    for (const string text : {R"({"method":"notifications/message","params":{"uri":"x"}})", "", "{", "[]",
                              R"({"id":1,"method":"notifications/resources/updated","params":{"uri":"x"}})",
                              R"({"method":"notifications/resources/updated"})",
                              R"({"method":"notifications/resources/updated","params":[]})",
                              R"({"method":"notifications/resources/updated","params":{"uri":7}})",
                              R"({"method":"notifications/resources/updated","params":{"x":{"uri":"x"}}})"})
        CHECK(rewrite_notification("s", text) == text);
}

TEST_CASE("federation: random requests come to the server as it would have been asked directly") {
    drawbridge::test::random_json random(61);
    const std::vector<string> names = {"t", "a__b", "x/y", "日本 語", "\"q\"\\", string(90, 'n'), "_"};
    for (int round = 0; round < 2000; ++round) {
        const auto& server = servers[random.number(3)];
        const auto& name = names[random.number(static_cast<std::uint32_t>(names.size()))];
        const bool by_uri = random.coin();
        const string place = "PLACE";
        const string params =
            random.object(3, {(by_uri ? "\"uri\":" : "\"name\":") + random.blank() + quote(place)});
        const auto with = [&](const string& token) {
            string text = request(by_uri ? "resources/read" : "tools/call", params);
            return text.replace(text.find(quote(place)), place.size() + 2, token);
        };
        name_table table;
        table.learn(server, name);
        const auto asked = by_uri ? federated_uri(server, "x:" + name) : federated_name(server, name);
        const auto text = with(quote(asked));
        CAPTURE(text);
        const auto sent = route(text, table);
        REQUIRE(sent.call);
        CHECK(sent.call->server == server);
        CHECK(sent.call->text == with(quote(by_uri ? "x:" + name : name)));
    }
}

TEST_CASE("federation: damaged answers do not throw, and what is rewritten is only longer") {
    drawbridge::test::random_json random(67);
    const string good =
        response(R"({"contents":[{"uri":"x:1"}],"content":[{"type":"resource","resource":{"uri":"x:2"}},)"
                 R"({"type":"resource_link","uri":"x"}],"messages":[{"content":{"type":"resource_link",)"
                 R"("uri":"x:3"}}]})");
    for (int round = 0; round < 5000; ++round) {
        string text = good;
        for (std::uint32_t left = 1 + random.number(3); left > 0; --left) {
            const auto at = random.number(static_cast<std::uint32_t>(text.size()));
            if (random.coin())
                text.erase(at, 1 + random.number(4));
            else
                text[at] = "\"\\{}[],:x0\xff\n"[random.number(12)];
        }
        for (const string method : {"resources/read", "tools/call", "prompts/get"}) {
            string back = rewrite_result("s", method, text);
            for (auto at = back.find(uri_prefix("s")); at != string::npos; at = back.find(uri_prefix("s")))
                back.erase(at, uri_prefix("s").size());
            CHECK(back == text);
        }
        CHECK(rewrite_notification("s", text) == text);
    }
}
