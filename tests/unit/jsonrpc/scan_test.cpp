#include "jsonrpc/envelope.hpp"

#include "random_json.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <cstring>
#include <memory>

using namespace drawbridge::jsonrpc;
namespace json = boost::json;

namespace {

// The text in memory of its own without a terminator, so that ASan sees a read past the end.
struct exact {
    explicit exact(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
        if (size != 0) std::memcpy(bytes.get(), text.data(), size);
    }
    std::string_view view() const { return {bytes.get(), size}; }

    std::unique_ptr<char[]> bytes;
    std::size_t size;
};

envelope scan_exact(std::string_view text) {
    const exact copy(text);
    return scan(copy.view());
}

std::string serialized(std::string_view token) {
    return json::serialize(json::parse(json::string_view(token.data(), token.size())));
}

void check_member(const json::object& object, std::string_view key, std::string_view text, span place) {
    const auto* found = object.if_contains(json::string_view(key.data(), key.size()));
    REQUIRE((found != nullptr) == place.present());
    if (found != nullptr) CHECK(serialized(place.in(text)) == json::serialize(*found));
}

} // namespace

TEST_CASE("scan: a request with everything the gateway reads") {
    const std::string text =
        R"( {"jsonrpc" : "2.0", "id":"a-1","method":"tools\/call","params":{"x":[{"name":"no"}],"name":"echo",)"
        R"("_meta":{"k":{"progressToken":0},"progressToken":17},"protocolVersion":"2025-06-18","requestId":9,)"
        R"("progressToken":"t"}} )";
    const auto message = scan_exact(text);
    CHECK(message.kind == message_kind::request);
    CHECK(message.fault.empty());
    CHECK(message.id.in(text) == "\"a-1\"");
    CHECK(message.method.in(text) == "\"tools\\/call\"");
    CHECK(message.method_name == "tools/call");
    CHECK(message.params_name.in(text) == "\"echo\"");
    CHECK(message.params_meta.in(text) == R"({"k":{"progressToken":0},"progressToken":17})");
    CHECK(message.progress_token.in(text) == "17");
    CHECK(message.notified_token.in(text) == "\"t\"");
    CHECK(message.protocol_version.in(text) == "\"2025-06-18\"");
    CHECK(message.request_id.in(text) == "9");
    CHECK(message.params.in(text).front() == '{');
    CHECK(message.params.in(text).back() == '}');
    CHECK_FALSE(message.result.present());
    CHECK_FALSE(message.error.present());
}

TEST_CASE("scan: kinds") {
    CHECK(scan_exact(R"({"method":"a"})").kind == message_kind::notification);
    CHECK(scan_exact(R"({"method":"a","id":1})").kind == message_kind::request);
    CHECK(scan_exact(R"({"id":1,"result":{}})").kind == message_kind::response);
    CHECK(scan_exact(R"({"id":1,"error":{}})").kind == message_kind::response);
    CHECK(scan_exact(R"({"id":null,"error":{}})").kind == message_kind::response);
    CHECK(scan_exact(R"({"error":{}})").kind == message_kind::response);
    CHECK(scan_exact(R"({"id":1,"result":{},"error":null})").kind == message_kind::response);
    CHECK(scan_exact(" [1,{}] \n").kind == message_kind::batch);
    CHECK(scan_exact(R"({"\u0069d":1,"m\u0065thod":"a"})").kind == message_kind::request);
}

TEST_CASE("scan: what is invalid, and that the reason never quotes the content") {
    const char* const texts[] = {"",
                                 "  ",
                                 "secret",
                                 "\"secret\"",
                                 "17",
                                 "null",
                                 "{",
                                 "{}",
                                 "}",
                                 "[",
                                 "[}",
                                 "{]",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{a:1}",
                                 "{\"a\":1,}",
                                 "{,\"a\":1}",
                                 "{\"a\":1 \"b\":2}",
                                 "{\"a\":1}{",
                                 "{\"a\":1} secret",
                                 "{\"method\":\"secret}",
                                 "{\"method\":\"secret\\\"}",
                                 "{\"method\":\"secret\\",
                                 "{\"method\":17}",
                                 "{\"method\":\"\\ud800\"}",
                                 "{\"method\":{}}",
                                 "{\"id\":1}",
                                 "{\"id\":1,\"id\":2,\"result\":{}}",
                                 "{\"id\":1,\"\\u0069d\":2,\"result\":{}}",
                                 "{\"id\":1,\"result\":{},\"result\":{}}",
                                 "{\"id\":1,\"error\":{},\"error\":{}}",
                                 "{\"method\":\"a\",\"method\":\"b\"}",
                                 "{\"method\":\"a\",\"params\":{},\"params\":{}}",
                                 "{\"method\":\"a\",\"id\":null}",
                                 "{\"method\":\"a\",\"id\":1.5}",
                                 "{\"method\":\"a\",\"id\":{}}",
                                 "{\"method\":\"a\",\"result\":{}}",
                                 "{\"id\":1,\"result\":[{]}}",
                                 "{\"id\":1,\"result\":[}]}",
                                 "{\"id\":1,\"result\":{\"a\":[1,2}}",
                                 "{\"id\":1,\"result\":\"secret}",
                                 "{\"id\":1,\"result\":{\"a\":\"secret}}",
                                 "{\"method\":\"a\",\"params\":{\"secret\"}}",
                                 "{\"method\":\"a\",\"params\":{\"_meta\":{\"secret\"}}}",
                                 "{\"method\":\"a\",\"params\":{\"name\":1,\"n\\u0061me\":2}}",
                                 "\xEF\xBB\xBF{\"id\":1,\"result\":1}"};
    for (const char* text : texts) {
        CAPTURE(text);
        const auto message = scan_exact(text);
        CHECK(message.kind == message_kind::invalid);
        CHECK_FALSE(message.fault.empty());
        CHECK(message.fault.find("secret") == std::string::npos);
    }
}

