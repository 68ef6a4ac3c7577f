#include "mcp/edit_object.hpp"

#include "jsonrpc/text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace drawbridge;
using mcp::object_editor;

namespace {

bool is_x(std::string_view key) {
    return jsonrpc::string_equals(key, "x");
}

struct edited {
    std::string text;
    bool empty;
};

// Drops every x, replaces each r by 7, filters each _meta, adds `added`.
edited edit(std::string_view text, std::string_view added = {}, std::string_view added_inside = {}) {
    std::vector<jsonrpc::edit> edits;
    object_editor editor(text, {0, text.size()}, edits);
    jsonrpc::member each;
    while (editor.next(each)) {
        const auto key = each.key.in(text);
        if (is_x(key)) editor.drop();
        if (jsonrpc::string_equals(key, "r")) editor.replace("7");
        if (jsonrpc::string_equals(key, "_meta") && !editor.filter(is_x, added_inside))
            return {"unreadable", false};
    }
    if (!editor.finish(added)) return {"unreadable", false};
    return {jsonrpc::splice(text, edits), editor.empty()};
}

} // namespace

TEST_CASE("edit_object: members go with one comma") {
    CHECK(edit(R"({})").text == "{}");
    CHECK(edit(R"({"a":1})").text == R"({"a":1})");
    CHECK(edit(R"({"x":1})").text == "{}");
    CHECK(edit(R"({ "x" : 1 })").text == "{  }");
    CHECK(edit(R"({"x":1,"x":2})").text == "{}");
    CHECK(edit(R"({"x":1,"a":2})").text == R"({"a":2})");
    CHECK(edit(R"({"x":1 , "x":1 , "a":2})").text == R"({"a":2})");
    CHECK(edit(R"({"a":2,"x":1})").text == R"({"a":2})");
    CHECK(edit(R"({"a":2 , "x":1 })").text == R"({"a":2 })");
    CHECK(edit(R"({"a":1,"x":{"x":[]},"x":"}","b":2})").text == R"({"a":1,"b":2})");
    CHECK(edit(R"({"x":1,"a":1,"x":1,"x":1,"b":2,"x":3})").text == R"({"a":1,"b":2})");
    CHECK(edit(R"({"\u0078":1,"a":1})").text == R"({"a":1})");
}

TEST_CASE("edit_object: members come with one comma") {
    CHECK(edit(R"({})", R"("n":1)").text == R"({"n":1})");
    CHECK(edit(R"({ })", R"("n":1)").text == R"({ "n":1})");
    CHECK(edit(R"({"x":1})", R"("n":1)").text == R"({"n":1})");
    CHECK(edit(R"({"a":1})", R"("n":1,"m":2)").text == R"({"a":1,"n":1,"m":2})");
    CHECK(edit(R"({"a":1,"x":1})", R"("n":1)").text == R"({"a":1,"n":1})");
    CHECK(edit(R"({"x":1,"a":1 })", R"("n":1)").text == R"({"a":1 ,"n":1})");
    CHECK(edit(R"({"r":1,"x":1,"r":2})", R"("n":1)").text == R"({"r":7,"r":7,"n":1})");
}

TEST_CASE("edit_object: what is left") {
    CHECK(edit("{}").empty);
    CHECK(edit(R"({"x":1})").empty);
    CHECK_FALSE(edit(R"({"x":1,"a":1})").empty);
    CHECK_FALSE(edit(R"({"x":1})", R"("n":1)").empty);
}

TEST_CASE("edit_object: a member's value") {
    CHECK(edit(R"({"_meta":{"x":1,"a":1},"b":1})").text == R"({"_meta":{"a":1},"b":1})");
    CHECK(edit(R"({"_meta":{"x":1},"b":1})").text == R"({"b":1})");
    CHECK(edit(R"({"a":1,"_meta":{"x":1}})").text == R"({"a":1})");
    CHECK(edit(R"({"_meta":{"x":1}})").empty);
    CHECK(edit(R"({"_meta":{}})").empty);
    CHECK(edit(R"({"_meta":null,"a":1})").text == R"({"a":1})");
    CHECK(edit(R"({"_meta":{"x":1},"b":1})", {}, R"("n":1)").text == R"({"_meta":{"n":1},"b":1})");
    CHECK(edit(R"({"x":0,"_meta":{"a":1,"x":1},"x":1})", R"("m":1)", R"("n":1)").text ==
          R"({"_meta":{"a":1,"n":1},"m":1})");
    CHECK(edit(R"({"_meta":5})", R"("m":1)", R"("n":1)").text == R"({"_meta":{"n":1},"m":1})");
    CHECK(edit(R"({"_meta":5,"x":1,"a":2})", R"("m":1)", R"("n":1)").text ==
          R"({"_meta":{"n":1},"a":2,"m":1})");
    CHECK(edit(R"({"x":1,"x":1,"_meta":[],"x":1})", {}, R"("n":1)").text == R"({"_meta":{"n":1}})");
}

TEST_CASE("edit_object: what can't be read") {
    for (const auto* text :
         {"", "[]", "null", "7", "\"{}\"", "{", R"({"a")", R"({"a":1)", R"({"a":1,})", R"({"a" 1})",
          R"({"a":1 "b":2})", R"({a:1})", R"({"_meta":{"a" 1}})", R"({"_meta":{"a":})"})
        CHECK(edit(text, R"("n":1)", R"("n":1)").text == "unreadable");
}

TEST_CASE("edit_object: without") {
    CHECK(mcp::without(R"({"x":1,"a":1})", is_x) == R"({"a":1})");
    CHECK(mcp::without(R"( {"a":1,"x":1} )", is_x) == R"( {"a":1} )");
    CHECK(mcp::without("", is_x) == "{}");
    CHECK(mcp::without("[1]", is_x) == "{}");
    CHECK(mcp::without(R"({"a":1)", is_x) == "{}");
}

TEST_CASE("edit_object: reserved keys") {
    for (const auto* key :
         {R"("io.modelcontextprotocol/")", R"("io.modelcontextprotocol/x")",
          R"("io\u002emodelcontextprotocol\/x")", R"("io.modelcontextprotocol/\u0061")", R"("\ud800")"})
        CHECK(mcp::is_reserved_key(key));
    for (const auto* key : {R"("")", R"("progressToken")", R"("traceparent")", R"("com.example/x")",
                            R"("io.modelcontextprotocol")", R"("\u0061")"})
        CHECK_FALSE(mcp::is_reserved_key(key));
}

TEST_CASE("edit_object: append_member") {
    std::string members;
    mcp::append_member(members, "a\"", "1");
    mcp::append_member(members, "b", "{}");
    CHECK(members == R"("a\"":1,"b":{})");
}
