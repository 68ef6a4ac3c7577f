#include "mcp/result_cache.hpp"

#include "../jsonrpc/random_json.hpp"
#include "jsonrpc/validate.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <tuple>
#include <vector>

using namespace drawbridge::mcp;
using namespace std::chrono_literals;
using drawbridge::jsonrpc::scan;
using std::string;

namespace {

using time_point = result_cache::time_point;

const time_point start{1000h};
constexpr std::size_t plenty = 1 << 20;

string request(std::string_view method, std::string_view params = {}, std::string_view id = "1") {
    string out = R"({"jsonrpc":"2.0","id":)" + string(id) + R"(,"method":")" + string(method) + '"';
    if (!params.empty()) out += R"(,"params":)" + string(params);
    return out + '}';
}

string key(const string& text) {
    return result_cache::key_of(text, scan(text));
}

string key(std::string_view method, std::string_view params) {
    return key(request(method, params));
}

string read_key(std::string_view uri) {
    return key("resources/read", R"({"uri":")" + string(uri) + "\"}");
}

const string tools = key("tools/list", "{}");

string response(std::string_view result) {
    return R"({"jsonrpc":"2.0","id":"server's","result":)" + string(result) + "}";
}

string answer(std::string_view result, std::string_view id) {
    return R"({"jsonrpc":"2.0","id":)" + string(id) + R"(,"result":)" + string(result) + "}";
}

string hinted(std::string_view ttl, std::string_view scope = "public") {
    return R"({"resultType":"complete","tools":[],"ttlMs":)" + string(ttl) + R"(,"cacheScope":")" +
           string(scope) + "\"}";
}

void tell(result_cache& cache, std::string_view method, std::string_view params = {}) {
    string text = R"({"jsonrpc":"2.0","method":"notifications/)" + string(method) + '"';
    if (!params.empty()) text += R"(,"params":)" + string(params);
    text += '}';
    cache.invalidate(text, scan(text));
}

bool has(result_cache& cache, const string& what, std::size_t agent = 0) {
    return cache.find(what, agent, "1", start).has_value();
}

// One entry for each of these requests.
void fill(result_cache& cache, const std::vector<string>& keys) {
    for (const auto& each : keys)
        cache.keep(each, 0, response(hinted("1000")), start);
    REQUIRE(cache.size() == keys.size());
}

} // namespace

TEST_CASE("result cache: methods whose results may be kept") {
    for (const auto* each : {"tools/list", "prompts/list", "resources/list", "resources/templates/list",
                             "resources/read", "server/discover"}) {
        CHECK(is_cacheable(each));
        CHECK_FALSE(key(request(each)).empty());
    }
    for (const auto* each : {"", "tools/call", "prompts/get", "completion/complete", "subscriptions/listen",
                             "initialize", "tasks/get", "tools/listx", "Tools/list", "tools/list "}) {
        CHECK_FALSE(is_cacheable(each));
        CHECK(key(request(each)).empty());
    }
}

TEST_CASE("result cache: requests that are the same") {
    const auto same = [](const string& a, const string& b) {
        CAPTURE(a);
        CAPTURE(b);
        CHECK_FALSE(key(a).empty());
        CHECK(key(a) == key(b));
    };
    same(request("tools/list"), request("tools/list", "{}", "\"other\""));
    same(request("tools/list"), request("tools/list", R"({"_meta":{"progressToken":1,"x":2}})"));
    same(request("tools/list", R"({"cursor":"a"})"),
         request("tools/list", R"({ "_meta":{}, "c\u0075rsor" : "\u0061" })"));
    same(request("resources/read", R"({"uri":"a:b","x":1})"),
         request("resources/read", R"({"x":1,"uri":"a:b"})"));
    same(request("tools/list"), R"({"id":1,"method":"tools\/list"})");
}

