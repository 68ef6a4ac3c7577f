#include "mcp/header_schema.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge::mcp;
using type = header_parameter::type;

namespace {

header_schema read(const std::string& schema) {
    return read_header_schema(schema, {0, schema.size()});
}

// One parameter "p" with these members.
std::string with(const std::string& members) {
    return R"({"type":"object","properties":{"p":{)" + members + "}}}";
}

void check_refused(const std::string& schema, std::string_view why) {
    CAPTURE(schema);
    const auto out = read(schema);
    CHECK(out.parameters.empty());
    CHECK(out.fault.find(why) != std::string::npos);
    if (out.fault.find(why) == std::string::npos) MESSAGE(out.fault);
}

void check_none(const std::string& schema) {
    CAPTURE(schema);
    const auto out = read(schema);
    CHECK(out.parameters.empty());
    CHECK(out.fault == "");
}

// The annotation inside `around`, at "@".
std::string place(std::string around) {
    const std::string annotated = R"({"type":"string","x-mcp-header":"A"})";
    return around.replace(around.find('@'), 1, annotated);
}

std::string repeat(std::string_view text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
        out += text;
    return out;
}

} // namespace

TEST_CASE("header_schema: parameters and their types") {
    const auto out =
        read(R"({"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},
        "n":{"x-mcp-header":"N-1","type":"integer"},"b":{"type":"boolean","x-mcp-header":"B"},
        "plain":{"type":"number"}}})");
    CHECK(out.fault == "");
    REQUIRE(out.parameters.size() == 3);
    CHECK(out.parameters[0].header == "Region");
    CHECK(out.parameters[0].path == std::vector<std::string>{"region"});
    CHECK(out.parameters[0].what == type::string);
    CHECK(out.parameters[1].header == "N-1");
    CHECK(out.parameters[1].what == type::integer);
    CHECK(out.parameters[2].what == type::boolean);
}

TEST_CASE("header_schema: at any depth that properties lead to, however it is spelled") {
    const auto out =
        read(place(R"({"prop\u0065rties":{"a":{"properties":{"\u0062":{"properties":{"c":@}}}}}})"));
    CHECK(out.fault == "");
    REQUIRE(out.parameters.size() == 1);
    CHECK(out.parameters[0].path == std::vector<std::string>{"a", "b", "c"});
    const auto escaped = read(with(R"("typ\u0065":"\u0073tring","x\u002dmcp-header":"\u0041")"));
    REQUIRE(escaped.parameters.size() == 1);
    CHECK(escaped.parameters[0].header == "A");
    CHECK(may_have_headers(R"({"x\u002dmcp-header":"A"})"));
    CHECK(may_have_headers(R"({"x-mcp-header":"A"})"));
    CHECK_FALSE(may_have_headers(R"({"x-other":"\n"})"));
}

TEST_CASE("header_schema: names of headers") {
    for (const std::string name : {"Region", "a", "x.y", "!#$%&'*+-.^_`|~09"}) {
        CAPTURE(name);
        CHECK(read(with(R"("type":"string","x-mcp-header":")" + name + '"')).parameters.size() == 1);
    }
    check_refused(with(R"("type":"string","x-mcp-header":"")"), "is empty");
    for (const std::string name : {"My Region", "Region:Primary", "R\xC3\xA9gion", "Region\\t1", "a\\r\\nb",
                                   "a\\u0000", "a/b", "\\\"a\\\"", "(a)", "a,b", "a=b", "@", " a", "a "}) {
        check_refused(with(R"("type":"string","x-mcp-header":")" + name + '"'),
                      "is no name of an HTTP header");
    }
    check_refused(with("\"type\":\"string\",\"x-mcp-header\":\"Region\t1\""), "is no string");
    for (const std::string value : {"1", "null", "true", "{}", "[\"A\"]"})
        check_refused(with(R"("type":"string","x-mcp-header":)" + value), "is no string");
}

TEST_CASE("header_schema: types") {
    for (const std::string value : {R"("number")", R"("object")", R"("array")", R"("null")", R"("String")",
                                    R"(["string"])", R"(["string","null"])", "1", "null"}) {
        check_refused(with(R"("x-mcp-header":"A","type":)" + value), "stands at a type other than");
    }
    check_refused(with(R"("x-mcp-header":"A")"), "stands at a type other than");
    check_refused(with(R"("x-mcp-header":"A","anyOf":[{"type":"string"}])"), "stands at a type other than");
}

TEST_CASE("header_schema: names are unique, whatever the case") {
    const std::string two =
        R"({"properties":{"a":{"type":"string","x-mcp-header":"MyField"},"o":{"properties":
        {"b":{"type":"string","x-mcp-header":"@"}}}}})";
    for (const std::string name : {"MyField", "myfield", "MYFIELD"}) {
        auto schema = two;
        check_refused(schema.replace(schema.find('@'), 1, name), "stands at several parameters");
    }
    auto schema = two;
    CHECK(read(schema.replace(schema.find('@'), 1, "MyField2")).parameters.size() == 2);
}

