#include "mcp/federated_list.hpp"

#include "../jsonrpc/random_json.hpp"
#include "jsonrpc/text.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace drawbridge::mcp;
using std::string;

namespace {

const tool_filter everything({"*"});

string page(std::string_view member, std::string_view items, std::string_view more = {}) {
    return R"({"jsonrpc":"2.0","id":1,"result":{")" + string(member) + R"(":)" + string(items) +
           string(more) + "}}";
}

string tools(std::string_view items) {
    return page("tools", items);
}

string merged_tools(std::string_view items) {
    list_merge merge(list_kind::tools);
    CHECK(merge.add("s", tools(items), everything));
    return merge.result();
}

string failure(std::string_view text) {
    list_merge merge(list_kind::tools);
    CHECK_FALSE(merge.add("s", text, everything));
    const auto result = boost::json::parse(merge.result()).as_object();
    CHECK(result.at("tools").as_array().empty());
    const auto& named = result.at("_meta").at(unavailable_key).as_array();
    REQUIRE(named.size() == 1);
    CHECK(named[0].at("server") == "s");
    return string(named[0].at("detail").as_string());
}

} // namespace

TEST_CASE("list_merge: kinds and methods") {
    for (const auto kind : {list_kind::tools, list_kind::prompts, list_kind::resources, list_kind::templates})
        CHECK(list_kind_of(list_method(kind)) == kind);
    CHECK(list_method(list_kind::templates) == "resources/templates/list");
    CHECK_FALSE(list_kind_of("tools/call"));
    CHECK_FALSE(list_kind_of(""));
}

TEST_CASE("list_merge: names become federated, the rest of an item stays byte for byte") {
    CHECK(
        merged_tools(
            R"([{"name":"a","x":1.50e+1,"inputSchema":{ "name" : "a" }} , { "title":"t", "name" : "b" }])") ==
        R"({"tools":[{"name":"s__a","x":1.50e+1,"inputSchema":{ "name" : "a" }},{ "title":"t", "name" : )"
        R"("s__b" }]})");
    CHECK(merged_tools(R"([{"n\u0061me":"get\u002dit\/"}])")
              .starts_with(R"({"tools":[{"n\u0061me":"s__get-it__0)"));
    CHECK(merged_tools(R"([{"name":"\u0061"}])") == R"({"tools":[{"name":"s__a"}]})");
    CHECK(merged_tools("[]") == R"({"tools":[]})");
    CHECK(merged_tools(" [ ] ") == R"({"tools":[]})");
}

TEST_CASE("list_merge: resources and templates have URIs") {
    list_merge resources(list_kind::resources);
    CHECK(resources.add(
        "s", page("resources", R"([{"uri":"file:\/\/\/a\u002db","name":"n","x":{"uri":"file:///a"}}])"),
        everything));
    CHECK(resources.result() == R"({"resources":[{"uri":"drawbridge://s/file:\/\/\/a\u002db","name":"s__n",)"
                                R"("x":{"uri":"file:///a"}}]})");
    list_merge templates(list_kind::templates);
    CHECK(templates.add("s.t",
                        page("resourceTemplates", R"([{"name":"n","uriTemplate":"t://{+x}","uri":"u:v"}])"),
                        everything));
    CHECK(templates.result() == R"({"resourceTemplates":[{"name":")" + federated_name("s.t", "n") +
                                    R"(","uriTemplate":"drawbridge://s.t/t://{+x}","uri":"u:v"}]})");
    list_merge prompts(list_kind::prompts);
    CHECK(prompts.add("s", page("prompts", R"([{"name":"p","uri":"u:v"}])"), everything));
    CHECK(prompts.result() == R"({"prompts":[{"name":"s__p","uri":"u:v"}]})");
}

