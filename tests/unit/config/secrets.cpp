#include "config/secrets.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace drawbridge::config;

using strings = std::vector<std::string>;

static gateway gate_with(strings ids) {
    gateway gate;
    gate.agent_ids = std::move(ids);
    return gate;
}

static server remote(std::string url, std::vector<header> headers = {}) {
    server one;
    one.http.emplace();
    one.http->url = std::move(url);
    one.http->headers = std::move(headers);
    return one;
}

TEST_CASE("config secrets: agent ids and values of variables, short ones left out, each once") {
    server one;
    one.stdio.emplace();
    one.stdio->env = {
        {"TOKEN", "t0ken"}, {"MODE", "yes"}, {"SAME", "t0ken"}, {"EMPTY", ""}, {"FOUR", "4444"}};
    CHECK(secrets_of(gate_with({"first-agent", "abc", "second-agent"}), one) ==
          strings{"first-agent", "second-agent", "t0ken", "4444"});
    CHECK(secrets_of(gate_with({}), server()).empty());
}

TEST_CASE("config secrets: the key of requestState") {
    auto gate = gate_with({"first-agent"});
    gate.request_state_key = "a key of some length";
    CHECK(secrets_of(gate, server()) == strings{"a key of some length", "first-agent"});
}

TEST_CASE("config secrets: the place for traces") {
    auto gate = gate_with({"first-agent"});
    gate.tracing.emplace();
    gate.tracing->endpoint = "https://h.example/v1/traces?key=value-1";
    gate.tracing->headers = {{"authorization", "Bearer s3cret"}};
    CHECK(secrets_of(gate, server()) == strings{"first-agent", "Bearer s3cret", "s3cret", "value-1"});
}

TEST_CASE("config secrets: header values, whole and behind their scheme") {
    CHECK(
        secrets_of(gate_with({"agent"}), remote("https://h.example/mcp", {{"Authorization", "Bearer s3cret"},
                                                                          {"X-Basic", "basic  dTpw"},
                                                                          {"X-Token", "token abcd"},
                                                                          {"X-Key", "key-1"},
                                                                          {"X-Short", "Bearer xyz"}})) ==
        strings{"agent", "Bearer s3cret", "s3cret", "basic  dTpw", "dTpw", "token abcd", "abcd", "key-1",
                "Bearer xyz"});
}

TEST_CASE("config secrets: password and query values of a url, also percent-decoded") {
    CHECK(secrets_of(gate_with({}),
                     remote("https://user:pass%2Fword@h.example/mcp?key=v%61lue1&x=1&bare#frag")) ==
          strings{"pass%2Fword", "pass/word", "v%61lue1", "value1", "bare"});
    // '@' and ':' may stand in the password, '=' in a value.
    CHECK(secrets_of(gate_with({}), remote("https://u:p@ss:w@h:8443?k=ab==")) == strings{"p@ss:w", "ab=="});
    CHECK(secrets_of(gate_with({}), remote("https://lonetoken@h.example/")) == strings{"lonetoken"});
    CHECK(secrets_of(gate_with({}), remote("https://h.example/a@b?k=%zz%4&y=100%")) ==
          strings{"%zz%4", "100%"});
    CHECK(secrets_of(gate_with({}), remote("https://h.example/mcp#a?b=fragment")).empty());
    CHECK(secrets_of(gate_with({}), remote("")).empty());
}

TEST_CASE("config secrets: what a basic header says") {
    // name:pass-word-1, long-user-name:secret2
    CHECK(
        secrets_of(gate_with({}), remote("https://h.example/", {{"A", "Basic bmFtZTpwYXNzLXdvcmQtMQ=="}})) ==
        strings{"Basic bmFtZTpwYXNzLXdvcmQtMQ==", "bmFtZTpwYXNzLXdvcmQtMQ==", "pass-word-1"});
    CHECK(secrets_of(gate_with({}),
                     remote("https://h.example/", {{"A", "Basic bG9uZy11c2VyLW5hbWU6c2VjcmV0Mg=="}}))
              .back() == "long-user-name");
}

TEST_CASE("config secrets: a user beside a password, and keys in the path of a url") {
    CHECK(secrets_of(gate_with({}), remote("https://token%2Dof%2Da-user:x-oauth-basic@h.example/")) ==
          strings{"x-oauth-basic", "token%2Dof%2Da-user", "token-of-a-user"});
    CHECK(secrets_of(gate_with({}), remote("https://h.example/api/s/Zm9vYmFyMTIzNDU2Nzg5/mcp?x=1")) ==
          strings{"Zm9vYmFyMTIzNDU2Nzg5"});
}

TEST_CASE("config secrets: what variables hide inside") {
    server one;
    one.stdio.emplace();
    one.stdio->env = {{"DB", "postgres://app:p%40ssword@db/x?sslkey=key-1"}, {"HEADER", "Bearer abcdefg"}};
    CHECK(secrets_of(gate_with({}), one) == strings{"postgres://app:p%40ssword@db/x?sslkey=key-1",
                                                    "p%40ssword", "p@ssword", "key-1", "Bearer abcdefg",
                                                    "abcdefg"});
}

TEST_CASE("config secrets: arguments") {
    const auto of = [](strings words) {
        server one;
        one.stdio.emplace();
        one.stdio->entrypoint_args = words;
        const auto found = secrets_of(gate_with({}), one);
        one.stdio->runtime_args = std::exchange(one.stdio->entrypoint_args, {});
        CHECK(secrets_of(gate_with({}), one) == found);
        return found;
    };
    CHECK(of({"--token", "easy-word", "--api-key=other", "PASSWORD=third", "--token", "--verbose", "x"}) ==
          strings{"easy-word", "other", "third"});
    CHECK(of({"--header=Authorization=Bearer abcdefg"}).empty()); // not told from any other text
    CHECK(of({"--authorization=Bearer abcdefg"}) == strings{"Bearer abcdefg", "abcdefg"});
    CHECK(of({"https://u:pass@h.example/x?key=value", "--db=postgres://u:word@h/"}) ==
          strings{"pass", "value", "word"});
    // Keys in hexadecimal, base64 and base32, a UUID, also inside of something.
    const strings keys = {"9f86d081884c7d659a2feaa0c55ad015", "qL3xZ8vN2mK7pR5tY1wB", "JBSWY3DPEHPK3PXP7A",
                          "550e8400-e29b-41d4-a716-446655440000"};
    for (const auto& key : keys) {
        CHECK(of({key}) == strings{key});
        CHECK(of({"--label=note=" + key}) == strings{key});
        CHECK(of({"/data/" + key + "/x"}) == strings{key});
    }
    // Names, paths, versions, sizes and scripts stay readable.
    CHECK(
        of({"-y", "@modelcontextprotocol/server-github@2025.11.25",
            "/usr/local/lib/node_modules/package/index.js", "--max-old-space-size=4096", "linux-amd64-sha256",
            "docker.io/library/python:3.12-slim-bookworm", "--since=2025-11-25T08:00:00Z",
            "getRepositoryInformation", "internationalization", "1234567890123456", "--log-level", "debug",
            "echo \"$1\" | sed 's/x/y/'; exec server --port 8080"})
            .empty());
}
