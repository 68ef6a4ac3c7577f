#include "mcp/sealed_state.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>

using namespace drawbridge::mcp;

namespace {

using clock_type = std::chrono::system_clock;

const clock_type::time_point now = clock_type::time_point(std::chrono::hours(480'000));

parked_state example() {
    parked_state state;
    state.link = 3;
    state.call = 77;
    state.round = 2;
    state.agent = std::numeric_limits<std::uint64_t>::max();
    state.digest = call_digest("tools/call", R"({"params":{"name":"a"}})");
    state.expires = now + std::chrono::minutes(10);
    return state;
}

std::string call(std::string_view params) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":)" + std::string(params) + "}";
}

std::string digest(std::string_view params) {
    return call_digest("tools/call", call(params));
}

} // namespace

TEST_CASE("sealed_state: what was sealed opens again") {
    const sealer ours;
    const auto sealed = ours.seal(example(), "files");
    CHECK(ours.open(sealed, "files", now) == example());
    CHECK(sealed.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    CHECK(sealed.size() < 250);

    const parked_state empty{.expires = now + std::chrono::nanoseconds(1)};
    CHECK(ours.open(ours.seal(empty, ""), "", now) == empty);
    for (std::size_t length = 0; length < 5; ++length) { // every length of the last base64 group
        auto state = example();
        state.digest = std::string(length, '\xFF');
        CHECK(ours.open(ours.seal(state, "files"), "files", now) == state);
    }
}

TEST_CASE("sealed_state: two seals of the same differ, and tell nothing") {
    const sealer ours;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i)
        seen.insert(ours.seal(example(), "files").substr(0, 16));
    CHECK(seen.size() == 100);
    CHECK(ours.seal(example(), "files").find(example().digest) == std::string::npos);
}

TEST_CASE("sealed_state: another server's, or another gateway's, does not open") {
    const sealer ours;
    const sealer other;
    const auto sealed = ours.seal(example(), "files");
    CHECK_FALSE(ours.open(sealed, "file", now));
    CHECK_FALSE(ours.open(sealed, "files2", now));
    CHECK_FALSE(ours.open(sealed, "", now));
    CHECK_FALSE(other.open(sealed, "files", now));
}

TEST_CASE("sealed_state: a secret makes the same key everywhere, an empty one none") {
    const sealer one("correct horse");
    const sealer two("correct horse");
    const sealer other("correct horsf");
    const auto sealed = one.seal(example(), "files");
    // Numbers of links mean something in their own process only.
    auto elsewhere = example();
    elsewhere.link = 0;
    CHECK(two.open(sealed, "files", now) == elsewhere);
    CHECK_FALSE(other.open(sealed, "files", now));
    const sealer long_one(std::string(10'000, 'x'));
    CHECK(long_one.open(long_one.seal(example(), "files"), "files", now));
    const sealer empty("");
    CHECK(empty.open(empty.seal(example(), "files"), "files", now));
    CHECK_FALSE(sealer("").open(empty.seal(example(), "files"), "files", now));
}

TEST_CASE("sealed_state: it opens until it expires") {
    const sealer ours;
    const auto sealed = ours.seal(example(), "files");
    CHECK(ours.open(sealed, "files", example().expires - clock_type::duration(1)));
    CHECK_FALSE(ours.open(sealed, "files", example().expires));
    CHECK_FALSE(ours.open(sealed, "files", example().expires + std::chrono::hours(1)));
}

TEST_CASE("sealed_state: any change is seen") {
    const sealer ours;
    const auto sealed = ours.seal(example(), "files");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        for (const char c : {'A', 'B', '_', '-', '9', '=', '+', '/', ' ', '\0', '\xC3'}) {
            if (sealed[i] == c) continue;
            auto changed = sealed;
            changed[i] = c;
            CHECK_FALSE(ours.open(changed, "files", now));
        }
        CHECK_FALSE(ours.open(sealed.substr(0, i), "files", now));
        CHECK_FALSE(ours.open(sealed.substr(i + 1), "files", now));
    }
    for (const char* tail : {"-TAMPERED", "A", "AA", "AAA", "AAAA", "=", "==", "\n", " "})
        CHECK_FALSE(ours.open(sealed + tail, "files", now));
    CHECK_FALSE(ours.open(" " + sealed, "files", now));
    CHECK_FALSE(ours.open(sealed + sealed, "files", now));
}

TEST_CASE("sealed_state: one state has one spelling") {
    const sealer ours;
    // The last character of these has spare bits.
    for (const std::size_t length : {0U, 1U, 2U, 3U}) {
        auto state = example();
        state.digest = std::string(length, 'd');
        const auto sealed = ours.seal(state, "files");
        REQUIRE(ours.open(sealed, "files", now));
        int opened = 0;
        for (int c = 0; c < 256; ++c) {
            auto changed = sealed;
            changed.back() = static_cast<char>(c);
            opened += ours.open(changed, "files", now) ? 1 : 0;
        }
        CHECK(opened == 1);
    }
}

TEST_CASE("sealed_state: nonsense does not open") {
    const sealer ours;
    for (const std::string text :
         {"", "A", "AA", "AAAA", "{}", "state", "null", "\xFF\xFE", "eyJhbGciOiJub25lIn0.e30."})
        CHECK_FALSE(ours.open(text, "files", now));
    for (std::size_t size = 0; size < 200; ++size)
        CHECK_FALSE(ours.open(std::string(size, 'A'), "files", now));
    CHECK_FALSE(ours.open(std::string(10'000'000, 'A'), "files", now));
}

TEST_CASE("call_digest: a retry that says the same is the same call") {
    const auto first = digest(R"({"name":"a","arguments":{"x":1,"y":["é",{"k":true,"l":null}]}})");
    CHECK(first.size() == 64);
    for (const char* again : {
             R"({"arguments":{"x":1,"y":["é",{"k":true,"l":null}]},"name":"a"})",                // order
             R"({"name":"a","arguments":{"y":["é",{"l":null,"k":true}],"x":1}})",                // deeper
             R"({ "name" : "a" , "arguments":{ "x": 1,"y":[ "é",{"k":true, "l":null} ] } })",    // blanks
             R"({"n\u0061me":"\u0061","arguments":{"x":1,"y":["\u00e9",{"k":true,"l":null}]}})", // spelling
             R"({"_meta":{"progressToken":1},"name":"a","arguments":{"x":1,"y":["é",{"k":true,"l":null}]}})",
             R"({"name":"a","inputResponses":{"k":{}},"arguments":{"x":1,"y":["é",{"k":true,"l":null}]}})",
             R"({"name":"a","arguments":{"x":1,"y":["é",{"k":true,"l":null}]},"requestState":"s"})",
             R"({"name":"a","arguments":{"x":1,"y":["é",{"k":true,"l":null}]},"requestSt\u0061te":"s"})",
         }) {
        CAPTURE(again);
        CHECK(digest(again) == first);
    }
    CHECK(call_digest("tools/call", R"({"id":99,"params":{"name":"a"},"method":"tools/call"})") ==
          digest(R"({"name":"a"})"));
}

TEST_CASE("call_digest: whatever else differs is another call") {
    std::set<std::string> seen;
    const char* const all[] = {
        R"({"name":"a","arguments":{"x":1}})",
        R"({"name":"b","arguments":{"x":1}})",
        R"({"name":"a","arguments":{"x":2}})",
        R"({"name":"a","arguments":{"x":"1"}})",
        R"({"name":"a","arguments":{"x":[1]}})",
        R"({"name":"a","arguments":{"x":[]}})",
        R"({"name":"a","arguments":{"x":{}}})",
        R"({"name":"a","arguments":{"x":null}})",
        R"({"name":"a","arguments":{"x":"null"}})",
        R"({"name":"a","arguments":{"y":1}})",
        R"({"name":"a","arguments":{"x":1,"x":2}})",
        R"({"name":"a","arguments":{"x":2,"x":1}})",
        R"({"name":"a","arguments":{"x":[1,2]}})",
        R"({"name":"a","arguments":{"x":[2,1]}})",
        R"({"name":"a","arguments":{"x":[[1],2]}})",
        R"({"name":"a","arguments":{"x":[1,[2]]}})",
        R"({"name":"a","arguments":{}})",
        R"({"name":"a"})",
        R"({"name":"a","arguments":{"_meta":1}})",
        R"({"name":"a","arguments":{"requestState":"s"}})",
        R"({"name":"a","arguments":{"inputResponses":{}}})",
        R"({"nam":"ea"})",
        R"({})",
        R"([])",
    };
    for (const auto* each : all) {
        CAPTURE(each);
        CHECK(seen.insert(digest(each)).second);
    }
    // Pieces that go in together and pieces that go in alone.
    for (const std::size_t size : {4000U, 4086U, 4087U, 4095U, 4096U, 4097U, 20'000U}) {
        const std::string text(size, 'x');
        CHECK(seen.insert(digest(R"({"name":")" + text + R"(","z":1})")).second);
        CHECK(seen.insert(digest(R"({"name":")" + text + R"(","z":2})")).second);
        CHECK(digest(R"({"z":1,"name":")" + text + R"("})") == digest(R"({"name":")" + text + R"(","z":1})"));
    }
    CHECK(seen.insert(call_digest("prompts/get", call(R"({"name":"a"})"))).second);
    CHECK(seen.insert(call_digest("tools/call", R"({"method":"tools/call"})")).second);
}

TEST_CASE("call_digest: any text has one") {
    for (const char* text : {"", "{", "[]", "{\"params\":{", "{\"params\":{\"a\"}}",
                             "{\"params\":{\"\\ud800\":1}}", "{\"params\":{\"a\":[1 2]}}", "\xFF"}) {
        CAPTURE(text);
        CHECK(call_digest("tools/call", text).size() == 64);
    }
    // Deeper than it is read: as it is spelled.
    const auto deep = [](std::string_view inner) {
        return digest(R"({"a":)" + std::string(200, '[') + std::string(inner) + std::string(200, ']') + "}");
    };
    CHECK(deep("1") == deep("1"));
    CHECK(deep("1") != deep("2"));
    CHECK(digest(R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}").size() == 64);
}