TEST_CASE(
    "scan: an invalid message with a readable structure still tells its id, a doubtful id is not told") {
    std::string text = R"({"jsonrpc":"2.0","id":"x"})";
    CHECK(scan(text).id.in(text) == "\"x\"");
    text = R"({"id":7,"result":1,"result":2})";
    CHECK(scan(text).id.in(text) == "7");
    text = R"({"id":7,"id":8,"result":2})";
    CHECK_FALSE(scan(text).id.present());
    text = R"({"id":7,"result":1,"result":2,"id":8})";
    CHECK_FALSE(scan(text).id.present());
    text = R"({"id":7,"result":{)";
    CHECK_FALSE(scan(text).id.present());
}

TEST_CASE("scan: numbers and literals inside a result are not looked at, brackets and strings are") {
    CHECK(scan_exact(R"({"id":1,"result":{"a":01,"b":nonsense}})").kind == message_kind::response);
    CHECK(scan_exact(R"({"id":1,"result":{"a":"}{]["}})").kind == message_kind::response);
}

TEST_CASE("scan: nesting of any depth without recursion") {
    const std::size_t depth = 1'000'000;
    std::string inner;
    for (std::size_t i = 0; i < depth; ++i)
        inner += i % 3 == 0 ? "[" : "{\"a\":";
    inner += "1";
    for (std::size_t i = depth; i-- > 0;)
        inner += i % 3 == 0 ? "]" : "}";
    const std::string text = R"({"id":1,"result":)" + inner + "}";
    CHECK(scan(text).kind == message_kind::response);
    std::string wrong = text;
    wrong[text.size() - depth / 2] = wrong[text.size() - depth / 2] == ']' ? '}' : ']';
    CHECK(scan(wrong).kind == message_kind::invalid);
}

TEST_CASE("scan: backslash runs across block borders") {
    for (std::size_t lead = 0; lead < 140; ++lead) {
        for (std::size_t run = 0; run < 70; run += lead % 7 + 1) {
            const std::string head =
                R"({"id":1,"result":{"a":")" + std::string(lead, 'x') + std::string(run, '\\');
            const std::string closed = head + (run % 2 == 0 ? "" : "\"") + "\"}}";
            CHECK(scan_exact(closed).kind == message_kind::response);
            const std::string open = head + (run % 2 == 0 ? "x" : "\"") + "}}";
            CHECK(scan_exact(open).kind == message_kind::invalid);
            const std::string far = head + std::string(300, 'y') + "\\" + std::string(lead, '\\') + "\"" +
                                    (lead % 2 == 0 ? "\"" : "") + "}}";
            if (run % 2 == 0) CHECK(scan_exact(far).kind == message_kind::response);
        }
    }
}

TEST_CASE("scan: agrees with Boost.JSON's DOM on random messages") {
    drawbridge::test::random_json random(20260101);
    for (int i = 0; i < 4000; ++i) {
        const std::string text = random.blank() + random.message() + random.blank();
        CAPTURE(text);
        const auto document = json::parse(text).as_object();
        const auto message = scan_exact(text);
        REQUIRE(message.fault == "");
        check_member(document, "id", text, message.id);
        check_member(document, "method", text, message.method);
        check_member(document, "params", text, message.params);
        check_member(document, "result", text, message.result);
        check_member(document, "error", text, message.error);
        if (const auto* method = document.if_contains("method")) {
            CHECK(message.method_name == std::string_view(method->as_string()));
        }
        const auto* params = document.if_contains("params");
        if (params == nullptr || !params->is_object()) continue;
        check_member(params->as_object(), "name", text, message.params_name);
        check_member(params->as_object(), "_meta", text, message.params_meta);
        const auto* meta = params->as_object().if_contains("_meta");
        if (meta != nullptr) check_member(meta->as_object(), "progressToken", text, message.progress_token);
    }
}

TEST_CASE("scan: truncated text is never valid, garbage never reads past the end") {
    drawbridge::test::random_json random(7);
    for (int i = 0; i < 200; ++i) {
        const std::string text = random.message();
        for (std::size_t size = 0; size < text.size(); ++size) {
            CHECK(scan_exact(std::string_view(text).substr(0, size)).kind == message_kind::invalid);
        }
    }
    for (int i = 0; i < 20000; ++i) {
        std::string text = random.message();
        for (std::uint32_t left = random.number(4) + 1; left > 0; --left) {
            text[random.number(static_cast<std::uint32_t>(text.size()))] =
                "\"\\{}[]:,x0 \x80"[random.number(12)];
        }
        const auto message = scan_exact(text);
        for (const span& place : {message.id, message.method, message.params, message.params_name}) {
            CHECK(place.end() <= text.size());
        }
    }
}