TEST_CASE("result cache: requests that differ") {
    const std::vector<string> all = {
        request("tools/list"), request("prompts/list"), request("server/discover"), request("resources/list"),
        request("resources/templates/list"), request("resources/read"),
        request("tools/list", R"({"cursor":""})"), request("tools/list", R"({"cursor":"1"})"),
        request("tools/list", R"({"cursor":1})"), request("tools/list", R"({"cursor":1.0})"),
        request("tools/list", R"({"cursor":null})"), request("tools/list", R"({"cursor":"null"})"),
        request("tools/list", R"({"cursor":"=null"})"), request("tools/list", R"({"cursor":"a","x":"b"})"),
        request("tools/list", R"({"cursor":"a 1:x 2:\"b"})"), request("tools/list", R"({"":"cursor"})"),
        request("resources/read", R"({"uri":"a:b"})"), request("resources/read", R"({"uri":"a:B"})"),
        request("resources/read", R"({"uri":{"uri":"a:b"}})"), request("resources/list", R"({"uri":"a:b"})"),
        // Not valid UTF-8, and yet not the same.
        request("resources/read", "{\"uri\":\"\xFE\"}"), request("resources/read", "{\"uri\":\"\xFF\"}"),
        request("resources/read", R"({"uri":"\ufffd"})")};
    for (std::size_t a = 0; a < all.size(); ++a)
        for (std::size_t b = 0; b < all.size(); ++b)
            CHECK((key(all[a]) == key(all[b])) == (a == b));
}

TEST_CASE("result cache: requests that are never answered from it") {
    for (const auto* params :
         {R"({"uri":"a","inputResponses":{}})", R"({"uri":"a","requestState":""})",
          R"({"requestState":null})", R"({"request\u0053tate":"x"})", R"({"uri":"a","uri":"a"})",
          R"({"uri":"a","\u0075ri":"b"})", R"({"_meta":{},"_meta":{}})", R"({"uri":"\ud800"})",
          R"({"\ud800":1})", "[]", "null", "1", R"("x")"}) {
        CAPTURE(params);
        CHECK(key("resources/read", params).empty());
    }
    for (const auto* text : {"", "{", "[]", R"({"method":"tools/list"})", R"({"id":1,"result":{}})",
                             R"({"id":null,"method":"tools/list"})"})
        CHECK(key(text).empty());
    result_cache cache(plenty);
    cache.keep("", 0, response(hinted("1000")), start);
    CHECK(cache.size() == 0);
    CHECK_FALSE(cache.find("", 0, "1", start));
}

TEST_CASE("result cache: an answer comes with the id of who asks, and the time that is left") {
    result_cache cache(plenty);
    cache.keep(tools, 0,
               response(R"({ "ttlMs" : 5000 ,"tools":[{"name":"\u0061"}],"cacheScope":"public",)"
                        R"("resultType":"complete","nextCursor":"x","_meta":{"k":1.0}})"),
               start);
    const auto wanted = [](std::string_view left, std::string_view id) {
        return answer(R"({ "ttlMs" : )" + string(left) +
                          R"( ,"tools":[{"name":"\u0061"}],"cacheScope":"public",)"
                          R"("resultType":"complete","nextCursor":"x","_meta":{"k":1.0}})",
                      id);
    };
    CHECK(cache.find(tools, 0, "1", start) == wanted("5000", "1"));
    CHECK(cache.find(tools, 0, "\"a\"", start + 1s) == wanted("4000", "\"a\""));
    CHECK(cache.find(tools, 7, "2", start + 1200us) == wanted("4998", "2"));
    CHECK(cache.find(tools, 0, "3", start + 4999ms) == wanted("1", "3"));
    CHECK(cache.find(tools, 0, "3", start + 5s - 1us) == wanted("0", "3"));
    CHECK_FALSE(cache.find(tools, 0, "4", start + 5s));
    CHECK(cache.size() == 0);
    CHECK(cache.bytes() == 0);
    CHECK_FALSE(cache.find(tools, 0, "5", start));
}

