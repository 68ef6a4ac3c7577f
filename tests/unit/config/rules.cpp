#include "config/rules.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace drawbridge::config;

using strings = std::vector<std::string>;

TEST_CASE("config rules: server names") {
    for (const std::string& name : strings{"a", "github", "A.b_c-9", "9", std::string(63, 'x')})
        CHECK_MESSAGE(!check_server_name(name), name);
    for (const std::string& name :
         strings{"", ".a", "-a", "_a", "a b", "a/b", "\xc3\xa9", std::string(64, 'x')})
        CHECK_MESSAGE(check_server_name(name).has_value(), name);
}

TEST_CASE("config rules: images with registries, ports, tags and digests") {
    const std::string digest = "sha256:" + std::string(64, 'a');
    for (const std::string& image :
         strings{"alpine", "node:lts-alpine", "ghcr.io/github/github-mcp-server:latest", "localhost:5000/img",
                 "localhost/img:v1", "host.example:5000/a/b/c:1.2", "10.0.0.1:443/x", "alpine@" + digest,
                 "reg.io:5000/a/b:tag@" + digest, "a__b/c--d.e:UPPER_tag.1-x", "Registry.Example/a"})
        CHECK_MESSAGE(!check_image(image), image);
    for (const std::string& image : strings{"",
                                            "-v",
                                            "--privileged",
                                            "a b",
                                            " a",
                                            "a ",
                                            "a:",
                                            ":tag",
                                            "a//b",
                                            "/a",
                                            "a/",
                                            "a:b:c",
                                            "a@sha256:12",
                                            "a@",
                                            "a@sha256:" + std::string(63, 'a'),
                                            "Alpine",
                                            "reg.io:port/a",
                                            "a:-x",
                                            "a\n",
                                            "https://reg.io/a",
                                            std::string(600, 'a')})
        CHECK_MESSAGE(check_image(image).has_value(), image);
    CHECK(check_image("Alpine")->message.find("lowercase") != std::string::npos);
}

TEST_CASE("config rules: T-CFG-015 a mount is host:container:mode") {
    mount out;
    REQUIRE(!check_mount("/host/data:/container/data:ro", out));
    CHECK(out.host == "/host/data");
    CHECK(out.container == "/container/data");
    CHECK(out.read_only);
    REQUIRE(!check_mount("/a b:/c,d:rw", out));
    CHECK(!out.read_only);
}

TEST_CASE("config rules: T-CFG-016 mounts with missing parts or relative paths") {
    mount out;
    for (const auto* text : {"", "/a", "/a:/b", "/a:/b:ro:z", "a:/b:ro", "/a:b:ro", ":/b:ro", "/a::ro",
                             "./a:/b:ro", "/a:/:ro", "/a://:ro", "/a\n:/b:ro"}) {
        CAPTURE(text);
        CHECK(check_mount(text, out).has_value());
    }
    CHECK(check_mount("/a:/b", out)->suggestion.find("mode is required") != std::string::npos);
}

TEST_CASE("config rules: T-CFG-017 a mode that is neither ro nor rw") {
    mount out;
    for (const auto* text : {"/a:/b:", "/a:/b:RO", "/a:/b:z", "/a:/b:ro,z", "/a:/b: ro"}) {
        CAPTURE(text);
        REQUIRE(check_mount(text, out).has_value());
        CHECK(check_mount(text, out)->message.find("mode") != std::string::npos);
    }
}

TEST_CASE("config rules: URLs") {
    for (const auto* url :
         {"https://api.example.com/mcp", "http://localhost:9000/mcp", "HTTP://h", "https://u:p@h/x?y=1#z",
          "http://[::1]:8080/", "http://127.0.0.1", "https://h_x.example:65535", "http://h?x=:y@z"})
        CHECK_MESSAGE(!check_url(url), url);
    for (const auto* url : {"",
                            "api.example.com",
                            "ftp://h",
                            "https://",
                            "https:///x",
                            "https://:80",
                            "http://h:0",
                            "http://h:65536",
                            "http://h:x",
                            "http://h:",
                            "http://a b",
                            "http://h/\n",
                            "http://h/\xc3\xa9",
                            "http://h\\x",
                            "http://u@",
                            "http://-h",
                            "http://h..x",
                            "http://[zz]",
                            "://h",
                            "http:/h",
                            "http://{host}/"})
        CHECK_MESSAGE(check_url(url).has_value(), url);
    CHECK(is_https("HTTPS://x"));
    CHECK(!is_https("http://x"));
}

TEST_CASE("config rules: names of variables and headers") {
    for (const auto* name : {"A", "_a1", "a.b-c"})
        CHECK_MESSAGE(!check_variable_name(name), name);
    for (const auto* name : {"", "1A", "A=B", "A B", "-A", "A\n", "\xc3\xa9"})
        CHECK_MESSAGE(check_variable_name(name).has_value(), name);
    for (const auto* name : {"Authorization", "X-Custom_1", "Host", "x!#$"})
        CHECK_MESSAGE(!check_header_name(name), name);
    for (const auto* name : {"", "A B", "A:", "A\r\n", "\xc3\xa9", "Content-Length", "transfer-encoding",
                             "Connection", "Mcp-Session-Id", "MCP-Protocol-Version"})
        CHECK_MESSAGE(check_header_name(name).has_value(), name);
}

