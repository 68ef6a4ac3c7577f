#include "telemetry/sanitize.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using drawbridge::telemetry::sanitize;

namespace {

// Credentials are put together here, so that no scanner of repositories takes this file for a leak.
const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789";

std::string clean(std::string_view raw, const std::vector<std::string>& secrets = {}) {
    return sanitize(raw, secrets, 10000);
}

} // namespace

TEST_CASE("sanitize: known secrets") {
    CHECK(clean("the key is hunter22, yes", {"hunter22"}) == "the key is ***, yes");
    CHECK(clean("hunter22hunter22", {"hunter22"}) == "***");
    CHECK(clean("xhunter22x", {"hunter22"}) == "x***x");
    CHECK(clean("nothing here", {"hunter22", ""}) == "nothing here");
    // The longer one wins, whatever the order.
    CHECK(clean("a hunter22long b", {"hunter22", "hunter22long"}) == "a *** b");
    // Overlapping places are hidden as one.
    CHECK(clean("-abcdabcdab-", {"abcdab"}) == "-***-");
    CHECK(clean("-abcdefgh-", {"abcdef", "defgh"}) == "-***-");
}

TEST_CASE("sanitize: a short secret only as a whole word") {
    CHECK(clean("pin 17 in 1700 and x17 (17)", {"17"}) == "pin *** in 1700 and x17 (***)");
    CHECK(clean("ab cab", {"ab"}) == "*** cab");
}

TEST_CASE("sanitize: other spellings of a secret") {
    CHECK(clean(R"({"k":"a\"b\\cd"})", {"a\"b\\cd"}) == R"({"k":"***"})");
    CHECK(clean("GET /?q=a%2Fb%20cd&x=1", {"a/b cd"}) == "GET /?q=***&x=1");
    CHECK(clean("x s3cretvalue y", {"s3cretvalue\n"}) == "x *** y");
    CHECK(clean("line first-line-1 and second-line2", {"first-line-1\nsecond-line2\n"}) ==
          "line *** and ***");
    CHECK(clean("a first-line-1\nsecond-line2 b", {"first-line-1\nsecond-line2"}) == "a *** b");
    CHECK(clean("a s3cr\x1b[1met b", {"s3cret"}) == "a *** b");
}

TEST_CASE("sanitize: the beginning of a secret at the end of a cut text") {
    CHECK(clean("key=x 0123456789", {"0123456789abcdef"}) == "key=x ***");
    CHECK(clean("short 01234", {"0123456789abcdef"}) == "short 01234");
    CHECK(clean("01234567", {"0123456789abcdef"}) == "***");
    CHECK(clean("0123456789abcdef 0123456789", {"0123456789abcdef"}) == "*** ***");
}

TEST_CASE("sanitize: tokens by their shape") {
    for (const char* prefix :
         {"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_", "hf_"}) {
        CAPTURE(prefix);
        CHECK(clean("a " + (prefix + letters) + ", b") == "a ***, b");
        CHECK(clean("x=" + (prefix + letters)) == "x=***");
        CHECK(clean("my-" + (prefix + letters)) == "my-***");
        CHECK(clean(std::string(prefix) + "short") == std::string(prefix) + "short");
    }
    for (const char* prefix : {"xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-"}) {
        CHECK(clean("a " + (prefix + letters) + " b") == "a *** b");
    }
    CHECK(clean(std::string("id AK") + "IAABCDEFGHIJKLMNOP end") == "id *** end");
    CHECK(clean(std::string("id AS") + "IA0123456789ABCDEF") == "id ***");
    CHECK(clean("AKIA and ASIA are prefixes") == "AKIA and ASIA are prefixes");
    CHECK(clean("s"
                "k-" +
                letters) == "***");
}

TEST_CASE("sanitize: JSON web tokens") {
    const std::string header = "ey"
                               "JhbGciOiJIUzI1NiJ9";
    CHECK(clean("t " + header + ".eyJzdWIiOiIxIn0.c2ln-bmF_0 e") == "t *** e");
    CHECK(clean("t " + header + ".eyJzdWIiOiIxIn0 e") == "t *** e");
    CHECK(clean("t " + header + " e") == "t " + header + " e");
}

TEST_CASE("sanitize: Bearer, Basic and the Authorization header") {
    CHECK(clean("Authorization: Bearer abc.def-123=") == "Authorization: Bearer ***");
    CHECK(clean("sent bearer xyz and failed") == "sent bearer *** and failed");
    CHECK(clean("Proxy-Authorization: Basic dXNlcjpwYXNz") == "Proxy-Authorization: Basic ***");
    CHECK(clean(R"("authorization":"Bearer abc")") == R"("authorization":"***")");
    CHECK(clean("Authorization: my-plain-agent-id") == "Authorization: ***");
    CHECK(clean("Basic usage: run it") == "Basic usage: run it");
    CHECK(clean("Authorization failed") == "Authorization failed");
}