TEST_CASE("result cache: how long") {
    const auto left = [](std::string_view ttl) {
        result_cache cache(plenty);
        cache.keep(tools, 0, response(hinted(ttl)), start);
        const auto found = cache.find(tools, 0, "1", start);
        for (const auto* each : {"1", "60000", "86400000"})
            if (found == answer(hinted(each), "1")) return string(each);
        return found.value_or("none");
    };
    CHECK(left("1") == "1");
    CHECK(left("1.9") == "1");
    CHECK(left("60000") == "60000");
    CHECK(left("60000.0") == "60000");
    CHECK(left("6e4") == "60000");
    CHECK(left("86400000") == "86400000");
    // A day at most.
    CHECK(left("86400001") == "86400000");
    CHECK(left("9223372036854775807") == "86400000");
    CHECK(left("123456789012345678901234567890") == "86400000");
    CHECK(left("1e300") == "86400000");
    for (const auto* none : {"0", "-0", "0.9", "-1", "-1e9", "1e999", "null", "true", R"("1000")", "[1000]",
                             "{}", "0x10", "inf", "nan", "1000ms", "+1000", "01000"}) {
        CAPTURE(none);
        CHECK(left(none) == "none");
    }
}

TEST_CASE("result cache: what is not kept") {
    const auto kept = [](std::string_view text) {
        result_cache cache(plenty);
        cache.keep(tools, 0, text, start);
        CHECK((cache.bytes() > 0) == (cache.size() > 0));
        return cache.size() == 1;
    };
    CHECK(kept(response(hinted("1000"))));
    CHECK(kept(response(hinted("1000", "private"))));
    CHECK(kept(R"({"result":)" + hinted("1000") + "}"));
    // A result without a type is complete.
    CHECK(kept(response(R"({"ttlMs":1000,"cacheScope":"public"})")));
    CHECK(kept(response(R"({"ttlMs":1000,"cacheScope":"p\u0075blic"})")));
    for (const auto* result :
         {R"({"resultType":"input_required","ttlMs":1000,"cacheScope":"public"})",
          R"({"resultType":"Complete","ttlMs":1000,"cacheScope":"public"})",
          R"({"resultType":null,"ttlMs":1000,"cacheScope":"public"})",
          R"({"resultType":"complete","ttlMs":1000})", R"({"resultType":"complete","cacheScope":"public"})",
          R"({"ttlMs":1000,"cacheScope":"Public"})", R"({"ttlMs":1000,"cacheScope":""})",
          R"({"ttlMs":1000,"cacheScope":null})", R"({"ttlMs":1000,"cacheScope":["public"]})",
          R"({"ttlMs":1000,"ttlMs":1000,"cacheScope":"public"})",
          R"({"ttlMs":1000,"cacheScope":"private","cacheScope":"public"})",
          R"({"resultType":"complete","resultType":"complete","ttlMs":1000,"cacheScope":"public"})",
          R"({"_meta":{"ttlMs":1000,"cacheScope":"public"}})", "{}", "[]", "null", "1000", R"("x")",
          // No JSON, although its brackets balance.
          R"({"tools":[nonsense],"ttlMs":1000,"cacheScope":"public"})",
          R"({"tools":[1,],"ttlMs":1000,"cacheScope":"public"})",
          "{\"tools\":\"\xFF\",\"ttlMs\":1000,\"cacheScope\":\"public\"}"}) {
        CAPTURE(result);
        CHECK_FALSE(kept(response(result)));
    }
    CHECK_FALSE(kept(R"({"id":1,"error":{"code":1,"message":"x"},"result":)" + hinted("1000") + "}"));
    CHECK_FALSE(kept(R"({"id":1,"error":)" + hinted("1000") + "}"));
    CHECK_FALSE(kept(R"({"id":1,"method":"x","params":)" + hinted("1000") + "}"));
    for (const auto* each : {"", "{", "[]", "{}"})
        CHECK_FALSE(kept(each));
}

TEST_CASE("result cache: private results stay with their agent") {
    result_cache cache(plenty);
    cache.keep(tools, 3, response(hinted("1000", "private")), start);
    CHECK(has(cache, tools, 3));
    CHECK_FALSE(has(cache, tools, 0));
    CHECK_FALSE(has(cache, tools, 4));
    cache.keep(tools, 4, response(hinted("2000", "private")), start);
    CHECK(cache.size() == 2);
    CHECK(cache.find(tools, 3, "1", start) == answer(hinted("1000", "private"), "1"));
    CHECK(cache.find(tools, 4, "1", start) == answer(hinted("2000", "private"), "1"));
}

