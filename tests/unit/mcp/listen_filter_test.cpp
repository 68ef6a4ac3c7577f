#include "mcp/listen_filter.hpp"

#include "../jsonrpc/random_json.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/validate.hpp"

#include <doctest/doctest.h>

#include <set>
#include <utility>
#include <vector>

using namespace drawbridge::mcp;
using drawbridge::jsonrpc::find_syntax_fault;
using drawbridge::jsonrpc::scan;
using std::string;

namespace {

constexpr std::string_view key = "io.modelcontextprotocol/subscriptionId";

listen_filter make(bool tools, bool prompts, bool resources, std::set<string, std::less<>> uris = {}) {
    return {tools, prompts, resources, std::move(uris)};
}

const listen_filter everything = make(true, true, true, {"a:b", "c:d"});

string listen(std::string_view params) {
    return R"({"jsonrpc":"2.0","id":1,"method":"subscriptions/listen")" + string(params) + "}";
}

// The filter of a request with these params.notifications.
std::optional<listen_filter> read(std::string_view notifications) {
    const auto text = listen(R"(,"params":{"_meta":{},"notifications":)" + string(notifications) + "}");
    return read_listen_filter(text, scan(text));
}

string notification(std::string_view method, std::string_view params = {}) {
    string out = R"({"jsonrpc":"2.0","method":"notifications/)" + string(method) + '"';
    if (!params.empty()) out += R"(,"params":)" + string(params);
    return out + '}';
}

// SID stands for the key of the subscription's id.
string spell(std::string_view text) {
    string out(text);
    for (auto at = out.find("SID"); at != string::npos; at = out.find("SID", at))
        out.replace(at, 3, key);
    return out;
}

string tag(const string& text, std::string_view id = "7") {
    return tagged(text, scan(text), id);
}

string untag(const string& text) {
    return untagged(text, scan(text));
}

string subscription(const string& text) {
    return string(subscription_of(text, scan(text)));
}

bool wanted(const listen_filter& filter, const string& text) {
    return wants(filter, text, scan(text));
}

} // namespace

TEST_CASE("listen filter: what a request asks for") {
    CHECK(read("{}") == listen_filter());
    CHECK(read("{}")->empty());
    CHECK(read(R"({"toolsListChanged":true})") == make(true, false, false));
    CHECK(read(R"({"promptsListChanged":true})") == make(false, true, false));
    CHECK(read(R"({"resourcesListChanged":true})") == make(false, false, true));
    CHECK(read(R"({"toolsListChanged":false,"promptsListChanged":true})") == make(false, true, false));
    CHECK(read(R"({"resourceSubscriptions":[]})") == listen_filter());
    CHECK(read(R"({"resourceSubscriptions":[ "a:b" , "a:\u0062","" ]})") ==
          make(false, false, false, {"", "a:b"}));
    CHECK(read(R"({"tools\u004cistChanged":true})") == make(true, false, false));
    // What an extension adds is not the gateway's.
    CHECK(read(R"({"taskIds":["1"],"x":[{}],"resourcesListChanged":true})") == make(false, false, true));
    CHECK_FALSE(everything.empty());
    CHECK_FALSE(make(false, false, false, {"a"}).empty());
}

TEST_CASE("listen filter: what is no filter") {
    for (const auto* each : {"null", "true", "[]", R"("toolsListChanged")", "1"}) {
        CAPTURE(each);
        CHECK_FALSE(read(each));
    }
    for (const auto* member : {"toolsListChanged", "promptsListChanged", "resourcesListChanged"}) {
        for (const auto* value : {"null", "1", R"("true")", "{}", "[]", "[true]", "truee"}) {
            CAPTURE(value);
            CHECK_FALSE(read(R"({")" + string(member) + R"(":)" + value + "}"));
        }
        CHECK_FALSE(read(R"({")" + string(member) + R"(":true,")" + member + R"(":true})"));
    }
    for (const auto* value : {"null", "true", "{}", R"("a:b")", "[1]", "[null]", R"([["a:b"]])",
                              R"(["a:b",{}])", R"(["\ud800"])", R"(["a" "b"])", R"(["a",])"}) {
        CAPTURE(value);
        CHECK_FALSE(read(R"({"resourceSubscriptions":)" + string(value) + "}"));
    }
    for (const auto* params : {"", R"(,"params":{})", R"(,"params":[])", R"(,"params":null)",
                               R"(,"params":{"notifications":{},"notific\u0061tions":{}})"}) {
        CAPTURE(params);
        const auto text = listen(params);
        CHECK_FALSE(read_listen_filter(text, scan(text)));
    }
    const auto text = notification("x", R"({"notifications":{}})");
    CHECK_FALSE(read_listen_filter(text, scan(text)));
}

