#include "http/url.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::http;

TEST_CASE("url: taken apart, and shown without what is secret") {
    const auto plain = parse_url("http://Example.com/mcp");
    REQUIRE(plain);
    CHECK(plain->host == "example.com");
    CHECK(plain->port == 80);
    CHECK(plain->authority() == "example.com");
    const auto full = parse_url("HTTPS://user:pa@ss@[2001:DB8::1]:8443/a/b?key=secret#part");
    REQUIRE(full);
    CHECK(full->tls);
    CHECK(full->credentials == "user:pa@ss");
    CHECK(full->host == "2001:db8::1");
    CHECK(full->authority() == "[2001:db8::1]:8443");
    CHECK(full->target == "/a/b?key=secret");
    CHECK(full->shown() == "https://[2001:db8::1]:8443/a/b");
    CHECK(parse_url("https://h")->target == "/");
    CHECK(parse_url("https://h?x=1")->target == "/?x=1");
    CHECK(parse_url("https://h:443/")->authority() == "h");
}

TEST_CASE("url: what is none") {
    for (const auto* text : {"", "h", "ftp://h/", "http://", "http:///x", "http://h:0/", "http://h:65536/",
                             "http://h:8x/", "http://[::1/", "http://a b/", "http://h/\r\nX: y", "//h/"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_url(text));
    }
}

TEST_CASE("url: references of a server") {
    const auto base = *parse_url("https://h:8443/a/sse?x=1");
    CHECK(resolve_url(base, "/messages?id=2")->target == "/messages?id=2");
    CHECK(resolve_url(base, "messages")->target == "/a/messages");
    CHECK(resolve_url(base, "?id=2")->target == "/a/sse?id=2");
    CHECK(resolve_url(base, "https://h:8443/m")->same_origin(base));
    CHECK_FALSE(resolve_url(base, "https://h/m")->same_origin(base));
    CHECK_FALSE(resolve_url(base, "//evil.test/m")->same_origin(base));
    CHECK_FALSE(resolve_url(base, "http://h:8443/m")->same_origin(base));
}