TEST_CASE("result cache: public results are for everybody") {
    result_cache cache(plenty);
    cache.keep(tools, 3, response(hinted("1000")), start);
    for (const std::size_t agent : {0U, 3U, 4U})
        CHECK(has(cache, tools, agent));
    CHECK(cache.size() == 1);
}

TEST_CASE("result cache: the newer result takes the place of the older, whatever their scopes") {
    result_cache cache(plenty);
    cache.keep(tools, 1, response(hinted("1000")), start);
    const auto bytes = cache.bytes();
    cache.keep(tools, 2, response(hinted("2000")), start);
    CHECK(cache.size() == 1);
    CHECK(cache.bytes() == bytes);
    CHECK(cache.find(tools, 1, "1", start) == answer(hinted("2000"), "1"));
    // What was for everybody is not any more.
    cache.keep(tools, 1, response(hinted("3000", "private")), start);
    CHECK(cache.size() == 1);
    CHECK_FALSE(has(cache, tools, 2));
    cache.keep(tools, 2, response(hinted("4000", "private")), start);
    CHECK(cache.size() == 2);
    cache.keep(tools, 1, response(hinted("5000")), start);
    CHECK(cache.size() == 2);
    CHECK(cache.find(tools, 1, "1", start) == answer(hinted("5000"), "1"));
    CHECK(cache.find(tools, 2, "1", start) == answer(hinted("4000", "private"), "1"));
    CHECK(cache.find(tools, 3, "1", start) == answer(hinted("5000"), "1"));
    // A private one that has run out leaves the public one.
    CHECK(cache.find(tools, 2, "1", start + 4s) == answer(hinted("1000"), "1"));
    CHECK(cache.size() == 1);
}

TEST_CASE("result cache: an error or a result without hints changes nothing") {
    result_cache cache(plenty);
    cache.keep(tools, 0, response(hinted("1000")), start);
    cache.keep(tools, 0, R"({"id":1,"error":{"code":-32603,"message":"x"}})", start);
    cache.keep(tools, 0, response(hinted("0")), start);
    CHECK(cache.find(tools, 0, "1", start) == answer(hinted("1000"), "1"));
}

TEST_CASE("result cache: pages stay and go each for itself") {
    result_cache cache(plenty);
    const auto first = key("tools/list", "{}");
    const auto second = key("tools/list", R"({"cursor":"2"})");
    cache.keep(first, 0, response(hinted("1000")), start);
    cache.keep(second, 0, response(hinted("1000")), start + 500ms);
    CHECK_FALSE(cache.find(first, 0, "1", start + 1s));
    CHECK(cache.find(second, 0, "1", start + 1s) == answer(hinted("500"), "1"));
}

TEST_CASE("result cache: what a change of the lists forgets") {
    const std::vector<string> all = {tools,
                                     key("tools/list", R"({"cursor":"2"})"),
                                     key("prompts/list", "{}"),
                                     key("resources/list", "{}"),
                                     key("resources/templates/list", "{}"),
                                     read_key("a:b"),
                                     key("server/discover", "{}")};
    const auto check = [&](std::string_view method, std::set<std::size_t> gone) {
        CAPTURE(method);
        result_cache cache(plenty);
        fill(cache, all);
        cache.keep(tools, 9, response(hinted("1000", "private")), start);
        cache.keep(tools, 0, response(hinted("1000")), start);
        const auto before = cache.changes();
        tell(cache, method);
        CHECK((cache.changes() != before) == !gone.empty());
        for (std::size_t i = 0; i < all.size(); ++i)
            CHECK(has(cache, all[i]) != gone.contains(i));
        CHECK(has(cache, tools, 9) != gone.contains(0));
    };
    check("tools/list_changed", {0, 1});
    check("prompts/list_changed", {2});
    check("resources/list_changed", {3, 4, 5});
    for (const auto* other : {"message", "progress", "cancelled", "tools/list_changedx", "list_changed",
                              "roots/list_changed", "subscriptions/acknowledged"})
        check(other, {});
}