TEST_CASE("sanitize: values with a telling name") {
    CHECK(clean("GITHUB_TOKEN=abc123 next") == "GITHUB_TOKEN=*** next");
    CHECK(clean("password = p4ss") == "password = ***");
    CHECK(clean(R"({"api_key": "abc\"def", "n": 1})") == R"({"api_key": "***", "n": 1})");
    CHECK(clean(R"({\"token\":\"abc\",\"n\":1})") == R"({\"token\":\"***\",\"n\":1})");
    CHECK(clean("GET /?access_token=abc&page=2") == "GET /?access_token=***&page=2");
    CHECK(clean("no token: sign in first") == "no token: sign in first");
    CHECK(clean("max_tokens=100") == "max_tokens=100");
    CHECK(clean("token") == "token");
    CHECK(clean("token=") == "token=");
}

TEST_CASE("sanitize: user and password in a URL") {
    CHECK(clean("at https://user:pa%40ss@host:1/x?y end") == "at https://***@host:1/x?y end");
    CHECK(clean("postgres://u:p@ss@db/x") == "postgres://***@db/x");
    CHECK(clean("https://"
                "ghp@host") == "https://***@host");
    CHECK(clean("https://host/path@x a@b") == "https://host/path@x a@b");
    CHECK(clean("see https://host, mail a@b") == "see https://host, mail a@b");
}

TEST_CASE("sanitize: private keys, whole and line by line") {
    const std::string begin = "-----BEGIN "
                              "RSA PRIVATE KEY-----";
    const std::string end = "-----END "
                            "RSA PRIVATE KEY-----";
    CHECK(clean("key " + begin + "\nMIIabc\ndef\n" + end + " after") == "key *** after");
    CHECK(clean("key " + begin + "\nMIIabc\ndef") == "key ***");
    CHECK(clean("x" + begin + "MII") == "x***");
    CHECK(clean("-----BEGIN CERTIFICATE-----") == "-----BEGIN CERTIFICATE-----");
    std::string line;
    while (line.size() < 64)
        line += "MIIEpAIBAAKCAQEA7x/+";
    line.resize(64);
    CHECK(clean(line) == "***");
    CHECK(clean("  " + line + "\n") == "***");
    const std::string digest(64, 'a');
    CHECK(clean(digest) == digest);
}

TEST_CASE("sanitize: control characters, ANSI escapes, invalid UTF-8") {
    CHECK(clean("a\x1b[1;31mred\x1b[0m b") == "ared b");
    CHECK(clean("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\x1b(B") == "textlink");
    CHECK(clean("a\x1b") == "a");
    CHECK(clean("a\x1b[12") == "a12");
    CHECK(clean("a\x1b]no end") == "ano end");
    CHECK(clean("a\tb\r\nc\nd\re\x01\x7f") == "a b c d e");
    CHECK(clean("a\xC2\x9B"
                "31m\xC2\x85z") == "a31mz");
    CHECK(clean("é\xFF\xC3z") == "é\uFFFD\uFFFDz");
    CHECK(clean("line\n") == "line");
    CHECK(clean("") == "");
}

TEST_CASE("sanitize: cut on a character border, after hiding") {
    CHECK(sanitize("0123456789", {}, 10) == "0123456789");
    CHECK(sanitize("0123456789a", {}, 10) == "0123456...");
    CHECK(sanitize("012345é789", {}, 10) == "012345...");
    CHECK(sanitize("abcdef", {}, 2) == "ab");
    CHECK(sanitize("abcdef", {}, 0) == "");
    CHECK(sanitize("12345 hunter22 67", {"hunter22"}, 10) == "12345 *...");
}

TEST_CASE("sanitize: random text never keeps a secret and stays within the limit") {
    std::mt19937 engine(31);
    const std::vector<std::string> secrets = {"aab", "abab", "bbaabb", "aaaaaaaaaa"};
    for (int i = 0; i < 5000; ++i) {
        std::string raw;
        for (std::size_t left = engine() % 60; left > 0; --left)
            raw += "ab \x1b[m"[engine() % (i % 2 == 0 ? 2 : 6)];
        const std::string out = sanitize(raw, secrets, 40);
        CHECK(out.size() <= 40);
        for (const auto& secret : secrets) {
            if (secret.size() >= 4) CHECK(out.find(secret) == std::string::npos);
        }
    }
}

// Quadratic work on such a text would not end within the time that the whole suite has.
TEST_CASE("sanitize: hostile text comes to an end") {
    const std::vector<std::string> secrets = {std::string(40, 'a'), "aaaa", "token=token=token="};
    for (const char* piece :
         {"a", "eyJ-", "token=", "token:\"", "token:'", "://", "://@", "\x1b]", "\x1b[", "sk-", "bearer ",
          "-----BEGIN ", "ghp_", "AKIA", "xoxb-", "eyJaaaaaaaaaa.", "\\", "a@"}) {
        CAPTURE(piece);
        std::string raw;
        while (raw.size() < 500'000)
            raw += piece;
        CHECK(sanitize(raw, secrets, 2000).size() <= 2000);
    }
}
