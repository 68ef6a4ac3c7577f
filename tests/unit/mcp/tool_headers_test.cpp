#include "mcp/tool_headers.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge::mcp;
using type = header_parameter::type;

namespace {

std::string list(std::string_view tools) {
    return R"({"jsonrpc":"2.0","id":1,"result":{"x":0.10,"tools":)" + std::string(tools) +
           R"(,"nextCursor":"n"}})";
}

std::string tool(const std::string& name, const std::string& header) {
    return R"({"name":")" + name + R"(","inputSchema":{"properties":{"p":{"type":"string","x-mcp-header":")" +
           header + R"("}}}})";
}

const std::vector<header_parameter> known = {{"Region", {"region"}, type::string},
                                             {"Count", {"count"}, type::integer},
                                             {"On", {"on"}, type::boolean},
                                             {"Deep", {"a", "b"}, type::string}};

std::string describe(const parameter_fields& fields) {
    std::string out;
    for (const auto& [name, value] : fields)
        out += (out.empty() ? "" : "; ") + name + ": " + value;
    return out;
}

std::string made(std::string_view arguments) {
    return describe(make_parameter_fields(known, arguments, {0, arguments.size()}));
}

std::optional<std::string> compared(const parameter_fields& given, std::string_view arguments) {
    return compare_parameter_fields(known, given, arguments, {0, arguments.size()});
}

void fits(const parameter_fields& given, std::string_view arguments) {
    CAPTURE(describe(given));
    CAPTURE(arguments);
    CHECK(compared(given, arguments).value_or("") == "");
}

void differs(const parameter_fields& given, std::string_view arguments, std::string_view why) {
    CAPTURE(describe(given));
    CAPTURE(arguments);
    const auto said = compared(given, arguments).value_or("nothing");
    CAPTURE(said);
    CHECK(said.find(why) != std::string::npos);
}

} // namespace

TEST_CASE("tool_headers: lists are learned") {
    tool_catalog catalog;
    CHECK(catalog.empty());
    CHECK(catalog.find("a") == nullptr);
    const auto text =
        list("[ " + tool("a", "A") + R"( , {"name":"\u0062","inputSchema":{"type":"object"}},{"name":"c"}])");
    const auto page = catalog.learn(text, true);
    CHECK(page.response == text);
    CHECK(page.dropped.empty());
    REQUIRE(catalog.find("a") != nullptr);
    REQUIRE(catalog.find("a")->size() == 1);
    CHECK(catalog.find("a")->front().header == "A");
    REQUIRE(catalog.find("b") != nullptr);
    CHECK(catalog.find("b")->empty());
    REQUIRE(catalog.find("c") != nullptr);
    CHECK(catalog.find("d") == nullptr);
    CHECK_FALSE(catalog.empty());
    catalog.forget();
    CHECK(catalog.empty());
}

TEST_CASE("tool_headers: pages add up, a first page begins anew") {
    tool_catalog catalog;
    catalog.learn(list("[" + tool("a", "A") + "]"), true);
    catalog.learn(list("[" + tool("b", "B") + "]"), false);
    CHECK(catalog.find("a") != nullptr);
    CHECK(catalog.find("b") != nullptr);
    catalog.learn(list("[" + tool("a", "C") + "]"), false);
    CHECK(catalog.find("a")->front().header == "C");
    catalog.learn(list("[" + tool("a", "not valid") + "]"), false);
    CHECK(catalog.find("a") == nullptr);
    catalog.learn(list("[]"), true);
    CHECK(catalog.empty());
}

TEST_CASE("tool_headers: tools with invalid annotations go, the rest stays byte for byte") {
    const auto good = [](const std::string& name) { return tool(name, "R"); };
    const auto bad = [](const std::string& name) { return tool(name, "a b"); };
    const auto check = [](const std::string& tools, const std::string& wanted, std::size_t dropped) {
        CAPTURE(tools);
        tool_catalog catalog;
        const auto page = catalog.learn(list(tools), true);
        CHECK(page.response == list(wanted));
        CHECK(page.dropped.size() == dropped);
    };
    check("[" + bad("x") + "]", "[]", 1);
    check("[ " + bad("x") + " , " + good("a") + " ]", "[ " + good("a") + " ]", 1);
    check("[" + good("a") + " , " + bad("x") + "\n]", "[" + good("a") + "\n]", 1);
    check("[" + bad("x") + "," + bad("y") + "," + good("a") + "," + bad("z") + "," + good("b") + "]",
          "[" + good("a") + "," + good("b") + "]", 3);
    tool_catalog catalog;
    const auto page = catalog.learn(list("[" + good("a") + "," + bad("x\\n") + "]"), true);
    REQUIRE(page.dropped.size() == 1);
    CHECK(page.dropped[0] == "x\n: x-mcp-header \"a b\" is no name of an HTTP header");
    CHECK(catalog.find("x\n") == nullptr);
    CHECK(catalog.find("a") != nullptr);
}

