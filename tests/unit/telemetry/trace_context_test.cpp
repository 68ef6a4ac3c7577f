#include "telemetry/trace_context.hpp"

#include "jsonrpc/validate.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace drawbridge;
using namespace drawbridge::telemetry;

namespace {

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string parent = "b7ad6b7169203331";
const std::string good = "00-" + trace + "-" + parent + "-01";

std::string message_with(const std::string& meta) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","_meta":)" + meta +
           R"(,"arguments":{"a":1}}})";
}

trace_context own_context() {
    trace_context own = *parse_traceparent("00-11111111111111111111111111111111-2222222222222222-01");
    return own;
}

} // namespace

TEST_CASE("trace context: a traceparent is read and written back") {
    const auto read = parse_traceparent(good, "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7");
    REQUIRE(read);
    CHECK(to_hex(read->trace) == trace);
    CHECK(to_hex(read->span) == parent);
    CHECK(read->flags == 1);
    CHECK(read->state == "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7");
    CHECK(read->valid());
    CHECK(traceparent(*read) == good);
    CHECK(traceparent(*parse_traceparent("00-" + trace + "-" + parent + "-00")).ends_with("-00"));
}

TEST_CASE("trace context: what is not a traceparent counts as none") {
    const std::string rows[] = {
        "",
        "00",
        good.substr(0, 54),
        good + "0",
        good + "-extra", // version 00 ends here
        good + ", " + good,
        " " + good,
        "ff-" + trace + "-" + parent + "-01",
        "0-" + trace + "-" + parent + "-011",
        "0g-" + trace + "-" + parent + "-01",
        "00-" + std::string(32, '0') + "-" + parent + "-01",
        "00-" + trace + "-" + std::string(16, '0') + "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" + parent + "-01",
        "00-" + trace + "-" + parent + "-0G",
        "00-" + trace + "_" + parent + "-01",
        "01-" + trace + "-" + parent + "-01.extra",
    };
    for (const auto& row : rows) {
        CAPTURE(row);
        CHECK_FALSE(parse_traceparent(row));
    }
    CHECK_FALSE(trace_context().valid());
}

TEST_CASE("trace context: a later version is read as far as 00 goes, and written as 00") {
    for (const auto& row : {"01-" + trace + "-" + parent + "-01",
                            "cc-" + trace + "-" + parent + "-01-what-the-future-brings"}) {
        const auto read = parse_traceparent(row);
        REQUIRE(read);
        CHECK(traceparent(*read) == good);
    }
    const auto flags = parse_traceparent("01-" + trace + "-" + parent + "-ff");
    REQUIRE(flags);
    CHECK(traceparent(*flags).ends_with("-03")); // the flags that 00 knows
}

TEST_CASE("trace context: a bad state is left out, the rest counts") {
    std::string many;
    for (int entry = 0; entry < 33; ++entry)
        many += (entry == 0 ? "k" : ",k") + std::to_string(entry) + "=v";
    for (const auto& row :
         {std::string("no-equals"), std::string("=v"), std::string("k="), std::string("K=v"),
          std::string("k=v=w"), std::string("k=v\r\nX: y"), std::string("k=\xc3\xa9"), many,
          "k=" + std::string(511, 'v'), std::string(" , ,"), std::string()}) {
        CAPTURE(row);
        const auto read = parse_traceparent(good, row);
        REQUIRE(read);
        CHECK(read->state.empty());
    }
    CHECK(is_tracestate("a=1,,b=2")); // empty entries are allowed
    CHECK(is_tracestate("tenant@vendor=x y"));
}

TEST_CASE("trace context: ids of the configuration") {
    CHECK(parse_trace_id(trace));
    CHECK_FALSE(parse_trace_id(trace + "0"));
    CHECK_FALSE(parse_trace_id(std::string(32, '0')));
    CHECK(parse_span_id(parent));
    CHECK_FALSE(parse_span_id("B7AD6B7169203331"));
    CHECK_FALSE(parse_span_id(trace));
}