TEST_CASE("listen filter: what a server with these capabilities can honour") {
    const auto check = [](std::string_view capabilities, const listen_filter& can) {
        CAPTURE(capabilities);
        CHECK(honoured(everything, capabilities) == can);
        CHECK(honoured(listen_filter(), capabilities) == listen_filter());
    };
    const listen_filter nothing;
    check(R"({"tools":{"listChanged":true}})", make(true, false, false));
    check(R"({"prompts":{"listChanged":true}})", make(false, true, false));
    check(R"({"resources":{"listChanged":true}})", make(false, false, true));
    check(R"({"resources":{"subscribe":true}})", make(false, false, false, {"a:b", "c:d"}));
    check(R"( {"tools" : {"listChanged" : true}, "prompts":{"listChanged":true,"x":1},
              "resources":{"subscribe":true,"listChanged":true}, "logging":{}} )",
          everything);
    check(R"({"tools":{"listChanged":true},"resources":{"subscribe":false,"listChanged":false}})",
          make(true, false, false));
    for (const auto* each :
         {"", " ", "{}", "null", "[]", "{", R"({"tools":{"listChanged":true)", R"({"tools":{}})",
          R"({"tools":true})", R"({"tools":{"listChanged":"true"}})", R"({"tools":{"listChanged":1}})",
          R"({"tools":{"listChanged":null}})", R"({"tools":{"subscribe":true}})",
          R"({"tools":{"listChanged":true,"listChanged":true}})",
          R"({"tools":{"listChanged":true},"tools":{"listChanged":true}})"})
        check(each, nothing);
    // Only what is wanted.
    CHECK(honoured(make(false, true, false), R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},
          "resources":{"subscribe":true}})") == make(false, true, false));
}

