#include "jsonrpc/id_scanner.hpp"

#include "jsonrpc/envelope.hpp"
#include "random_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace drawbridge::jsonrpc;

namespace {

struct found {
    std::optional<std::string> id;
    bool method;
    bool response;
    bool operator==(const found&) const = default;
};

found scan_pieces(std::string_view text, std::size_t piece) {
    id_scanner scanner;
    for (std::size_t at = 0; at < text.size(); at += piece)
        scanner.feed(text.substr(at, piece));
    return {scanner.id(), scanner.has_method(), scanner.is_response()};
}

void check(std::string_view text, std::optional<std::string> id, bool method) {
    CAPTURE(text);
    const found wanted{id, method, id.has_value() && !method};
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, text.size() + 1}) {
        CHECK(scan_pieces(text, piece) == wanted);
    }
}

} // namespace

TEST_CASE("id_scanner: finds the id wherever it stands") {
    check(R"({"id":1,"result":{}})", "1", false);
    check(R"( { "id" : -12 , "result":{"id":9}})", "-12", false);
    check(R"({"result":{"id":9,"method":"x","a":["id",{"id":8}]},"id":"a\"b"})", R"("a\"b")", false);
    check(R"({"result":[[]],"id":5})", "5", false);
    check(R"({"result":"\"id\":3,{","id":5 })", "5", false);
    check(R"({"id":1,"method":"a"})", "1", true);
    check(R"({"method":"a","params":{}})", std::nullopt, true);
    check(R"({"\u0069\u0064":4,"result":1})", "4", false);
    check(R"({"\u006d\u0065\u0074\u0068\u006f\u0064":4,"id":1})", "1", true);
    check(R"({"a":"id","b":"method","id":2})", "2", false);
}

TEST_CASE("id_scanner: what is no usable id") {
    check("", std::nullopt, false);
    check(R"({"id":null,"error":{}})", std::nullopt, false);
    check(R"({"id":1.5,"error":{}})", std::nullopt, false);
    check(R"({"id":{"a":1},"result":{}})", std::nullopt, false);
    check(R"({"id":[1],"result":{}})", std::nullopt, false);
    check(R"({"id":1,"id":2,"result":{}})", std::nullopt, false);
    check(R"({"id":"\ud800"})", std::nullopt, false);
    check(R"({"id":)", std::nullopt, false);
    check(R"({"id":12)", std::nullopt, false);
    check(R"({"id":,"a":3})", std::nullopt, false);
    check(R"([{"id":1}])", std::nullopt, false);
    check(R"("id":1)", std::nullopt, false);
    check("noise {\"id\":1}", std::nullopt, false);
    check("}{\"id\":1}", std::nullopt, false);
    check(R"({}{"id":1})", std::nullopt, false);
    check("{\"id\":\"" + std::string(300, 'x') + "\"}", std::nullopt, false);
}

TEST_CASE("id_scanner: an id of 256 bytes just fits, a long key does no harm") {
    const std::string id = "\"" + std::string(254, 'x') + "\"";
    check("{\"" + std::string(500, 'k') + "\":1,\"id\":" + id + "}", id, false);
}

TEST_CASE("id_scanner: a message cut off after its id still tells it") {
    check(R"({"id":12,"result":{"a":")", "12", false);
}

TEST_CASE("id_scanner: agrees with scan on random messages, however they are cut") {
    drawbridge::test::random_json random(3);
    for (int i = 0; i < 2000; ++i) {
        const std::string text = random.message();
        CAPTURE(text);
        const auto message = scan(text);
        id_scanner scanner;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t size = random.number(10) + 1;
            scanner.feed(std::string_view(text).substr(at, size));
            at += size;
        }
        CHECK(scanner.has_method() == message.method.present());
        if (message.id.present() && message.id.length <= id_scanner::max_id) {
            CHECK(scanner.id() == std::string(message.id.in(text)));
        } else {
            CHECK_FALSE(scanner.id().has_value());
        }
    }
}

TEST_CASE("id_scanner: garbage") {
    drawbridge::test::random_json random(4);
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        for (std::uint32_t left = random.number(60); left > 0; --left)
            text += "\"\\{}[]:, id1\n"[random.number(13)];
        CHECK(scan_pieces(text, 1) == scan_pieces(text, 5));
    }
}
