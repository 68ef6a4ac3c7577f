#include "mcp/input_required.hpp"

#include "jsonrpc/validate.hpp"

#include <doctest/doctest.h>

using namespace drawbridge;
using namespace drawbridge::mcp;

namespace {

using answers = std::map<std::string, std::string>;

input_request ask(std::string key, std::string method, std::string params = {}) {
    input_request out;
    out.key = std::move(key);
    out.method = std::move(method);
    out.params = std::move(params);
    return out;
}

// What is lacking; empty: nothing.
std::string lacking(std::string_view capabilities, std::string_view method, std::string_view params = {}) {
    std::string missing;
    const bool able = can_be_asked(capabilities, method, params, missing);
    CHECK(able == missing.empty());
    return missing;
}

std::optional<needed_input> read(std::string_view text) {
    return read_input_required(text, jsonrpc::scan(text));
}

std::optional<needed_input> read_result(std::string_view members) {
    return read(R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required")" + std::string(members) +
                "}}");
}

std::string retry(std::string_view params, const answers& given, std::string_view state) {
    const auto begin = std::string(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":)");
    const auto text = begin + std::string(params) + " }";
    const auto out = retry_request(text, jsonrpc::scan(text), given, state);
    CHECK_FALSE(jsonrpc::find_syntax_fault(out));
    REQUIRE(out.starts_with(begin));
    REQUIRE(out.ends_with(" }"));
    return out.substr(begin.size(), out.size() - begin.size() - 2);
}

std::string answered(std::string_view text, std::string_view method) {
    return answer_as_result(text, jsonrpc::scan(text), method).value_or("-");
}

std::string asked_params(std::string_view method, std::string_view params) {
    const auto one = ask("k", std::string(method), std::string(params));
    const auto out = input_required_response("1", std::span(&one, 1), "s", "");
    CHECK_FALSE(jsonrpc::find_syntax_fault(out));
    const auto needed = read(out);
    REQUIRE(needed);
    return needed->requests.at(0).params;
}

constexpr std::string_view elicit = "elicitation/create";
constexpr std::string_view sample = "sampling/createMessage";
constexpr std::string_view roots = "roots/list";
constexpr std::string_view by_url = R"({"mode":"url"})";
constexpr std::string_view by_form = R"({"mode":"form"})";

} // namespace

TEST_CASE("input_required: the methods") {
    CHECK(is_input_method(elicit));
    CHECK(is_input_method(sample));
    CHECK(is_input_method(roots));
    for (const char* other : {"", "ping", "elicitation", "tasks/get", "Roots/list", "roots/list "})
        CHECK_FALSE(is_input_method(other));
}