TEST_CASE("list_merge: items without exactly one readable name and URI are left out") {
    CHECK(merged_tools(R"([{"name":"a"},{},17,"a",null,["a"],{"name":1},{"name":"b","name":"c"},)"
                       R"({"name":"d","n\u0061me":"d"},{"name":null},{"Name":"e"}])") ==
          R"({"tools":[{"name":"s__a"}]})");
    list_merge merge(list_kind::resources);
    CHECK(merge.add("s",
                    page("resources",
                         R"([{"uri":"x:1"},{"name":"n"},{"uri":1,"name":"n"},{"uri":"x:2","name":"n"},)"
                         R"({"uri":"x:3","uri":"x:4","name":"n"},{"ur\u0069":"x:3","uri":"x:4","name":"n"},)"
                         R"({"uri":"x:5","name":"n","name":"n"},{"uri":"x:6","name":"n"}])"),
                    everything));
    CHECK(merge.result() == R"({"resources":[{"uri":"drawbridge://s/x:2","name":"s__n"},)"
                            R"({"uri":"drawbridge://s/x:6","name":"s__n"}]})");
}

TEST_CASE("list_merge: a name that a server lists again is left out, on any page") {
    list_merge merge(list_kind::tools);
    CHECK(merge.add("s", tools(R"([{"name":"a","x":1},{"name":"b"},{"name":"\u0061","x":2}])"), everything));
    CHECK(merge.add("s", tools(R"([{"name":"b","x":3},{"name":"c"}])"), everything));
    CHECK(merge.add("t", tools(R"([{"name":"a"}])"), everything));
    CHECK(merge.result() ==
          R"({"tools":[{"name":"s__a","x":1},{"name":"s__b"},{"name":"s__c"},{"name":"t__a"}]})");
}

TEST_CASE("list_merge: the filter speaks of the server's own names, and of tools alone") {
    const tool_filter only({"a", "x y"});
    list_merge merge(list_kind::tools);
    CHECK(merge.add("s", tools(R"([{"name":"a"},{"name":"s__a"},{"name":"x y"},{"name":"b"}])"), only));
    CHECK(merge.result() ==
          R"({"tools":[{"name":"s__a"},{"name":")" + federated_name("s", "x y") + R"("}]})");
    list_merge none(list_kind::tools);
    CHECK(none.add("s", tools(R"([{"name":"a"}])"), tool_filter({})));
    CHECK(none.result() == R"({"tools":[]})");
    list_merge prompts(list_kind::prompts);
    CHECK(prompts.add("s", page("prompts", R"([{"name":"b"}])"), tool_filter({})));
    CHECK(prompts.result() == R"({"prompts":[{"name":"s__b"}]})");
}

TEST_CASE("list_merge: names that cannot be read back are learned, hidden ones as well") {
    name_table table;
    list_merge merge(list_kind::tools, &table);
    CHECK(merge.add("s", tools(R"([{"name":"a/b"},{"name":"c\u002fd"},{"name":"plain"}])"),
                    tool_filter({"a/b"})));
    CHECK(table.find("s", federated_name("s", "a/b")) == "a/b");
    CHECK(table.find("s", federated_name("s", "c/d")) == "c/d");
    CHECK(table.find("s", "s__plain") == std::nullopt);
    list_merge resources(list_kind::resources, &table);
    CHECK(resources.add("r", page("resources", R"([{"uri":"x:1","name":"a b"}])"), everything));
    CHECK(table.find("r", federated_name("r", "a b")) == std::nullopt);
}

TEST_CASE("list_merge: the order is by server, whoever answers first") {
    const string first = tools(R"([{"name":"1"}])");
    const string second = tools(R"([{"name":"2"}])");
    list_merge one(list_kind::tools);
    one.failed("x", "gone");
    CHECK(one.add("b", first, everything));
    CHECK(one.add("c", tools("[]"), everything));
    CHECK(one.add("a", first, everything));
    CHECK(one.add("b", second, everything));
    list_merge other(list_kind::tools);
    CHECK(other.add("a", first, everything));
    CHECK(other.add("b", first, everything));
    CHECK(other.add("b", second, everything));
    other.failed("x", "gone");
    CHECK(one.result() == other.result());
    CHECK(one.result() == R"({"tools":[{"name":"a__1"},{"name":"b__1"},{"name":"b__2"}],)"
                          R"("_meta":{"drawbridge/unavailableServers":[{"server":"x","detail":"gone"}]}})");
}

TEST_CASE("list_merge: servers that failed are named once, with what they listed before") {
    list_merge merge(list_kind::tools);
    CHECK(merge.add("s", tools(R"([{"name":"a"}])"), everything));
    CHECK_FALSE(merge.add("s", "{", everything));
    merge.failed("s", "later");
    merge.failed("b", "it \"ended\"\n\xff");
    CHECK(merge.result() == R"({"tools":[{"name":"s__a"}],"_meta":{"drawbridge/unavailableServers":[)"
                            R"({"server":"b","detail":"it \"ended\"\n�"},)"
                            R"({"server":"s","detail":"its answer to tools/list is not valid JSON"}]}})");
}