TEST_CASE("header_schema: where properties alone do not lead") {
    for (const std::string around :
         {R"(@)", R"({"properties":{"a":{"type":"array","items":@}}})", R"({"items":[@]})",
          R"({"anyOf":[{"properties":{"a":@}}]})", R"({"allOf":[@]})", R"({"oneOf":[[@]]})",
          R"({"$defs":{"a":@}})", R"({"definitions":{"properties":{"properties":{"a":@}}}})",
          R"({"additionalProperties":@})", R"({"patternProperties":{"^a":@}})",
          R"({"if":{"properties":{"a":@}}})", R"({"not":@})", R"({"prefixItems":[1,@]})",
          R"({"dependentSchemas":{"x":{"properties":{"a":@}}}})", R"({"x-else":{"deep":[[{"y":@}]]}})",
          R"({"properties":[@]})", R"({"properties":{"a":[@]}})", R"({"patternProperties":[@]})"}) {
        check_refused(place(around), R"(stands where "properties" alone do not lead)");
    }
}

TEST_CASE("header_schema: what only looks like an annotation") {
    check_none(R"({"properties":{"x-mcp-header":{"type":"string"}}})");
    check_none(R"({"$defs":{"x-mcp-header":{"type":"string"}}})");
    check_none(R"({"properties":{"a":{"default":{"x-mcp-header":1}}}})");
    check_none(R"({"properties":{"a":{"const":{"x-mcp-header":1},"enum":[{"x-mcp-header":1}]}}})");
    check_none(R"({"examples":[{"x-mcp-header":1}],"example":{"x-mcp-header":1}})");
    check_none(R"({"description":"\"x-mcp-header\":1"})");
    check_none("{}");
    check_none("true");
    check_none("null");
    check_none("[]");
    CHECK(read_header_schema("", {}).fault == "");
    // A parameter of that name can have an annotation, too.
    const auto named =
        read(place(R"({"properties":{"x-mcp-header":@,"type":{"type":"string"},"properties":{}}})"));
    CHECK(named.fault == "");
    CHECK(named.parameters.size() == 1);
}

TEST_CASE("header_schema: members that stand twice") {
    const std::string twice = "that stands twice";
    check_refused(with(R"("type":"string","x-mcp-header":"A","x-mcp-header":"B")"), twice);
    check_refused(with(R"("type":"string","x-mcp-header":"A","typ\u0065":"string")"), twice);
    check_refused(place(R"({"properties":{"a":@},"properties":{}})"), twice);
    check_refused(place(R"({"properties":{"a":@,"\u0061":{"type":"string"}}})"), twice);
    check_none(R"({"properties":{},"properties":{},"type":"object","type":"object"})");
}

TEST_CASE("header_schema: limits") {
    const auto nested = [](std::size_t names, const std::string& name) {
        const std::string open = R"({"properties":{")" + name + R"(":)";
        return repeat(open, names) + R"({"type":"string","x-mcp-header":"A"})" + repeat("}}", names);
    };
    CHECK(read(nested(16, "a")).parameters.size() == 1);
    check_refused(nested(17, "a"), "nested too deeply or has too long a name");
    CHECK(read(nested(1, std::string(511, 'a'))).parameters.size() == 1);
    check_refused(nested(1, std::string(512, 'a')), "nested too deeply or has too long a name");
    check_refused(nested(100'000, "a"), "nested too deeply");
    check_refused(R"({"x":)" + repeat("[", 100'000) + repeat("]", 100'000) + "}", "nested too deeply");
    check_refused(repeat(R"({"x":)", 100'000) + "1" + repeat("}", 100'000), "nested too deeply");
    const auto many = [](int count) {
        std::string out = R"({"properties":{"z":{})";
        for (int i = 0; i < count; ++i) {
            const auto name = "a" + std::to_string(i);
            out += ",\"" + name + R"(":{"type":"string","x-mcp-header":")" + name + "\"}";
        }
        return out + "}}";
    };
    CHECK(read(many(64)).parameters.size() == 64);
    check_refused(many(65), "more than 64 parameters");
    const auto long_name = read(with(R"("type":"string","x-mcp-header":" )" + std::string(5000, 'a') + '"'));
    CHECK(long_name.fault.size() < 200);
}

TEST_CASE("header_schema: text that is no JSON is refused, not followed") {
    for (const std::string schema :
         {R"({"x-mcp-header" 1})", R"({"a":})", R"({"properties":{"a":}})", R"({"a":[1 2]})", R"({"a":[1,]})",
          R"({"a":[)", R"({)", R"({"properties":{)", R"({"type":)", R"({"a":[,]})",
          R"({"properties":{"\x":{}}})"}) {
        check_refused(schema, "cannot be read");
    }
    const auto whole = place(R"({"a":[1,{"b":[]}],"properties":{"a":@,"b":{"items":[{}]}},"default":[1]})");
    REQUIRE(read(whole).parameters.size() == 1);
    for (std::size_t length = 1; length < whole.size(); ++length)
        CHECK(read(whole.substr(0, length)).fault != "");
}