TEST_CASE("input_required: who can be asked what") {
    struct {
        std::string_view capabilities, method, params, missing;
    } const table[] = {
        {"{}", roots, "", R"({"roots":{}})"},
        {R"({"roots":{}})", roots, "", ""},
        {R"({"roots":{"listChanged":true}})", roots, "{}", ""},
        {R"( { "r\u006fots" : {} } )", roots, "", ""},
        {R"({"roots":null})", roots, "", R"({"roots":{}})"},
        {R"({"roots":{},"roots":{}})", roots, "", R"({"roots":{}})"},
        {R"({"experimental":{"roots":{}}})", roots, "", R"({"roots":{}})"},
        {"", roots, "", R"({"roots":{}})"},
        {"[]", roots, "", R"({"roots":{}})"},
        {"{\"roots\":{}", roots, "", R"({"roots":{}})"},
        {"{}", sample, "{}", R"({"sampling":{}})"},
        {R"({"sampling":{}})", sample, R"({"messages":[]})", ""},
        {R"({"sampling":{}})", sample, "", ""},
        {R"({"sampling":{}})", sample, R"({"tools":[]})", R"({"sampling":{"tools":{}}})"},
        {R"({"sampling":{}})", sample, R"({"toolChoice":{}})", R"({"sampling":{"tools":{}}})"},
        {R"({"sampling":{}})", sample, R"({"tools":null})", ""},
        {R"({"sampling":{"tools":{}}})", sample, R"({"tools":[],"toolChoice":{}})", ""},
        {"{}", sample, R"({"tools":[]})", R"({"sampling":{"tools":{}}})"},
        {R"({"sampling":{}})", sample, "[]", R"({"sampling":{}})"},
        {R"({"sampling":true})", sample, "{}", R"({"sampling":{}})"},
        {"{}", elicit, "{}", R"({"elicitation":{}})"},
        {"{}", elicit, by_url, R"({"elicitation":{"url":{}}})"},
        {R"({"elicitation":{}})", elicit, "{}", ""},
        {R"({"elicitation":{}})", elicit, "", ""},
        {R"({"elicitation":{}})", elicit, by_form, ""},
        {R"({"elicitation":{}})", elicit, by_url, R"({"elicitation":{"url":{}}})"},
        {R"({"elicitation":{"form":{}}})", elicit, "{}", ""},
        {R"({"elicitation":{"form":{}}})", elicit, by_url, R"({"elicitation":{"url":{}}})"},
        {R"({"elicitation":{"url":{}}})", elicit, by_url, ""},
        {R"({"elicitation":{"url":{}}})", elicit, R"({"m\u006fde":"\u0075rl"})", ""},
        {R"({"elicitation":{"url":{}}})", elicit, by_form, R"({"elicitation":{"form":{}}})"},
        {R"({"elicitation":{"url":{}}})", elicit, "{}", R"({"elicitation":{"form":{}}})"},
        {R"({"elicitation":{"form":{},"url":{}}})", elicit, by_url, ""},
        {R"({"elicitation":{"form":{},"url":{}}})", elicit, by_form, ""},
        {R"({"elicitation":{"url":null}})", elicit, by_url, R"({"elicitation":{"url":{}}})"},
        {R"({"elicitation":{"url":null}})", elicit, "{}", ""},
        {R"({"elicitation":{}})", elicit, R"({"mode":"dance"})", R"({"elicitation":{}})"},
        {R"({"elicitation":{}})", elicit, R"({"mode":7})", R"({"elicitation":{}})"},
        {R"({"elicitation":{"url":{}}})", elicit, R"({"mode":"url","mode":"form"})", R"({"elicitation":{}})"},
        {R"({"elicitation":{}})", "tasks/get", "{}", "{}"},
    };
    for (const auto& each : table) {
        CAPTURE(each.capabilities);
        CAPTURE(each.method);
        CAPTURE(each.params);
        CHECK(lacking(each.capabilities, each.method, each.params) == each.missing);
    }
}

TEST_CASE("input_required: a legacy server's requests as a result") {
    const input_request wanted[] = {
        ask("input-1", "elicitation/create",
            R"({"message":"Who \"are\" you?","requestedSchema":{"type":"object"}})"),
        ask("a \"b\"", "sampling/createMessage", R"({"messages":[],"maxTokens":1e2})"),
        ask("input-3", "roots/list"),
    };
    CHECK(
        input_required_response("\"x\"", wanted, "a-_9", R"({"name":"s","version":"1"})") ==
        R"({"jsonrpc":"2.0","id":"x","result":{"resultType":"input_required","inputRequests":{)"
        R"("input-1":{"method":"elicitation/create","params":{"message":"Who \"are\" you?","requestedSchema":{"type":"object"}}},)"
        R"("a \"b\"":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1e2}},)"
        R"("input-3":{"method":"roots/list"}},"requestState":"a-_9",)"
        R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}})");
    CHECK(input_required_response("7", {}, "s", "") ==
          R"({"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required","requestState":"s"}})");
    CHECK(input_required_response("7", std::span(wanted).subspan(2), "", "") ==
          R"({"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required","inputRequests":)"
          R"({"input-3":{"method":"roots/list"}}}})");
}