TEST_CASE("list_merge: an answer that is not valid to the last byte spoils nothing but itself") {
    const string good = tools(R"([{"name":"a"}])");
    for (std::size_t size = 0; size < good.size(); ++size) {
        list_merge merge(list_kind::tools);
        CHECK_FALSE(merge.add("s", good.substr(0, size), everything));
    }
    for (const string items :
         {R"([{"name":"a","x":tru}])", R"([{"name":"a","x":01}])", R"([{"name":"a"},])",
          R"([{"name":"a"} {}])", "[{\"name\":\"a\",\"x\":\"\xff\"}]", "[{\"name\":\"a\",\"x\":\"\n\"}]",
          R"([{"name":"a","x":"\q"}])", R"([{"name":"\ud800"}])", R"([{"name":"a"]})", R"([{"name" "a"}])"}) {
        CAPTURE(items);
        CHECK(failure(tools(items)) == "its answer to tools/list is not valid JSON");
    }
    CHECK(failure(tools(string(300, '[') + string(300, ']'))) ==
          "its answer to tools/list is not valid JSON");
}

TEST_CASE("list_merge: answers without a list") {
    const string unreadable = R"(its answer to tools/list has no readable list "tools")";
    for (const string value : {"{}", "null", R"("a")", "1", R"({"name":"a"})"})
        CHECK(failure(tools(value)) == unreadable);
    CHECK(failure(R"({"jsonrpc":"2.0","id":1,"result":{}})") == unreadable);
    CHECK(failure(R"({"jsonrpc":"2.0","id":1,"result":[]})") == unreadable);
    CHECK(failure(page("prompts", "[]")) == unreadable);
    CHECK(failure(page("tools", "[]", R"(,"t\u006fols":[])")) == unreadable);
    CHECK(failure("[]") == "its answer to tools/list is no valid response");
    CHECK(failure(R"({"method":"x"})") == "its answer to tools/list is no valid response");
    CHECK(failure(R"({"id":1,"result":{"tools":[]},"result":{"tools":[]}})") ==
          "its answer to tools/list is no valid response");
}

TEST_CASE("list_merge: errors") {
    const string code = R"({"jsonrpc":"2.0","id":1,"error":{"code":)";
    CHECK(failure(code + R"(-32000,"message":"no disk"}})") ==
          "it answered tools/list with an error: no disk");
    CHECK(failure(code + R"(-32000,"message":""}})") == "it answered tools/list with an error");
    CHECK(failure(code + R"(-32000}})") == "it answered tools/list with an error");
    CHECK(failure(code + R"(-32000,"message":7}})") == "it answered tools/list with an error");
    CHECK(failure(R"({"id":1,"error":null})") == "it answered tools/list with an error");
    CHECK(failure(code + R"(-32601,"code":-32601,"message":"x"}})").starts_with("it answered"));
    CHECK(failure(code + R"(-32601},"result":{"tools":[]}})").starts_with("it answered"));
    string long_text;
    for (int i = 0; i < 300; ++i)
        long_text += "é";
    const auto told = failure(code + R"(1,"message":"x)" + long_text + "\"}}");
    CHECK(told.size() < 250);
    CHECK(told.ends_with("é"));
    // The server does not have this kind of thing.
    list_merge merge(list_kind::tools);
    CHECK(merge.add("s", code + R"(-32601,"message":"Method not found"}})", everything));
    CHECK(merge.result() == R"({"tools":[]})");
}