TEST_CASE("result cache: what an update of a resource forgets") {
    const auto check = [](std::string_view params, std::set<std::size_t> gone) {
        CAPTURE(params);
        const std::vector<string> all = {read_key("f:///a"),
                                         read_key("f:///a/b"),
                                         read_key("f:///ab"),
                                         read_key("f:///a/"),
                                         read_key("f:///a?q"),
                                         key("resources/read", R"({"x":1,"uri":"f:///a","y":"z"})"),
                                         read_key("f:///\u00e4"),
                                         key("resources/list", "{}"),
                                         tools,
                                         key("resources/list", R"({"uri":"f:///a"})")};
        result_cache cache(plenty);
        fill(cache, all);
        tell(cache, "resources/updated", params);
        CHECK(cache.changes() == 1);
        for (std::size_t i = 0; i < all.size(); ++i) {
            CAPTURE(i);
            CHECK(has(cache, all[i]) != gone.contains(i));
        }
    };
    check(R"({"uri":"f:///a"})", {0, 5});
    check(R"({"uri":"f:\/\/\/\u0061"})", {0, 5});
    // What was read of something above it may have contained it.
    check(R"({"uri":"f:///a/b"})", {0, 1, 3, 5});
    check(R"({"uri":"f:///a/b/c"})", {0, 1, 3, 5});
    check(R"({"uri":"f:///a#x"})", {0, 5});
    check(R"({"uri":"f:///a?q"})", {0, 4, 5});
    check(R"({"uri":"f:///ab"})", {2});
    check(R"({"uri":"f:///\u00e4"})", {6});
    check(R"({"uri":"f:///A"})", {});
    check(R"({"uri":""})", {});
    // It could be any.
    for (const auto* each : {"", "{}", "[]", "null", R"({"uri":1})", R"({"uri":"\ud800"})",
                             R"({"uri":"f:///A","uri":"f:///a"})"})
        check(each, {0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("result cache: only notifications invalidate") {
    result_cache cache(plenty);
    cache.keep(tools, 0, response(hinted("1000")), start);
    for (const auto* text : {R"({"id":1,"method":"notifications/tools/list_changed"})", "", "{", "[]",
                             R"({"method":"notifications/tools/list_changed","method":"x"})"})
        cache.invalidate(text, scan(text));
    CHECK(has(cache, tools));
    CHECK(cache.changes() == 0);
    // A change counts even when nothing was kept: an answer may be on its way.
    tell(cache, "prompts/list_changed", R"({"_meta":{}})");
    CHECK(cache.changes() == 1);
    cache.clear();
    CHECK(cache.changes() == 2);
    CHECK(cache.size() == 0);
    CHECK(cache.bytes() == 0);
    CHECK_FALSE(has(cache, tools));
    cache.keep(tools, 0, response(hinted("1000")), start);
    CHECK(has(cache, tools));
}

TEST_CASE("result cache: the entry that was used longest ago makes room") {
    result_cache one(plenty);
    one.keep(read_key("0"), 0, response(hinted("1000")), start);
    result_cache cache(3 * one.bytes());
    for (const auto* uri : {"1", "2", "3"})
        cache.keep(read_key(uri), 0, response(hinted("1000")), start);
    CHECK(cache.size() == 3);
    CHECK(cache.bytes() == 3 * one.bytes());
    CHECK(has(cache, read_key("1")));
    cache.keep(read_key("4"), 0, response(hinted("1000")), start);
    CHECK(cache.size() == 3);
    CHECK_FALSE(has(cache, read_key("2")));
    cache.keep(read_key("5"), 0, response(hinted("1000")), start);
    CHECK_FALSE(has(cache, read_key("3")));
    for (const auto* uri : {"1", "4", "5"})
        CHECK(has(cache, read_key(uri)));
    // A larger one takes the place of several.
    const auto large = R"({"x":")" + string(one.bytes(), 'x') + R"(","ttlMs":1,"cacheScope":"public"})";
    cache.keep(read_key("6"), 0, response(large), start);
    CHECK(cache.size() == 2);
    CHECK(has(cache, read_key("5")));
    CHECK(has(cache, read_key("6")));
    CHECK(cache.bytes() <= 3 * one.bytes());
}

TEST_CASE("result cache: what is too large is not kept") {
    result_cache none(0);
    none.keep(tools, 0, response(hinted("1000")), start);
    CHECK(none.size() == 0);
    result_cache cache(1000);
    cache.keep(tools, 0, response(hinted("1000")), start);
    cache.keep(read_key("a"), 0, response(hinted("1000")), start);
    const auto large = R"({"x":")" + string(1000, 'x') + R"(","ttlMs":1,"cacheScope":"public"})";
    cache.keep(read_key("b"), 0, response(large), start);
    CHECK(cache.size() == 2);
    // The older one is not true any more, all the same.
    cache.keep(tools, 0, response(large), start);
    CHECK(cache.size() == 1);
    CHECK_FALSE(has(cache, tools));
    CHECK(has(cache, read_key("a")));
}

TEST_CASE("result cache: random use keeps its bounds and answers with what was kept") {
    drawbridge::test::random_json random(79);
    constexpr std::size_t room = 4000;
    result_cache cache(room);
    std::map<std::tuple<string, std::size_t>, string> last; // private: by request and agent
    auto now = start;
    for (int i = 0; i < 20000; ++i) {
        const auto which = read_key(std::to_string(random.number(8)));
        const std::size_t agent = random.number(3);
        now += std::chrono::milliseconds(random.number(20));
        const auto action = random.number(10);
        if (action < 5) {
            auto& text = last[{which, agent}];
            text = R"({"n":)" + std::to_string(i) + R"(,"x":)" + random.value(3) +
                   R"(,"cacheScope":"private","ttlMs":100})";
            cache.keep(which, agent, response(text), now);
        } else if (action < 9) {
            const auto found = cache.find(which, agent, "1", now);
            if (found) {
                const auto wanted = answer(last[{which, agent}], "1");
                const auto end = found->rfind(':');
                CHECK(found->substr(0, end) == wanted.substr(0, wanted.rfind(':')));
                CHECK(std::stoi(found->substr(end + 1)) <= 100);
                CHECK_FALSE(drawbridge::jsonrpc::find_syntax_fault(*found));
            }
        } else if (random.number(50) == 0) {
            cache.clear();
        } else {
            tell(cache, "resources/updated", R"({"uri":")" + std::to_string(random.number(8)) + "\"}");
        }
        CHECK(cache.bytes() <= room);
        CHECK((cache.bytes() == 0) == (cache.size() == 0));
    }
}

TEST_CASE("result cache: damaged text harms nothing") {
    drawbridge::test::random_json random(83);
    const string asked = request("resources/read", R"({"_meta":{"x":1},"uri":"a:\u0062","n":[1,{}]})");
    const string answered = response(hinted("1000"));
    const string changed = R"({"method":"notifications/resources/updated","params":{"uri":"a:b","x":{}}})";
    const auto damage = [&](string text) {
        for (auto left = 1 + random.number(3); left > 0; --left) {
            const auto at = random.number(static_cast<std::uint32_t>(text.size()));
            if (random.coin())
                text[at] = "{}[]\",:\\ 1tn"[random.number(12)];
            else
                text.erase(at, 1 + random.number(4));
        }
        return text;
    };
    result_cache cache(plenty);
    for (int i = 0; i < 20000; ++i) {
        cache.keep(key(damage(asked)), 0, damage(answered), start);
        const auto text = damage(changed);
        cache.invalidate(text, scan(text));
        // Keys that key_of did not make.
        cache.keep(damage("resources/read 3:uri 4:\"a:b"), 0, answered, start);
    }
    CHECK(cache.bytes() <= plenty);
}