TEST_CASE("input_required: the gateway's business in a legacy server's params stays here") {
    CHECK(asked_params(roots, R"({"_meta":{"progressToken":0}})") == "{}");
    CHECK(asked_params(roots, R"({})") == "{}");
    CHECK(asked_params(sample, R"({"_meta":{"progressToken":0},"maxTokens":1})") == R"({"maxTokens":1})");
    CHECK(asked_params(sample, R"({"maxTokens" : 1.0, "_meta":{"x/y":[ 1 ],"pr\u006fgressToken":"a"} })") ==
          R"({"maxTokens":1.0,"_meta":{"x/y":[ 1 ]}})");
    CHECK(asked_params(sample, R"({"_meta":null,"a":1})") == R"({"a":1})");
    CHECK(asked_params(elicit, R"({"mode":"url","elicitationId":"e","url":"https://a/","message":"m"})") ==
          R"({"mode":"url","url":"https://a/","message":"m"})");
    CHECK(asked_params(elicit, R"({"requestedSchema":{"properties":{"elicitationId":{"type":"string"}}}})") ==
          R"({"requestedSchema":{"properties":{"elicitationId":{"type":"string"}}}})");
    // None that can be read.
    for (const char* bad : {"[]", "7", "{", "{\"a\"}", "x"})
        CHECK(asked_params(roots, bad) == "");
}

TEST_CASE("input_required: a client's answers by key") {
    const input_request wanted[] = {ask("input-1", "elicitation/create"), ask("k\"", "roots/list")};
    struct {
        std::string_view responses;
        answers out;
    } const table[] = {
        {R"({"input-1":{"action":"accept"}})", {{"input-1", R"({"action":"accept"})"}}},
        {R"( {"k\"" : { "roots" : [ ] } , "input\u002d1":{}} )",
         {{"input-1", "{}"}, {"k\"", R"({ "roots" : [ ] })"}}},
        {R"({"wrong_key":{"action":"accept"}})", {}},
        {R"({"input-1":{},"unknown_extra_key":{},"another":7})", {{"input-1", "{}"}}},
        {R"({"input-1":12345})", {}},
        {R"({"input-1":null,"k\"":"x"})", {}},
        {R"({"input-1":[],"k\"":{}})", {{"k\"", "{}"}}},
        {R"({"input-1":{"a":1},"input-1":{"a":2}})", {}},
        {R"({"input-1":{"a":1},"\u0069nput-1":7})", {}},
        {"{\"input-1\":{\"a\":\n1}}", {{"input-1", R"({"a": 1})"}}},
        {R"({"\ud800":{},"k\"":{}})", {{"k\"", "{}"}}},
        {"{}", {}},
        {"", {}},
        {"null", {}},
        {"[{}]", {}},
        {R"({"input-1":{})", {}},
    };
    for (const auto& each : table) {
        CAPTURE(each.responses);
        CHECK(read_input_responses(each.responses, wanted) == each.out);
    }
    CHECK(read_input_responses(R"({"input-1":{}})", {}).empty());
}

TEST_CASE("input_required: a modern server's result") {
    const auto all = read_result(
        R"(,"inputRequests":{"user_name":{"method":"elicitation/create","params":{ "message" : "m" }},)"
        R"("\u0062":{"params":null,"method":"roots\/list"},"c":{"method":"sampling/createMessage","params":{}}},)"
        R"("requestState":"\u0041\/b","ttlMs":5)");
    REQUIRE(all);
    REQUIRE(all->requests.size() == 3);
    CHECK(all->requests[0].key == "user_name");
    CHECK(all->requests[0].method == "elicitation/create");
    CHECK(all->requests[0].params == R"({ "message" : "m" })");
    CHECK(all->requests[1].key == "b");
    CHECK(all->requests[1].method == "roots/list");
    CHECK(all->requests[1].params == "");
    CHECK(all->requests[2].params == "{}");
    CHECK(all->state_token == R"("\u0041\/b")"); // as it is spelled

    const auto requests_only = read_result(R"(,"inputRequests":{"a":{"method":"roots/list"}})");
    REQUIRE(requests_only);
    CHECK(requests_only->state_token == "");
    const auto state_only = read_result(R"(,"requestState":"")");
    REQUIRE(state_only);
    CHECK(state_only->requests.empty());
    CHECK(state_only->state_token == R"("")");
    const auto with_null =
        read_result(R"(,"requestState":null,"inputRequests":{"a":{"method":"roots/list"}})");
    REQUIRE(with_null);
    CHECK(with_null->state_token == "");
    CHECK(read_result(R"(,"inputRequests":{},"requestState":"s")"));
    CHECK(read_result(R"(,"inputRequests":null,"requestState":"s")"));
}