TEST_CASE("next_cursor: the token as it is spelled") {
    CHECK(next_cursor(page("tools", "[]", R"(, "nextCursor" : "a\u0062\n")")) == R"("a\u0062\n")");
    CHECK(next_cursor(page("tools", "[]", R"(,"next\u0043ursor":"x")")) == R"("x")");
    for (const string more :
         {R"(,"nextCursor":"")", R"(,"nextCursor":null)", R"(,"nextCursor":1)", "",
          R"(,"nextCursor":"a","nextCursor":"b")", R"(,"nextCursor":"\q")", R"(,"x":{"nextCursor":"a"})"})
        CHECK(next_cursor(page("tools", "[]", more)) == "");
    for (const string text : {"", "{", "[]", "null", R"({"method":"x"})", R"({"id":1,"result":7})",
                              R"({"id":1,"error":{"nextCursor":"a"}})"})
        CHECK(next_cursor(text) == "");
}

TEST_CASE("list_merge: random lists give what a merge on the DOM gives") {
    drawbridge::test::random_json random(47);
    const std::vector<string> names = {"a", "b/c", "d e", "ü", string(70, 'l')};
    for (int round = 0; round < 1000; ++round) {
        list_merge merge(list_kind::tools);
        boost::json::array wanted;
        for (const string server : {"one", "three.3", "two"}) {
            string items = "[" + random.blank();
            std::vector<string> left = names;
            std::shuffle(left.begin(), left.end(), random.engine());
            left.resize(random.number(5));
            for (const auto& name : left) {
                if (items.find('{') != string::npos) items += random.blank() + "," + random.blank();
                const auto text =
                    random.object(3, {"\"name\":" + random.blank() + drawbridge::jsonrpc::quote(name)});
                items += text;
                auto item = boost::json::parse(text).as_object();
                item["name"] = federated_name(server, name);
                wanted.push_back(std::move(item));
            }
            REQUIRE(merge.add(server, tools(items + random.blank() + "]"), everything));
        }
        const auto result = merge.result();
        CAPTURE(result);
        boost::json::error_code ec;
        const auto read = boost::json::parse(result, ec);
        REQUIRE_FALSE(ec);
        CHECK(read.at("tools").as_array() == wanted);
    }
}

TEST_CASE("list_merge: damaged answers neither throw nor make a damaged list") {
    drawbridge::test::random_json random(53);
    const string good =
        page("resources", R"([{"uri":"file:///a","name":"n\u0061\"","x":[1,{"y":null}]},{"name":"b"}])",
             R"(,"nextCursor":"c")");
    for (int round = 0; round < 5000; ++round) {
        string text = good;
        for (std::uint32_t left = 1 + random.number(3); left > 0; --left) {
            const auto at = random.number(static_cast<std::uint32_t>(text.size()));
            if (random.coin())
                text.erase(at, 1 + random.number(4));
            else
                text[at] = "\"\\{}[],:x0\xff\n"[random.number(12)];
            if (text.empty()) text = "{";
        }
        list_merge merge(list_kind::resources);
        merge.add("s", text, everything);
        next_cursor(text);
        boost::json::error_code ec;
        CAPTURE(text);
        CHECK(boost::json::parse(merge.result(), ec).is_object());
        CHECK_FALSE(ec);
    }
}