TEST_CASE("trace context: random ids are valid and differ") {
    trace_ids one;
    trace_ids other;
    std::set<std::string> seen;
    for (int round = 0; round < 200; ++round)
        for (auto* ids : {&one, &other}) {
            const auto number = ids->next_trace();
            const auto span = ids->next_span();
            CHECK(number.valid());
            CHECK(span.valid());
            seen.insert(to_hex(number));
            seen.insert(to_hex(span));
        }
    CHECK(seen.size() == 800);
}

TEST_CASE("trace context: read from params._meta") {
    const auto text =
        message_with(R"({"progressToken":5,"traceparent":")" + good + R"(","tracestate":"k=v"})");
    const auto places = find_trace(text, jsonrpc::scan(text));
    REQUIRE(places.present());
    const auto read = read_trace(text, places);
    REQUIRE(read);
    CHECK(traceparent(*read) == good);
    CHECK(read->state == "k=v");
    for (const auto* meta : {"{}", "null", "[]", R"("x")", R"({"traceparent":7})", R"({"traceparent":"x"})",
                             R"({"tracestate":"k=v"})", R"({"nested":{"traceparent":"x"}})"}) {
        CAPTURE(meta);
        const auto other = message_with(meta);
        CHECK_FALSE(read_trace(other, find_trace(other, jsonrpc::scan(other))));
    }
    const std::string bare = R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})";
    CHECK_FALSE(find_trace(bare, jsonrpc::scan(bare)).present());
}

TEST_CASE("trace context: replaced in place, and nothing else of the message moves") {
    auto text = message_with(R"({"traceparent":")" + good + R"(","tracestate":"k=v", "x":1})");
    const auto before = text;
    const auto places = find_trace(text, jsonrpc::scan(text));
    auto own = own_context();
    own.state = "k=v";
    replace_trace(text, places, own);
    auto expected = before;
    expected.replace(before.find(good), good.size(), traceparent(own));
    CHECK(text == expected);
}

TEST_CASE("trace context: longer spellings leave blanks, a state of another trace goes") {
    // The first letter of the version spelled as an escape; a version that is longer than ours.
    for (const auto& spelled : {"\\u0030" + good.substr(1), "01" + good.substr(2) + "-more"}) {
        CAPTURE(spelled);
        auto text = message_with(R"({"traceparent":")" + spelled + R"(","tracestate":"rojo=1,congo=2"})");
        const auto scanned = jsonrpc::scan(text);
        const auto size = text.size();
        replace_trace(text, find_trace(text, scanned), own_context());
        CHECK(text.size() == size);
        CHECK_FALSE(jsonrpc::find_syntax_fault(text));
        const auto again = jsonrpc::scan(text);
        CHECK(again.params_meta == scanned.params_meta);
        CHECK(again.params == scanned.params);
        const auto read = read_trace(text, find_trace(text, again));
        REQUIRE(read);
        CHECK(traceparent(*read) == traceparent(own_context()));
        CHECK(read->state.empty());
        CHECK(text.find("rojo") == std::string::npos);
        CHECK(text.find(R"("arguments":{"a":1})") != std::string::npos);
    }
}

TEST_CASE("trace context: a message without a valid context stays as it is") {
    for (const auto* meta : {"{}", R"({"traceparent":"00-zz"})", R"({"traceparent":12345678901234567890})",
                             R"({"tracestate":"k=v"})"}) {
        auto text = message_with(meta);
        const auto before = text;
        replace_trace(text, find_trace(text, jsonrpc::scan(text)), own_context());
        CHECK(text == before);
    }
    const auto huge = message_with(R"({"traceparent":")" + std::string(100000, '0') + "\"}");
    CHECK_FALSE(read_trace(huge, find_trace(huge, jsonrpc::scan(huge))));
}