TEST_CASE("config rules: header values hold no line ends") {
    CHECK(!check_header_value("Bearer abc"));
    CHECK(!check_header_value(""));
    CHECK(!check_header_value("a\tb \xc3\xa9"));
    for (const auto* value : {"a\n", "a\r\nX: y", "a\x01", "a\x7f"})
        CHECK(check_header_value(value).has_value());
}

TEST_CASE("config rules: agent ids can travel in a header") {
    for (const std::string& id : strings{"a", "gateway-secret-token", "a b~!", std::string(8192, 'x')})
        CHECK(!check_agent_id(id));
    for (const std::string& id :
         strings{"", " ", "\t", " a", "a ", "a\n", "\xc3\xa9", "a\x7f", std::string(8193, 'x')})
        CHECK(check_agent_id(id).has_value());
}

TEST_CASE("config rules: domains are hosts without scheme and port") {
    for (const auto* domain : {"localhost", "host.docker.internal", "10.0.0.1", "[::1]", "my_host"})
        CHECK_MESSAGE(!check_domain(domain), domain);
    for (const auto* domain : {"", " ", "http://localhost", "localhost:80", "::1", "a/b", "a b", "user@h"})
        CHECK_MESSAGE(check_domain(domain).has_value(), domain);
    CHECK(check_domain("::1")->suggestion.find("brackets") != std::string::npos);
}

TEST_CASE("config rules: hosts of a Host header have no port") {
    for (const auto* host : {"localhost", "gateway.example.com", "10.0.0.1", "[::1]", "My_Host"})
        CHECK_MESSAGE(!check_allowed_host(host), host);
    for (const auto* host : {"", "*", "*.example.com", "localhost:80", "http://h", "[::1]:80", "::1", "a/b"})
        CHECK_MESSAGE(check_allowed_host(host).has_value(), host);
}

TEST_CASE("config rules: origins are scheme, host and port") {
    for (const auto* origin :
         {"*", "https://app.example.com", "http://localhost:6274", "http://127.0.0.1", "http://[::1]:80",
          "HTTPS://A.Example", "vscode-webview://abc", "chrome-extension://abcdefgh"})
        CHECK_MESSAGE(!check_origin(origin), origin);
    for (const auto* origin : {"",
                               " ",
                               "null",
                               "app.example.com",
                               "https://",
                               "https://h/",
                               "https://h/app",
                               "https://h?x",
                               "https://u@h",
                               "https://*.example.com",
                               "https://h:0",
                               "https://h:65536",
                               "https://h:",
                               "https://h:x",
                               "https://h,https://i",
                               "1http://h",
                               "://h",
                               "https://[::1",
                               "https://a b",
                               "https://h\n"})
        CHECK_MESSAGE(check_origin(origin).has_value(), origin);
    CHECK(browser_spelling("HTTPS://App.Example:443") == "https://app.example");
    CHECK(browser_spelling("http://h:0080") == "http://h");
    CHECK(browser_spelling("https://h:80") == "https://h:80");
    CHECK(browser_spelling("http://[::1]") == "http://[::1]");
    CHECK(browser_spelling("*") == "*");
}

TEST_CASE("config rules: parts of a URL that may hold secrets") {
    CHECK(user_info("https://u:p@ss@h:1/x@y?z@") == "u:p@ss");
    CHECK(user_info("https://h/x@y") == "");
    CHECK(user_info("not a url") == "");
    CHECK(query("https://h/x?a=b&c=?#d?e") == "a=b&c=?");
    CHECK(query("https://h/x#?a") == "");
    CHECK(without_user_info("https://u:p@ss@h:1/x@y?z@") == "https://h:1/x@y?z@");
    CHECK(without_user_info("https://h/x@y") == "https://h/x@y");
    CHECK(without_user_info("") == "");
}

TEST_CASE("config rules: absolute paths") {
    CHECK(!check_absolute_path("/etc/ssl/\xc3\xa9 ca.pem"));
    for (const auto* path : {"", "a", "./a", " /a", "/a\n", "/a\x7f"})
        CHECK_MESSAGE(check_absolute_path(path).has_value(), path);
}

TEST_CASE("config rules: capabilities have their Linux names") {
    CHECK(!check_capability("CHOWN"));
    CHECK(!check_capability("NET_BIND_SERVICE"));
    CHECK(check_capability("CAP_CHOWN")->suggestion == "did you mean \"CHOWN\"?");
    CHECK(check_capability("chown")->suggestion == "did you mean \"CHOWN\"?");
    CHECK(check_capability("ALL").has_value());
    CHECK(check_capability("WHATEVER").has_value());
    CHECK(check_capability("").has_value());
}

TEST_CASE("config rules: trace ids are lowercase hexadecimal and not all 0") {
    CHECK(is_trace_hex("0123456789abcdef", 16));
    CHECK(!is_trace_hex("0123456789abcdeF", 16));
    CHECK(!is_trace_hex("0123456789abcde", 16));
    CHECK(!is_trace_hex("0000000000000000", 16));
}
