#include "session/server_requests.hpp"

#include <doctest/doctest.h>

using drawbridge::session::server_requests;

namespace {

server_requests::origin from(std::size_t server, std::uint64_t link, std::string id) {
    server_requests::origin made;
    made.upstream = server;
    made.link = link;
    made.id_token = std::move(id);
    return made;
}

} // namespace

TEST_CASE("server requests: equal ids of servers and links are told apart, and restored as spelled") {
    server_requests open;
    const auto first = open.add(from(0, 1, "0"));
    const auto second = open.add(from(1, 1, "0"));
    const auto third = open.add(from(0, 2, "\"\\u0061\""));
    CHECK(first != second);
    CHECK(open.take(std::to_string(third))->id_token == "\"\\u0061\"");
    CHECK_FALSE(open.take(std::to_string(third))); // once
    CHECK(open.take(1, 1, "0") == second);
    CHECK_FALSE(open.take(1, 1, "0"));
    CHECK(open.find(std::to_string(first))->upstream == 0);
    CHECK(open.size() == 1);
}

TEST_CASE("server requests: what is no id of ours finds nothing") {
    server_requests open;
    open.add(from(0, 1, "0"));
    for (const auto* id : {"", "0", "\"1\"", "1.0", "-1", "01x", "99999999999999999999999"}) {
        CAPTURE(id);
        CHECK_FALSE(open.take(id));
    }
}

TEST_CASE("server requests: those of a link that is gone") {
    server_requests open;
    const auto one = open.add(from(0, 1, "1"));
    open.add(from(0, 2, "1"));
    const auto two = open.add(from(0, 1, "2"));
    CHECK(open.take_all(0, 1) == std::vector<std::uint64_t>{one, two});
    CHECK(open.size() == 1);
}
