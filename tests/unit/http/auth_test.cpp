#include "http/auth.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace drawbridge::http;

TEST_CASE("auth: the identifier as it is, or behind Bearer") {
    const authenticator door({"agent-one", "Agent Two"});
    for (const std::string_view value : {"agent-one", "  agent-one\t", "Bearer agent-one", "bearer agent-one",
                                         "BEARER   agent-one ", "Agent Two", "Bearer Agent Two"}) {
        CAPTURE(value);
        CHECK(door.check(1, value).what == credentials::accepted);
    }
}

TEST_CASE("auth: anything else is wrong") {
    const authenticator door({"agent-one", "Agent Two"});
    for (const std::string_view value :
         {"agent-on", "agent-onee", "agent-onE", "Agent-one", "agent-one,Agent Two", "Basic agent-one", "a",
          "Bearer x", "Beareragent-one", "Bearer Bearer agent-one", "agent-oneagent-one", "bearerx"}) {
        CAPTURE(value);
        CHECK(door.check(1, value).what == credentials::wrong);
    }
    CHECK(authenticator({}).check(1, "agent-one").what == credentials::wrong);
}

TEST_CASE("auth: missing and malformed are told apart from wrong") {
    const authenticator door({"agent-one"});
    CHECK(door.check(0, "").what == credentials::missing);
    CHECK(door.check(2, "agent-one").what == credentials::malformed);
    for (const std::string_view value :
         {"", "  ", "\t", "agent\x01one", "agent-one\x7f", "agent\xc3\xa9", "agent-one\r"}) {
        CAPTURE(value.size());
        CHECK(door.check(1, value).what == credentials::malformed);
    }
    CHECK(door.check(1, std::string_view("agent-one\0", 10)).what == credentials::malformed);
    for (const std::string_view alone :
         {"Bearer", "bearer", "Bearer ", " BEARER \t"}) // the scheme and no identifier
        CHECK(door.check(1, alone).what == credentials::malformed);
    CHECK(authenticator({"Bearer"}).check(1, "Bearer").what == credentials::accepted); // an odd identifier
}

TEST_CASE("auth: which of several identifiers it was") {
    const authenticator door({"agent-one", "Agent Two", "three"});
    CHECK(door.check(1, "agent-one").agent == 0);
    CHECK(door.check(1, "Bearer Agent Two").agent == 1);
    CHECK(door.check(1, "three").agent == 2);
    // What stands there as a whole comes before what stands behind Bearer.
    const authenticator odd({"token", "Bearer token"});
    CHECK(odd.check(1, "token").agent == 0);
    CHECK(odd.check(1, "Bearer token").agent == 1);
    CHECK(odd.check(1, "bearer token").agent == 0);
}

TEST_CASE("auth: an identifier that begins with Bearer itself") {
    const authenticator door({"Bearer token"});
    CHECK(door.check(1, "Bearer token").what == credentials::accepted);
    CHECK(door.check(1, "Bearer Bearer token").what == credentials::accepted);
    CHECK(door.check(1, "token").what == credentials::wrong);
}

TEST_CASE("auth: equal in constant time says what == says") {
    const std::string_view samples[] = {"",    "a",   "b",    "aa",   "ab",  "ba",
                                        "aaa", "aba", "abab", "\xff", "abc", "abd"};
    for (const auto left : samples)
        for (const auto right : samples) {
            CAPTURE(left);
            CAPTURE(right);
            CHECK(equal_in_constant_time(left, right) == (left == right));
        }
    const std::string_view zero("\0", 1);
    CHECK_FALSE(equal_in_constant_time("", zero));
    CHECK_FALSE(equal_in_constant_time(zero, ""));
}
