#include "config/secrets.hpp"

#include <doctest/doctest.h>

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
