#include "http/listener.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge::http;

TEST_CASE("listen address: what can be written") {
    struct row {
        const char* text;
        const char* host;
        std::uint16_t port;
    };
    constexpr row table[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080},
        {"0.0.0.0:65535", "0.0.0.0", 65535},
        {"127.0.0.1", "127.0.0.1", 0},
        {":8080", "127.0.0.1", 8080},
        {"localhost:1", "127.0.0.1", 1},
        {"localhost", "127.0.0.1", 0},
        {"[::1]:8080", "::1", 8080},
        {"[::]:0", "::", 0},
        {"[::1]", "::1", 0},
        {"::1", "::1", 0},
        {"2001:db8::1", "2001:db8::1", 0},
    };
    for (const auto& each : table) {
        CAPTURE(each.text);
        std::string error;
        const auto where = parse_listen_address(each.text, error);
        CHECK(error == "");
        CHECK(where.host == each.host);
        CHECK(where.port == each.port);
    }
}

TEST_CASE("listen address: what can't, and why") {
    for (const auto* text :
         {"example.com:80", "256.0.0.1:80", "127.0.0.1.1", "[::1:80", "[::1]80", "[127.0.0.1", "::1]:80", "[",
          "[:", "]", "[]", "[]:80", "[]:", "1.2.3.4:5:6", "http://127.0.0.1:80", "127.0.0.1 :80"}) {
        CAPTURE(text);
        std::string error;
        parse_listen_address(text, error);
        CHECK(error.find("\"" + std::string(text) + "\": the address must be an IP address") == 0);
    }
    for (const auto* text : {"127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:80x",
                             "127.0.0.1: 80", "127.0.0.1:x", "[::1]:99999999999"}) {
        CAPTURE(text);
        std::string error;
        parse_listen_address(text, error);
        CHECK(error == "\"" + std::string(text) + "\": the port must be a number from 0 to 65535");
    }
    for (const auto* text : {"127.0.0.1:", "localhost:", "[::1]:", ":"}) {
        CAPTURE(text);
        std::string error;
        parse_listen_address(text, error);
        CHECK(error == "\"" + std::string(text) + "\": there is no port behind the colon");
    }
}
