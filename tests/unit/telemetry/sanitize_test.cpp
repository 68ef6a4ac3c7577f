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

TEST_CASE("sanitize: a secret in JSON and URLs, however it is escaped") {
    const std::vector<std::string> secret = {"a\"b\\c d/é%"};
    CHECK(clean(R"(x "a\"b\\c d/é%" y)", secret) == R"(x "***" y)");
    CHECK(clean(R"(x "\u0061\"\u0062\\c d\/\u00e9%" y)", secret) == R"(x "***" y)");
    CHECK(clean(R"(x "{\"k\":\"a\\\"b\\\\c d/é%\"}" y)", secret) == R"(x "{\"k\":\"***\"}" y)");
    CHECK(clean("x a%22b%5Cc%20d%2F%C3%A9%25 y", secret) == "x *** y");
    CHECK(clean("x a%22b%5cc%20d/%c3%a9%25 y", secret) == "x *** y");
    CHECK(clean("x %61%2522b%255Cc%2520d%252F%25C3%25A9%2525 y", secret) == "x *** y"); // twice
    CHECK(clean(R"(x "a%22b%5Cc\u002520d%2F%C3%A9%25" y)", secret) == R"(x "***" y)");  // URL in JSON
    CHECK(clean("x a%5C%22b%5C%5Cc%20d/%C3%A9%25 y", secret) == "x *** y");             // JSON in a URL
    CHECK(clean(R"(x 'a\x22b\\c d/\xc3\xa9%' y)", secret) == "x '***' y");              // as Python prints it
    CHECK(clean(R"(\ud83d\ude00key-of-smiles)", {"😀key-of-smiles"}) == "***");
    // What is no escape stays.
    CHECK(clean(R"(100% \ \u12 \ud83d %4 C:\new)", secret) == R"(100% \ \u12 \ud83d %4 C:\new)");
    CHECK(clean("first line\\r\\nsecond line", {"first line\r\nsecond line"}) == "***");
}

TEST_CASE("sanitize: a secret in base64") {
    // "user:hunter22", "hunter22", and both with text around them, so that each begins at another bit.
    CHECK(clean("sent dXNlcjpodW50ZXIyMg== ok", {"hunter22"}) == "sent *** ok");
    CHECK(clean("k=aHVudGVyMjI= z", {"hunter22"}) == "k=*** z");
    CHECK(clean("x xeGh1bnRlcjIyeHg y", {"hunter22"}) == "x *** y"); // not from the first character
    CHECK(clean("x/eGh1bnRlcjIyeHg y", {"hunter22"}) == "*** y");    // '/' is a digit of it
    CHECK(clean("eHhodW50ZXIyMnh4eA==", {"hunter22"}) == "***");
    CHECK(clean("dXNlcjpodW50ZXIyMg%3D%3D", {"hunter22"}) == "***");
    CHECK(clean(R"("Pz8_aHVudGVyMjI" "Pz8\/aHVudGVyMjI")", {"hunter22"}) == R"("***" "***")");
    CHECK(clean("aHVudGVyMjJsb25nZXItdGhhbi1saW5l", {"hunter22longer-than-line-and-more"}) == "***"); // cut
    // As short as this it may stand in any word.
    CHECK(clean("YWJjZGU=", {"abcde"}) == "YWJjZGU=");
    CHECK(clean("YWJjZGVm", {"abcdef"}) == "***");
    CHECK(clean("dXNlcjpodW50ZXIyMg==", {"hunter23"}) == "dXNlcjpodW50ZXIyMg==");
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

TEST_CASE("hide_secrets: everything else stays as it is") {
    CHECK(drawbridge::telemetry::hide_secrets(" a\n\thunter22 \x1b[1m ", {"hunter22"}) ==
          " a\n\t*** \x1b[1m ");
    CHECK(drawbridge::telemetry::hide_secrets("--label=token=abc", {}) == "--label=token=***");
    CHECK(drawbridge::telemetry::hide_secrets("", {"hunter22"}) == "");
}

TEST_CASE("sanitize: cut on a character border, after hiding") {
    CHECK(sanitize("0123456789", {}, 10) == "0123456789");
    CHECK(sanitize("0123456789a", {}, 10) == "0123456...");
    CHECK(sanitize("012345é789", {}, 10) == "012345...");
    CHECK(sanitize("abcdef", {}, 2) == "ab");
    CHECK(sanitize("abcdef", {}, 0) == "");
    CHECK(sanitize("12345 hunter22 67", {"hunter22"}, 10) == "12345 *...");
}

TEST_CASE("sanitize: random secrets in every spelling") {
    std::mt19937 engine(5);
    const auto escaped = [&](std::string_view text, bool json) {
        constexpr std::string_view digits = "0123456789aBcDeF";
        std::string out;
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            const bool needed = c == '\\' || c == (json ? '"' : '%');
            if (needed || engine() % 3 == 0) {
                out += json ? "\\u00" : "%";
                out += {digits[byte >> 4], digits[byte & 15]};
            } else {
                out += c;
            }
        }
        return out;
    };
    for (int i = 0; i < 3000; ++i) {
        std::string secret;
        while (secret.size() < 4 + engine() % 20)
            secret += static_cast<char>(0x21 + engine() % 94);
        const auto once = escaped(secret, i % 2 == 0);
        const auto twice = escaped(once, i % 3 == 0);
        CAPTURE(secret);
        CAPTURE(twice);
        CHECK(clean("x " + once + " y", {secret}) == "x *** y");
        CHECK(clean("x " + twice + " y", {secret}) == "x *** y");
    }
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
         {"a",    "eyJ-",    "token=",      "token:\"",       "token:'", "://",     "://@", "\x1b]", "\x1b[",
          "sk-",  "bearer ", "-----BEGIN ", "ghp_",           "AKIA",    "\\u0061", "%61",  "%25",   "\\\\",
          "YWFh", "YWFh ",   "xoxb-",       "eyJaaaaaaaaaa.", "\\",      "a@"}) {
        CAPTURE(piece);
        std::string raw;
        while (raw.size() < 500'000)
            raw += piece;
        CHECK(sanitize(raw, secrets, 2000).size() <= 2000);
    }
}