TEST_CASE("listen filter: params of a request") {
    CHECK(listen_params({}) == R"({"notifications":{}})");
    CHECK(listen_params(make(false, true, false)) == R"({"notifications":{"promptsListChanged":true}})");
    CHECK(listen_params(make(false, false, false, {"a\"b"})) ==
          R"({"notifications":{"resourceSubscriptions":["a\"b"]}})");
    const string all = R"({"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,)"
                       R"("resourceSubscriptions":["a:b","c:d"]})";
    CHECK(listen_params(everything) == R"({"notifications":)" + all + "}");
    for (int bits = 0; bits < 16; ++bits) {
        auto filter = make((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
        if ((bits & 8) != 0) filter.uris = {"", "file:///\xC3\xA4 \\", "z"};
        const auto text = listen(R"(,"params":)" + listen_params(filter));
        CHECK_FALSE(find_syntax_fault(text));
        CHECK(read_listen_filter(text, scan(text)) == filter);
    }
}

TEST_CASE("listen filter: the acknowledgement, there and back") {
    const auto text = acknowledgement("\"x\\u0031\"", make(true, false, false, {"a:b"}));
    CHECK(text == spell(R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{)"
                        R"("_meta":{"SID":"x\u0031"},)"
                        R"("notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:b"]}}})"));
    CHECK(read_acknowledgement(text, scan(text)) == make(true, false, false, {"a:b"}));
    CHECK(subscription(text) == R"("x\u0031")");
    const auto empty = acknowledgement("1", {});
    CHECK(empty == spell(R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged",)"
                         R"("params":{"_meta":{"SID":1},"notifications":{}}})"));
    CHECK(read_acknowledgement(empty, scan(empty)) == listen_filter());
}

TEST_CASE("listen filter: what is no acknowledgement") {
    const auto none = [](const string& text) {
        CAPTURE(text);
        CHECK_FALSE(read_acknowledgement(text, scan(text)));
    };
    none(notification("subscriptions/acknowledged"));
    none(notification("subscriptions/acknowledged", "{}"));
    none(notification("subscriptions/acknowledged", "[]"));
    none(notification("subscriptions/acknowledged", R"({"notifications":null})"));
    none(notification("subscriptions/acknowledged", R"({"notifications":{"toolsListChanged":1}})"));
    none(notification("subscriptions/acknowledged", R"({"notifications":{},"notifications":{}})"));
    none(notification("tools/list_changed", R"({"notifications":{}})"));
    none(R"({"id":1,"method":"notifications/subscriptions/acknowledged","params":{"notifications":{}}})");
    none("{");
    none("");
}

TEST_CASE("listen filter: the subscription of a notification") {
    const auto of = [](std::string_view params) {
        return subscription(notification("tools/list_changed", spell(params)));
    };
    CHECK(of(R"({"_meta":{"SID":1}})") == "1");
    CHECK(of(R"({"_meta":{"SID":"1"}})") == "\"1\"");
    CHECK(
        of(R"({"_meta" : { "x":{}, "io.modelcontextprotocol\/subscriptionId" : 12345678901234567890 } })") ==
        "12345678901234567890");
    for (const auto* each :
         {"{}", "[]", R"({"_meta":null})", R"({"_meta":{}})", R"({"SID":1})", R"({"_meta":{"x":{"SID":1}}})",
          R"({"_meta":{"SID":1,"SID":1}})", R"({"_meta":{"SID":1},"_meta":{"SID":1}})"}) {
        CAPTURE(each);
        CHECK(of(each).empty());
    }
    CHECK(subscription(spell(R"({"id":1,"method":"x","params":{"_meta":{"SID":1}}})")).empty());
}

TEST_CASE("listen filter: which notifications it wants") {
    const listen_filter nothing;
    const auto check = [&](std::string_view method, const listen_filter& only) {
        CAPTURE(method);
        for (const auto* params : {"", "{}", "[]", R"({"_meta":{}})"}) {
            const auto text = notification(method, params);
            CHECK(wanted(only, text));
            CHECK(wanted(everything, text));
            CHECK_FALSE(wanted(nothing, text));
        }
    };
    check("tools/list_changed", make(true, false, false));
    check("prompts/list_changed", make(false, true, false));
    check("resources/list_changed", make(false, false, true));
    CHECK_FALSE(wanted(make(false, true, true, {"a"}), notification("tools/list_changed")));
    CHECK_FALSE(wanted(make(true, false, true, {"a"}), notification("prompts/list_changed")));
    CHECK_FALSE(wanted(make(true, true, false, {"a"}), notification("resources/list_changed")));
    // Never on such a stream.
    for (const auto* other : {"progress", "message", "cancelled", "tasks", "tools/list_changedx", "x",
                              "subscriptions/acknowledged"})
        CHECK_FALSE(wanted(everything, notification(other, R"({"uri":"a:b"})")));
    CHECK_FALSE(wanted(everything, R"({"id":1,"method":"notifications/tools/list_changed"})"));
    CHECK_FALSE(wanted(everything, "["));
}

TEST_CASE("listen filter: updates of exactly its URIs") {
    const auto updated = [](const listen_filter& filter, std::string_view params) {
        return wanted(filter, notification("resources/updated", params));
    };
    const auto some = make(false, false, false, {"file:///a", "file:///ä"});
    CHECK(updated(some, R"({"uri":"file:///a"})"));
    CHECK(updated(some, R"({ "x":1, "uri" : "file:\/\/\/\u00e4" })"));
    for (const auto* each :
         {"{}", "[]", "null", R"({"uri":null})", R"({"uri":"file:///A"})", R"({"uri":"file:///a/b"})",
          R"({"uri":"file://"})", R"({"uri":["file:///a"]})", R"({"uri":"file:///a","uri":"file:///a"})"}) {
        CAPTURE(each);
        CHECK_FALSE(updated(some, each));
    }
    CHECK_FALSE(updated(make(true, true, true), R"({"uri":"file:///a"})"));
    CHECK_FALSE(wanted(some, notification("resources/updated")));
}

TEST_CASE("listen filter: a notification with the tag") {
    const auto check = [](std::string_view params, std::string_view with) {
        CAPTURE(params);
        const auto out = tag(notification("x", spell(params)));
        CHECK(out == notification("x", spell(with)));
        CHECK(subscription(out) == "7");
    };
    check("", R"({"_meta":{"SID":7}})");
    check("{}", R"({"_meta":{"SID":7}})");
    check("{ }", R"({"_meta":{"SID":7} })");
    check(R"({ "uri" : "a\u0062" })", R"({"_meta":{"SID":7}, "uri" : "a\u0062" })");
    check(R"({"uri":"a","_meta":{}})", R"({"uri":"a","_meta":{"SID":7}})");
    check(R"({"_meta":{ "k" :1.0},"uri":"a"})", R"({"_meta":{"SID":7, "k" :1.0},"uri":"a"})");
    check(R"({"_meta":{"k":[{}] , "SID" : "old" ,"l":1}})", R"({"_meta":{"k":[{}] , "SID" : 7 ,"l":1}})");
    check(R"({"\u005fmeta":{"SID":{"deep":["SID"]}}})", R"({"\u005fmeta":{"SID":7}})");
    // Against the schema; the client needs the tag all the same.
    check("[1]", R"({"_meta":{"SID":7}})");
    check("null", R"({"_meta":{"SID":7}})");
    check(R"({"a":1,"_meta":null,"b":2})", R"({"a":1,"_meta":{"SID":7},"b":2})");
    check(R"({"_meta":"x"})", R"({"_meta":{"SID":7}})");
}

TEST_CASE("listen filter: tags, oddly placed") {
    CHECK(tag(R"( { "method" : "x" , "jsonrpc":"2.0" } )") ==
          spell(R"( { "method" : "x","params":{"_meta":{"SID":7}} , "jsonrpc":"2.0" } )"));
    CHECK(tag(R"({"method":"x"})", R"("a\"b")") ==
          spell(R"({"method":"x","params":{"_meta":{"SID":"a\"b"}}})"));
    // Each of several: nobody knows which is read.
    CHECK(tag(spell(R"({"method":"x","params":{"_meta":{"SID":1,"SID":2}}})")) ==
          spell(R"({"method":"x","params":{"_meta":{"SID":7,"SID":7}}})"));
    // Nothing but notifications.
    for (const auto* each :
         {"", "{", "[]", R"({"id":1,"method":"x"})", R"({"id":1,"result":{}})",
          R"({"method":"x","params":{"_meta":{},"_meta":{}}})", R"({"method":"x","params":{]})"}) {
        CAPTURE(each);
        CHECK(tag(each) == each);
        CHECK(untag(each) == each);
    }
}

TEST_CASE("listen filter: a notification without the tag") {
    const auto check = [](std::string_view params, std::string_view without) {
        CAPTURE(params);
        const auto out = untag(notification("x", spell(params)));
        CHECK(out == notification("x", spell(without)));
        CHECK(out.find(key) == string::npos);
        CHECK(untag(out) == out);
    };
    check("", "");
    check("{}", "{}");
    check("[1]", "[1]");
    check("null", "null");
    check(R"({"_meta":{}})", R"({"_meta":{}})");
    check(R"({"_meta":null})", R"({"_meta":null})");
    check(R"({"_meta":{"k":1},"uri":"a"})", R"({"_meta":{"k":1},"uri":"a"})");
    check(R"({"_meta":{"SID":1}})", "{}");
    check(R"({ "_meta" : { "SID" : "x" } })", "{  }");
    check(R"({"_meta":{"SID":1}, "uri":"a"})", R"({"uri":"a"})");
    check(R"({"uri":"a" , "_meta":{"SID":1}})", R"({"uri":"a"})");
    check(R"({"a":1,"_meta":{"SID":1},"b":2})", R"({"a":1,"b":2})");
    check(R"({"_meta":{"SID":1, "k" : 1.0}})", R"({"_meta":{"k" : 1.0}})");
    check(R"({"_meta":{"k":1,"SID":1}})", R"({"_meta":{"k":1}})");
    check(R"({"_meta":{"k":1,"SID":1,"l":[]}})", R"({"_meta":{"k":1,"l":[]}})");
    check(R"({"_meta":{"SID":1,"SID":2}})", "{}");
    check(R"({"_meta":{"SID":1,"k":1,"SID":2,"SID":3}})", R"({"_meta":{"k":1}})");
    CHECK(untag(notification(
              "x", R"({"_meta":{"io.modelcontextprotocol\/subscriptionId":1,"progressToken":2}})")) ==
          notification("x", R"({"_meta":{"progressToken":2}})"));
}

TEST_CASE("listen filter: the graceful end") {
    CHECK(listen_end("\"a\"") ==
          spell(R"({"jsonrpc":"2.0","id":"a","result":{"resultType":"complete","_meta":{"SID":"a"}}})"));
    CHECK(listen_end("12") ==
          spell(R"({"jsonrpc":"2.0","id":12,"result":{"resultType":"complete","_meta":{"SID":12}}})"));
}

TEST_CASE("listen filter: random notifications with the tag and without") {
    drawbridge::test::random_json random(71);
    random.one_line();
    for (int i = 0; i < 2000; ++i) {
        std::vector<string> params;
        if (random.coin()) {
            std::vector<string> meta;
            if (random.coin()) meta.push_back(spell(R"("SID":)") + random.value(2));
            params.push_back(R"("_meta":)" +
                             (random.number(5) == 0 ? random.value(2) : random.object(2, meta)));
        }
        const auto text =
            notification("x", random.number(8) == 0 ? random.value(2) : random.object(3, params));
        CAPTURE(text);
        REQUIRE_FALSE(find_syntax_fault(text));
        const auto with = tag(text, "\"s\"");
        CHECK_FALSE(find_syntax_fault(with));
        CHECK(subscription(with) == "\"s\"");
        CHECK(tag(with, "\"s\"") == with);
        const auto without = untag(with);
        CHECK_FALSE(find_syntax_fault(without));
        CHECK(scan(without).kind == drawbridge::jsonrpc::message_kind::notification);
        CHECK(subscription(without).empty());
        CHECK(untag(text).size() <= text.size());
    }
}

TEST_CASE("listen filter: damaged text harms nothing") {
    drawbridge::test::random_json random(73);
    const string whole = spell(
        R"({"method":"notifications/resources/updated","params":{"_meta":{"k":1,"SID":[7]},"uri":"a:b",)"
        R"("notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:b","\u0063"]}}})");
    for (int i = 0; i < 20000; ++i) {
        auto text = whole;
        for (auto left = 1 + random.number(3); left > 0; --left) {
            const auto at = random.number(static_cast<std::uint32_t>(text.size()));
            if (random.coin())
                text[at] = "{}[]\",:\\ 1tn"[random.number(12)];
            else
                text.erase(at, 1 + random.number(4));
        }
        const auto message = scan(text);
        static_cast<void>(wants(everything, text, message));
        static_cast<void>(read_acknowledgement(text, message));
        static_cast<void>(honoured(everything, text));
        static_cast<void>(subscription_of(text, message));
        const auto with = tagged(text, message, "7");
        if (message.kind == drawbridge::jsonrpc::message_kind::notification)
            CHECK(scan(with).kind == drawbridge::jsonrpc::message_kind::notification);
        else
            CHECK(with == text);
        CHECK(untagged(text, message).size() <= text.size());
    }
}