TEST_CASE("tool_headers: tools that cannot be read") {
    const auto check = [](const std::string& element, std::string_view dropped) {
        CAPTURE(element);
        tool_catalog catalog;
        const auto text = list("[" + element + "]");
        const auto page = catalog.learn(text, true);
        CHECK(catalog.empty());
        if (dropped.empty()) {
            CHECK(page.response == text);
            CHECK(page.dropped.empty());
        } else {
            CHECK(page.response == list("[]"));
            REQUIRE(page.dropped.size() == 1);
            CHECK(page.dropped[0].find(dropped) == 0);
        }
    };
    // Without annotations they are not this module's business.
    check("1", "");
    check("\"x-mcp-header\"", "");
    check("{}", "");
    check(R"({"name":1})", "");
    check(R"({"name":"a","name":"b"})", "");
    const std::string schema = R"("inputSchema":{"properties":{"p":{"type":"string","x-mcp-header":"A"}}})";
    check(R"({"name":"a","name":"b",)" + schema + "}",
          "a tool without a readable name: it has x-mcp-header and");
    check(R"({"name":"a",)" + schema + R"(,"inputSchema":{}})", "a tool without a readable name: it has");
    check(R"({"inputSchema":{"x-mcp-header":"A"}})",
          "a tool without a readable name: x-mcp-header \"A\" stands");
    check(R"({"name":"a","inputSchema":{"x-mcp-header":"A"}})", "a: x-mcp-header \"A\" stands where");
}

TEST_CASE("tool_headers: annotations outside the inputSchema mean nothing") {
    tool_catalog catalog;
    const auto text =
        list(R"([{"name":"a","outputSchema":{"x-mcp-header":""},"_meta":{"x-mcp-header":""}}])");
    CHECK(catalog.learn(text, true).response == text);
    REQUIRE(catalog.find("a") != nullptr);
    CHECK(catalog.find("a")->empty());
}

TEST_CASE("tool_headers: what is no list comes back as it is and is not learned from") {
    const std::string error = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"x"}})";
    for (const std::string& text :
         {error, std::string(R"({"jsonrpc":"2.0","id":1,"result":{}})"), list("{}"), list("null"),
          list("[1 2]"), list("[1,]"), std::string(R"({"jsonrpc":"2.0","id":1,"result":[]})"),
          std::string("[]"), std::string(), std::string("{"),
          std::string(R"({"method":"x","params":{"tools":[]}})"),
          std::string(R"({"id":1,"result":{"tools":[] 1}})")}) {
        CAPTURE(text);
        tool_catalog catalog;
        catalog.learn(list("[" + tool("a", "A") + "]"), true);
        const auto page = catalog.learn(text, true);
        CHECK(page.response == text);
        CHECK(page.dropped.empty());
        CHECK(catalog.find("a") != nullptr);
    }
}

TEST_CASE("tool_headers: every list of a result that has several") {
    tool_catalog catalog;
    const auto page = catalog.learn(R"({"id":1,"result":{"tools":[)" + tool("a", "") + R"(],"t\u006fols":[)" +
                                        tool("b", "") + "]}}",
                                    true);
    CHECK(page.response == R"({"id":1,"result":{"tools":[],"t\u006fols":[]}})");
    CHECK(page.dropped.size() == 2);
}

TEST_CASE("tool_headers: a response that is cut off anywhere") {
    const auto whole = list("[" + tool("a", "A") + "," + tool("b", " ") + "]");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        tool_catalog catalog;
        CHECK(catalog.learn(whole.substr(0, length), true).response == whole.substr(0, length));
        CHECK(catalog.empty());
    }
}

TEST_CASE("tool_headers: headers are made of arguments") {
    CHECK(made(R"({"region":"us-west1","count":42,"on":true,"a":{"b":"c"}})") ==
          "Region: us-west1; Count: 42; On: true; Deep: c");
    CHECK(made(R"({ "on" : false , "other":"x" })") == "On: false");
    CHECK(made(R"({"region":"Hello, \u4e16\u754c"})") == "Region: =?base64?SGVsbG8sIOS4lueVjA==?=");
    CHECK(made(R"({"region":"a\nb"})") == "Region: =?base64?YQpi?=");
    CHECK(made(R"({"region":""})") == "Region: ");
    CHECK(made(R"({"region":null,"count":null,"a":null})") == "");
    CHECK(made(R"({"a":{"b":null}})") == "");
    CHECK(made(R"({"a":["b"]})") == "");
    CHECK(made(R"({"a":"b"})") == "");
    CHECK(made("{}") == "");
    CHECK(made("[]") == "");
    CHECK(made("null") == "");
    CHECK(describe(make_parameter_fields(known, "", {})) == "");
    CHECK(made(R"({"region":["x"],"count":{}})") == "");
    CHECK(made(R"({"region":5,"count":"5"})") == "Region: 5; Count: 5");
    CHECK(made(R"({"region":"a","region":"b","on":true})") == "On: true");
}

