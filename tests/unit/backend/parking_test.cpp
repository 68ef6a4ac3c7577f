#include "backend/parking.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace drawbridge;
using namespace std::chrono_literals;
using backend::parking;

namespace {

using answers = std::vector<std::pair<std::string, std::string>>;
const core::time_point noon{std::chrono::hours(12)};

} // namespace

TEST_CASE("parking: each question has a key of its own, whatever ids the server takes") {
    parking all;
    CHECK_FALSE(all.has(7));
    all.ask(7, "0", "elicitation/create", R"({"message":"a"})");
    all.ask(7, "\"x\"", "roots/list", "");
    all.ask(8, "0", "sampling/createMessage", "{}");
    CHECK(all.has(7));
    CHECK_FALSE(all.has(9));
    CHECK(all.find(9) == nullptr);
    const auto asked = backend::wanted(*all.find(7));
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].method == "elicitation/create");
    CHECK(asked[0].params == R"({"message":"a"})");
    CHECK(asked[1].method == "roots/list");
    CHECK(asked[1].params == "");
    const auto others = backend::wanted(*all.find(8));
    REQUIRE(others.size() == 1);
    CHECK(asked[0].key != asked[1].key);
    CHECK(others[0].key != asked[0].key);
    CHECK(others[0].key != asked[1].key);
    all.erase(7);
    CHECK(all.find(7) == nullptr);
    all.clear();
    CHECK_FALSE(all.has(8));
}

TEST_CASE("parking: answers go to the questions they belong to, the rest stays open") {
    parking all;
    all.ask(7, "0", "elicitation/create", "{}");
    all.ask(7, "1", "roots/list", "{}");
    all.ask(7, "2", "roots/list", "{}");
    all.ask(8, "0", "roots/list", "{}");
    const auto asked = backend::wanted(*all.find(7));
    const auto& others = backend::wanted(*all.find(8));
    CHECK(all.send_away(7, noon) == 1);
    CHECK(all.find(7)->away);
    CHECK_FALSE(all.find(8)->away);

    const auto some = R"({"x":{},")" + asked[2].key + R"(":{"roots": []},")" + asked[0].key +
                      R"(":{"action":"decline"},")" + others[0].key + R"(":{},")" + asked[1].key +
                      R"(":null})";
    CHECK(all.take_answers(7, some) == answers{{"0", R"({"action":"decline"})"}, {"2", R"({"roots": []})"}});
    CHECK_FALSE(all.find(7)->away);
    auto left = backend::wanted(*all.find(7));
    REQUIRE(left.size() == 1);
    CHECK(left[0].key == asked[1].key); // asked again under the same name
    CHECK(all.send_away(7, noon) == 2);
    CHECK(all.take_answers(7, some) == answers{}); // answers of an earlier round change nothing
    CHECK(all.send_away(7, noon) == 3);
    CHECK(all.take_answers(7, "{\"" + asked[1].key + "\":{}}") == answers{{"1", "{}"}});
    CHECK(all.find(7)->open.empty());
    CHECK(all.has(7)); // until the call goes on

    CHECK(all.find(8)->open.size() == 1);
    for (const auto* unreadable : {"", "null", "[]", "{", "\"x\""}) {
        CHECK(all.take_answers(8, unreadable) == answers{});
        CHECK(all.find(8)->open.size() == 1);
    }
    CHECK(all.take_answers(9, "{}") == answers{});
    CHECK_FALSE(all.has(9));
}

TEST_CASE("parking: a server takes a question back") {
    parking all;
    all.ask(7, "0", "roots/list", "{}");
    all.ask(7, "\"0\"", "roots/list", "{}");
    all.withdraw("1");
    CHECK(all.find(7)->open.size() == 2);
    all.withdraw("0");
    REQUIRE(all.find(7)->open.size() == 1);
    CHECK(all.find(7)->open[0].id_token == "\"0\"");
    all.withdraw("\"0\"");
    CHECK(all.find(7)->open.empty());
    CHECK(all.has(7));
}

TEST_CASE("parking: only those whose client is away expire") {
    parking all;
    CHECK_FALSE(all.next_expiry());
    all.ask(1, "0", "roots/list", "{}");
    all.ask(2, "1", "roots/list", "{}");
    all.ask(3, "2", "roots/list", "{}");
    CHECK_FALSE(all.next_expiry());
    CHECK(all.away() == 0);
    all.send_away(1, noon + 2min);
    all.send_away(3, noon + 1min);
    CHECK(all.next_expiry() == noon + 1min);
    CHECK(all.away() == 2);
    CHECK(all.expired(noon).empty());
    CHECK(all.expired(noon + 1min) == std::vector<std::uint64_t>{3});
    CHECK(all.expired(noon + 3min) == std::vector<std::uint64_t>{1, 3});
    all.take_answers(3, "{}"); // it is back
    CHECK(all.away() == 1);
    CHECK(all.next_expiry() == noon + 2min);
    CHECK(all.expired(noon + 3min) == std::vector<std::uint64_t>{1});
    all.send_away(3, noon + 5min); // the time begins anew
    CHECK(all.expired(noon + 3min) == std::vector<std::uint64_t>{1});
    all.erase(1);
    CHECK(all.next_expiry() == noon + 5min);
}