TEST_CASE("input_required: a result that is none, or can't be read") {
    for (const char* members : {
             "",
             R"(,"inputRequests":{})",
             R"(,"inputRequests":null,"requestState":null)",
             R"(,"inputRequests":[],"requestState":"s")",
             R"(,"inputRequests":{"a":7},"requestState":"s")",
             R"(,"inputRequests":{"a":{}},"requestState":"s")",
             R"(,"inputRequests":{"a":{"method":"ping"}},"requestState":"s")",
             R"(,"inputRequests":{"a":{"method":7}},"requestState":"s")",
             R"(,"inputRequests":{"a":{"method":"roots/list","params":[]}})",
             R"(,"inputRequests":{"a":{"method":"roots/list","method":"roots/list"}})",
             R"(,"inputRequests":{"a":{"method":"roots/list"},"\u0061":{"method":"roots/list"}})",
             R"(,"inputRequests":{"\ud800":{"method":"roots/list"}})",
             R"(,"requestState":7)",
             R"(,"requestState":{})",
             R"(,"requestState":"\ud800")",
             ",\"requestState\":\"a\nb\"",
             R"(,"requestState":"s","requestState":"s")",
             R"(,"requestState":"s","resultType":"complete")",
             R"(,"inputRequests":{},"inputRequests":{},"requestState":"s")",
         }) {
        CAPTURE(members);
        CHECK_FALSE(read_result(members));
    }
    for (
        const char* text : {
            "",
            "{",
            "[]",
            R"({"jsonrpc":"2.0","id":1,"result":"input_required"})",
            R"({"jsonrpc":"2.0","id":1,"result":{"requestState":"s"}})",
            R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","requestState":"s"}})",
            R"({"jsonrpc":"2.0","id":1,"result":{"resultType":7,"requestState":"s"}})",
            R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}})",
            R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"s"},"error":{}})",
            R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"resultType":"input_required","requestState":"s"}})",
        }) {
        CAPTURE(text);
        CHECK_FALSE(read(text));
    }
    CHECK(read(R"({"id":1,"result":{"r\u0065sultType":"input\u005frequired","requestState":"s"}})"));
}

TEST_CASE("input_required: no more questions than a client could be asked") {
    const auto many = [](std::size_t count) {
        std::string out = R"(,"inputRequests":{"0":{"method":"roots/list"})";
        for (std::size_t i = 1; i < count; ++i)
            out += ",\"" + std::to_string(i) + R"(":{"method":"roots/list"})";
        return read_result(out + "}");
    };
    CHECK(many(max_input_requests));
    CHECK_FALSE(many(max_input_requests + 1));
}

