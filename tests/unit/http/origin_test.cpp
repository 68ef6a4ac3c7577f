#include "http/origin.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace drawbridge::http;

namespace {

request_head asked(std::string origin, std::string host, bool loopback) {
    request_head head;
    head.origin = std::move(origin);
    head.host = std::move(host);
    head.loopback = loopback;
    return head;
}

const origin_policy policy("gate.example.com", {"https://app.example.com", "http://localhost:6274"},
                           {"gate", "[2001:db8::1]"});

bool origin_passes(const std::string& origin, bool loopback) {
    return !policy.refuses(asked(origin, loopback ? "localhost:8080" : "gate.example.com", loopback));
}

bool host_passes(const std::string& host) {
    return !policy.refuses(asked("", host, true));
}

} // namespace

TEST_CASE("origin: none at all is no browser") {
    CHECK(origin_passes("", true));
    CHECK(origin_passes("", false));
}

TEST_CASE("origin: the listed ones and the domain are allowed wherever the client comes from") {
    for (const std::string origin :
         {"https://app.example.com", "HTTPS://App.Example.COM", "http://localhost:6274",
          "https://gate.example.com", "http://gate.example.com", "https://GATE.example.com:8443"}) {
        CAPTURE(origin);
        CHECK(origin_passes(origin, true));
        CHECK(origin_passes(origin, false));
    }
}

TEST_CASE("origin: loopback names are allowed to who came over loopback") {
    for (const std::string origin :
         {"http://localhost", "http://localhost:3000", "https://LOCALHOST:3000", "http://127.0.0.1",
          "http://127.0.0.1:5173", "http://127.255.255.255", "http://[::1]", "http://[::1]:8080"}) {
        CAPTURE(origin);
        CHECK(origin_passes(origin, true));
        CHECK_FALSE(origin_passes(origin, false));
    }
}

TEST_CASE("origin: nothing else is, however much it looks like it") {
    for (const std::string origin : {
             "null",
             "NULL",
             "null, null",
             ", http://localhost",
             "http://localhost, http://evil.example.com",
             "http://evil.example.com, http://localhost",
             "evil.example.com",
             "http://evil.example.com",
             "http://evil.example.com:6274",
             "https://evil.app.example.com",
             "https://app.example.com.evil.com",
             "https://app.example.com:444",
             "https://app.example.com:443", // a browser leaves the scheme's own port out
             "https://app.example.com/",
             "http://app.example.com",
             "https://xgate.example.com",
             "https://gate.example.com.evil.com",
             "http://localhost.evil.com",
             "http://localhost.evil.com:3000",
             "http://evil.com.localhost",
             "http://localhost.",
             "http://xlocalhost",
             "http://127.0.0.1.evil.com",
             "http://127.0.0.1.evil.com:80",
             "http://127.evil.com",
             "http://127.0.0",
             "http://127.0.0.256",
             "http://127.0.0.1.1",
             "http://127...",
             "http://127.0.0.1.",
             "http://128.0.0.1",
             "http://0.0.0.0",
             "http://[::1].evil.com",
             "http://[::1]evil.com",
             "http://[::1",
             "http://[::2]",
             "http://::1",
             "http://[::ffff:127.0.0.1]",
             "http://localhost@evil.com",
             "http://localhost:80@evil.com",
             "http://user:localhost@evil.com",
             "http://evil.com@localhost",
             "http://localhost:evil.com",
             "http://localhost:80:80",
             "http://localhost#.evil.com",
             "http://localhost/.evil.com",
             "http://localhost\\.evil.com",
             "http://localhost?.evil.com",
             "http://evil.com/http://localhost",
             "http://",
             "://localhost.evil.com",
             "localhost",
             "localhost:3000",
             "//localhost",
             "file://",
             "http:localhost",
         }) {
        CAPTURE(origin);
        CHECK_FALSE(origin_passes(origin, true));
        CHECK_FALSE(origin_passes(origin, false));
    }
}

TEST_CASE("origin: a star allows all of them, null as well only where it is listed") {
    const origin_policy open("gate.example.com", {"*"}, {});
    CHECK_FALSE(open.refuses(asked("http://evil.example.com", "gate.example.com", false)));
    CHECK_FALSE(open.refuses(asked("null", "localhost", true)));
    CHECK(open.refuses(asked("http://evil.example.com", "evil.example.com", true))); // the host still counts
    const origin_policy files("gate.example.com", {"null"}, {});
    CHECK_FALSE(files.refuses(asked("null", "localhost", true)));
    CHECK(files.refuses(asked("http://evil.example.com", "localhost", true)));
}

TEST_CASE("origin: over loopback the host must be a name of ours") {
    for (const auto* host : {"localhost", "localhost:8080", "LocalHost:1", "127.0.0.1", "127.0.0.1:8080",
                             "127.1.2.3", "[::1]", "[::1]:8080", "gate.example.com", "Gate.Example.Com:443",
                             "gate", "GATE:8080", "[2001:db8::1]:80", "[2001:DB8::1]", "localhost:"}) {
        CAPTURE(host);
        CHECK(host_passes(host));
    }
    for (const auto* host : {"evil.example.com",
                             "evil.example.com:8080",
                             "localhost.evil.com",
                             "127.0.0.1.evil.com",
                             "gate.evil",
                             "example.com",
                             "x.gate.example.com",
                             "localhost, localhost",
                             ", localhost",
                             "localhost@evil.com",
                             "localhost:80@evil.com",
                             "localhost:x",
                             "localhost:80:80",
                             "::1",
                             "[::1",
                             "[::1]x",
                             "[::1]:x",
                             "[]",
                             ":8080",
                             " ",
                             "http://localhost",
                             "localhost/",
                             "2001:db8::1",
                             "10.0.0.1"}) {
        CAPTURE(host);
        CHECK_FALSE(host_passes(host));
    }
    CHECK(host_passes("")); // HTTP/1.0
}

TEST_CASE("origin: from elsewhere the host is not looked at, a proxy may have changed it") {
    CHECK_FALSE(policy.refuses(asked("", "evil.example.com", false)));
}

TEST_CASE("origin: the reason names the setting, never what was sent") {
    const auto origin = policy.refuses(asked("http://evil.example.com", "localhost", true));
    REQUIRE(origin);
    CHECK(origin->find("allowedOrigins") != std::string::npos);
    CHECK(origin->find("evil") == std::string::npos);
    const auto host = policy.refuses(asked("", "evil.example.com", true));
    REQUIRE(host);
    CHECK(host->find("allowedHosts") != std::string::npos);
    CHECK(host->find("evil") == std::string::npos);
}

TEST_CASE("origin: a policy without names lets only loopback names in") {
    const origin_policy bare("", {}, {""});
    CHECK_FALSE(bare.refuses(asked("", "localhost", true)));
    CHECK(bare.refuses(asked("", ":80", true)));
    CHECK(bare.refuses(asked("http://", "localhost", true)));
    CHECK(bare.refuses(asked("http://:80", "localhost", true)));
}