TEST_CASE("tool_headers: integers are spelled in decimal") {
    const auto check = [](const std::string& token, const std::string& wanted) {
        CAPTURE(token);
        CHECK(made(R"({"count":)" + token + "}") == "Count: " + wanted);
        fits({{"Count", wanted}}, R"({"count":)" + token + "}");
    };
    check("0", "0");
    check("-0", "0");
    check("0.000", "0");
    check("0e5", "0");
    check("-7", "-7");
    check("42.0", "42");
    check("4.2e1", "42");
    check("4200e-2", "42");
    check("-1E+3", "-1000");
    check("1000", "1000");
    check("9007199254740991", "9007199254740991");
    check("123456789012345678901234567890", "123456789012345678901234567890");
    check("1.5", "1.5");
    check("1e400", "1e400");
    check("1e99999999999", "1e99999999999");
}

TEST_CASE("tool_headers: headers and arguments that fit") {
    fits({}, "{}");
    fits({}, R"({"region":null,"a":{"b":null}})");
    fits({{"region", "x"}}, R"({"region":"x"})");
    fits({{"REGION", "x"}}, R"({"region":"\u0078"})");
    fits({{"Region", "=?base64?SGVsbG8=?="}}, R"({"region":"Hello"})");
    fits({{"Region", "SGVsbG8="}}, R"({"region":"SGVsbG8="})");
    fits({{"Region", "=?base64?SGVsbG8="}}, R"({"region":"=?base64?SGVsbG8="})");
    fits({{"Region", ""}}, R"({"region":""})");
    fits({{"On", "true"}, {"Deep", "x"}}, R"({"on":true,"a":{"b":"x"}})");
    fits({{"Unknown", "\xFF"}, {"Unknown", "x"}}, "{}"); // nobody's
    fits({{"Count", "42.0"}}, R"({"count":42})");
    fits({{"Count", "=?base64?NDI=?="}}, R"({"count":42})");
    fits({{"Count", "4.2e1"}}, R"({"count":42.00})");
    fits({{"Count", "-0"}}, R"({"count":0})");
    CHECK_FALSE(compare_parameter_fields(known, {}, "", {}));
}

TEST_CASE("tool_headers: headers and arguments that do not fit") {
    differs({}, R"({"region":"x"})",
            "the header Mcp-Param-Region is missing; it has to have the value of "
            "params.arguments.region");
    differs({}, R"({"region":""})", "is missing");
    differs({}, R"({"on":false})", "Mcp-Param-On is missing");
    differs({}, R"({"a":{"b":"x"}})", "the value of params.arguments.a.b");
    differs({{"Region", "y"}}, R"({"region":"x"})",
            "the header Mcp-Param-Region differs from params.arguments.region");
    differs({{"Region", "X"}}, R"({"region":"x"})", "differs");
    differs({{"Region", "x"}}, "{}", "params.arguments.region is not; leave the header out");
    differs({{"Region", "null"}}, R"({"region":null})", "leave the header out");
    differs({{"Region", "x"}, {"region", "x"}}, R"({"region":"x"})", "several times");
    differs({{"Region", "=?base64?SGVsbG8?="}}, R"({"region":"Hello"})", "cannot be read");
    differs({{"Region", "=?base64?SGVs!!!bG8=?="}}, R"({"region":"Hello"})", "cannot be read");
    differs({{"Region", "caf\xC3\xA9"}}, R"({"region":"caf\u00e9"})", "cannot be read");
    differs({{"Region", "a"}}, R"({"region":"a","region":"b"})", "stands twice");
    differs({{"Deep", "a"}}, R"({"a":{"b":"a"},"\u0061":{}})", "stands twice");
    differs({}, R"({"region":["x"]})", "is no string, number or boolean");
    differs({{"Region", "x"}}, R"({"region":{}})", "is no string, number or boolean");
    differs({{"Deep", "x"}}, R"({"a":"x"})", "leave the header out");
    differs({{"Region", "x"}}, "[]", "leave the header out");
    for (const std::string value : {"43", "", "042", "+42", "0x2A", "42 ", "42.", ".42", "4e", "forty-two",
                                    "-42", "42.5", "42e1", "4,2", "Infinity", "--42"}) {
        differs({{"Count", value}}, R"({"count":42})", "differs");
    }
    differs({{"Count", "9007199254740993"}}, R"({"count":9007199254740992})", "differs");
    differs({{"Count", "42.0"}}, R"({"count":"42"})", "differs");
    differs({{"On", "True"}}, R"({"on":true})", "differs");
    differs({{"On", "false"}}, R"({"on":true})", "differs");
}

TEST_CASE("tool_headers: values are not told, long paths are cut") {
    const auto said = compared({{"Region", "first-secret"}}, R"({"region":"second-secret"})");
    REQUIRE(said);
    CHECK(said->find("secret") == std::string::npos);
    const std::vector<header_parameter> long_one = {{"A", {std::string(500, 'a')}, type::string}};
    const std::string arguments = R"({")" + std::string(500, 'a') + R"(":"x"})";
    const auto cut = compare_parameter_fields(long_one, {}, arguments, {0, arguments.size()});
    REQUIRE(cut);
    CHECK(cut->size() < 250);
}