TEST_CASE("input_required: params for a legacy client") {
    struct {
        std::string_view method, params, out;
    } const table[] = {
        {elicit, R"({"mode":"url","url":"https://a/"})",
         R"({"mode":"url","url":"https://a/","elicitationId":"e\""})"},
        {elicit, R"({"mode":"url","elicitationId":"s"})", R"({"mode":"url","elicitationId":"s"})"},
        {elicit, R"({"mode":"form"})", R"({"mode":"form"})"},
        {elicit, R"({ "message":"m" })", R"({ "message":"m" })"},
        {elicit, "", ""},
        {elicit, R"({"mode":"url","mode":"url"})", R"({"mode":"url","mode":"url"})"},
        {sample, R"({"mode":"url"})", R"({"mode":"url"})"},
        {roots, "", ""},
    };
    for (const auto& each : table) {
        CAPTURE(each.params);
        CHECK(legacy_params(ask("k", std::string(each.method), std::string(each.params)), "e\"") == each.out);
    }
}

TEST_CASE("input_required: the call once more") {
    const answers one = {{"k\"", R"({"action" : "accept"})"}};
    CHECK(
        retry(R"({"name":"t","arguments":{"x" : 1.0}})", one, R"("\u0041")") ==
        R"({"name":"t","arguments":{"x" : 1.0},"inputResponses":{"k\"":{"action" : "accept"}},"requestState":"\u0041"})");
    CHECK(retry(R"({"name":"t"})", one, "") ==
          R"({"name":"t","inputResponses":{"k\"":{"action" : "accept"}}})");
    CHECK(retry(R"({"name":"t"})", {}, R"("s")") == R"({"name":"t","requestState":"s"})");
    CHECK(retry(R"({"name":"t"})", {}, "") == R"({"name":"t"})");
    CHECK(retry(R"({ })", {{"a", "{}"}, {"b", "{}"}}, "") == R"({"inputResponses":{"a":{},"b":{}}})");
    // An earlier round is gone, however its members are spelled; the arguments' own are none of it.
    CHECK(retry(R"({"inputResponses":{"old":{}},"name":"t","requestState":"old"})", one, R"("new")") ==
          R"({"name":"t","inputResponses":{"k\"":{"action" : "accept"}},"requestState":"new"})");
    CHECK(retry(R"({"requestSt\u0061te":"old","name":"t","inputResponses":{}})", {}, "") ==
          R"({"name":"t"})");
    CHECK(retry(R"({"name":"t","arguments":{"requestState":1,"inputResponses":2}})", {}, "") ==
          R"({"name":"t","arguments":{"requestState":1,"inputResponses":2}})");
    CHECK(retry(R"({"name":"t","_meta":{"progressToken":3}})", {}, R"("s")") ==
          R"({"name":"t","_meta":{"progressToken":3},"requestState":"s"})");
    // No params, or none that can be added to.
    const std::string_view bare = R"({"jsonrpc":"2.0","method":"tools/call","id":1})";
    CHECK(retry_request(bare, jsonrpc::scan(bare), {}, R"("s")") ==
          R"({"jsonrpc":"2.0","method":"tools/call","params":{"requestState":"s"},"id":1})");
    CHECK(retry("[1]", one, R"("s")") == "[1]");
}

TEST_CASE("input_required: a client's answer as a result") {
    const auto refused = R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}})";
    CHECK(answered(R"({"jsonrpc":"2.0","id":1,"result":{ "action":"accept","content":{"a":0.10}}})",
                   elicit) == R"({ "action":"accept","content":{"a":0.10}})");
    CHECK(answered("{\"id\":1,\"result\":{\"roots\":\n[]}}", roots) == R"({"roots": []})");
    CHECK(answered(refused, elicit) == R"({"action":"decline"})");
    CHECK(answered(refused, sample) == "-");
    CHECK(answered(refused, roots) == "-");
    CHECK(answered(R"({"id":1,"result":7})", elicit) == "-");
    CHECK(answered(R"({"id":1,"result":null})", roots) == "-");
    CHECK(answered(R"({"id":1,"method":"ping"})", elicit) == "-");
    CHECK(answered("{", elicit) == "-");
}

TEST_CASE("input_required: what the gateway asks reads back as it was meant") {
    const input_request wanted[] = {ask("a\n", "elicitation/create", R"({"message":"m"})"),
                                    ask("b", "roots/list")};
    const auto needed = read(input_required_response("1", wanted, "state", ""));
    REQUIRE(needed);
    REQUIRE(needed->requests.size() == 2);
    CHECK(needed->requests[0].key == "a\n");
    CHECK(needed->requests[0].params == R"({"message":"m"})");
    CHECK(needed->requests[1].key == "b");
    CHECK(needed->state_token == "\"state\"");
}
