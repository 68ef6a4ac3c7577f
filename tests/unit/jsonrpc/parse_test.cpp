#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"

#include "random_json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge::jsonrpc;

namespace {

void check_refused(const std::string& text, std::string_view id) {
    CAPTURE(text);
    const auto out = parse(text);
    CHECK(out.code == code_invalid_request);
    CHECK(out.message.kind == message_kind::invalid);
    CHECK_FALSE(out.message.fault.empty());
    CHECK(out.message.id.in(text) == id);
}

} // namespace

TEST_CASE("parse: accepted messages") {
    const char* const texts[] = {R"({"jsonrpc":"2.0","id":1,"method":"ping"})",
                                 R"({"jsonrpc":"2.0","id":"","method":"ping","params":{}})",
                                 R"({"jsonrpc":"2.0","id":-0,"method":"ping","params":[]})",
                                 R"({"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"})",
                                 R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                                 R"({"jsonrpc":"2.0","id":1,"result":null})",
                                 R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}})",
                                 R"({"jsonrpc":"2\u002e0","id":1,"method":"ping","other":1,"other":2})",
                                 "\n\t {\"jsonrpc\":\"2.0\",\r\n\"id\":1,\"method\":\"ping\"}\r\n "};
    for (const char* text : texts) {
        CAPTURE(text);
        const auto out = parse(text);
        CHECK(out.code == 0);
        CHECK(out.message.fault == "");
        CHECK(out.message.kind != message_kind::invalid);
    }
}

TEST_CASE("parse: a big integer id is kept as it is spelled") {
    const std::string text = R"({"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"a"})";
    CHECK(parse(text).message.id.in(text) == "123456789012345678901234567890");
}

TEST_CASE("parse: what is not JSON is -32700") {
    const std::string texts[] = {"",
                                 " ",
                                 "{",
                                 "{\"a\":1,}",
                                 "{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"a\"}",
                                 "{'a':1}",
                                 "nul",
                                 "{\"a\":1}{",
                                 "{\"a\":1}x",
                                 "\"a",
                                 "\"\\x\"",
                                 "\"a\nb\"",
                                 "\"\xC3\"",
                                 "\"\xED\xA0\x80\"",
                                 "\"\xF5\x80\x80\x80\"",
                                 "\"\\ud800\"",
                                 "\xEF\xBB\xBF{}",
                                 "[1,2",
                                 "{\"a\" 1}",
                                 "// x\n{}",
                                 std::string("{}\0", 3),
                                 std::string(257, '[') + std::string(257, ']')};
    for (const auto& text : texts) {
        CAPTURE(text);
        const auto out = parse(text);
        CHECK(out.code == code_parse_error);
        CHECK(out.message.kind == message_kind::invalid);
        CHECK_FALSE(out.message.id.present());
        CHECK_FALSE(out.message.fault.empty());
    }
}

TEST_CASE("parse: 256 levels pass") {
    const std::string text = R"({"jsonrpc":"2.0","id":1,"method":"a","params":)" + std::string(255, '[') +
                             std::string(255, ']') + "}";
    CHECK(parse(text).code == 0);
    const std::string deeper = R"({"jsonrpc":"2.0","id":1,"method":"a","params":)" + std::string(256, '[') +
                               std::string(256, ']') + "}";
    CHECK(parse(deeper).code == code_parse_error);
    CHECK(parse(deeper).message.fault.find("256") != std::string::npos);
}

TEST_CASE("parse: a batch is told apart and refused") {
    const auto out = parse(R"([{"jsonrpc":"2.0","id":1,"method":"a"}])");
    CHECK(out.code == code_invalid_request);
    CHECK(out.message.kind == message_kind::batch);
    CHECK_FALSE(out.message.fault.empty());
    CHECK(parse("[]").message.kind == message_kind::batch);
}

TEST_CASE("parse: JSON that is no JSON-RPC message") {
    check_refused("17", "");
    check_refused("null", "");
    check_refused("\"a\"", "");
    check_refused("{}", "");
    check_refused(R"({"id":1,"method":"a"})", "1");
    check_refused(R"({"jsonrpc":2.0,"id":1,"method":"a"})", "1");
    check_refused(R"({"jsonrpc":"1.0","id":1,"method":"a"})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"params":{}})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":17})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":null})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":"x","method":"a","params":"b"})", "\"x\"");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","params":null})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","result":1})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", "1");
    check_refused(R"({"jsonrpc":"2.0","result":1})", "");
    check_refused(R"({"jsonrpc":"2.0","error":{}})", "");
}

TEST_CASE("parse: ids of other types") {
    for (const char* id : {"null", "true", "false", "1.0", "1e3", "1E3", "-1.5", "{}", "[]", "[1]"}) {
        check_refused(std::string(R"({"jsonrpc":"2.0","id":)") + id + R"(,"method":"a"})", "");
        check_refused(std::string(R"({"jsonrpc":"2.0","id":)") + id + R"(,"result":1})", "");
    }
}

TEST_CASE("parse: members that stand twice, also spelled with escapes") {
    check_refused(R"({"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"a"})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","id":2})", "");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","\u0069\u0064":1})", "");
    check_refused(R"({"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"a","id":2})", "");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","m\u0065thod":"b"})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","params":{},"params":{}})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"result":1,"result":1})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"error":{},"error":{}})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\u0061me":"b"}})",
                  "1");
    check_refused(
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"\u006eame":"a","n\u0061me":"b"}})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{},"_meta":{}}})", "1");
    check_refused(
        R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"progressToken":1,"progressToken":1}}})",
        "1");
    check_refused(
        R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"protocolVersion":1,"protocolVersion":1}})", "1");
    check_refused(R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"requestId":1,"requestId":1}})", "1");
}

TEST_CASE("parse: an ordinary duplicate elsewhere is the server's business") {
    CHECK(parse(R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{"name":1,"name":2}}})").code ==
          0);
}

TEST_CASE("parse: the reason never quotes the content") {
    for (const char* text : {"{\"secret\" 1}", "secret", R"({"jsonrpc":"secret","id":1,"method":"a"})",
                             R"({"jsonrpc":"2.0","id":{"secret":1},"method":"a"})"}) {
        CHECK(parse(text).message.fault.find("secret") == std::string::npos);
    }
}

TEST_CASE("parse: random messages pass and read the same as by scan") {
    drawbridge::test::random_json random(99);
    for (int i = 0; i < 3000; ++i) {
        const std::string text = random.message();
        CAPTURE(text);
        const auto strict = parse(text);
        const auto loose = scan(text);
        REQUIRE(strict.code == 0);
        CHECK(strict.message.kind == loose.kind);
        CHECK(strict.message.id == loose.id);
        CHECK(strict.message.method_name == loose.method_name);
        CHECK(strict.message.params_name == loose.params_name);
        CHECK(strict.message.progress_token == loose.progress_token);
    }
}
