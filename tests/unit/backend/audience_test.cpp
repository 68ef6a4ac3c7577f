#include "backend/audience.hpp"

#include "backend/guest.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::backend;
using testing::guest;
using words = std::vector<std::string>;

namespace {

words names(const std::vector<client_ref>& clients) {
    words all;
    for (const auto& each : clients)
        all.push_back(each->session);
    return all;
}

} // namespace

TEST_CASE("audience: who is in it") {
    audience all(reach::one_agent);
    CHECK(all.empty());
    CHECK(all.only_member() == nullptr);
    CHECK(all.everybody().empty());
    const guest a("a"), b("b"), nobody("");
    all.join(a);
    all.join(a);
    all.join(nobody);
    all.join(nullptr);
    CHECK(names(all.everybody()) == words{"a"});
    CHECK(all.only_member() == client_ref(a));
    all.join(b);
    CHECK(names(all.everybody()) == words{"a", "b"});
    CHECK(all.only_member() == nullptr);
    CHECK(all.leave(*a).empty());
    CHECK(all.only_member() == client_ref(b));
    CHECK(all.leave(*a).empty()); // again
    CHECK(all.leave(*nobody).empty());
    all.leave(*b);
    CHECK(all.empty());
}

TEST_CASE("audience: one who joins again keeps what it asked for") {
    audience all(reach::one_agent);
    const guest a("a"), again("a");
    all.join(a);
    all.subscribe(*a, "x");
    all.set_level(*a, "error");
    all.join(again);
    CHECK(all.subscribers("x") == std::vector<client_ref>{again});
    CHECK(all.level() == "error");
}

TEST_CASE("audience: how far it reaches") {
    for (const auto how : {reach::exclusive, reach::one_agent, reach::everybody}) {
        const audience all(how);
        CHECK(all.shared_by() == how);
        CHECK(all.exclusive() == (how == reach::exclusive));
    }
}

TEST_CASE("audience: the server hears of the first subscription and of the last end") {
    audience all(reach::one_agent);
    const guest a("a"), b("b"), stranger("c");
    all.join(a);
    all.join(b);
    CHECK(all.subscribe(*a, "x"));
    CHECK_FALSE(all.subscribe(*a, "x")); // it has it
    CHECK_FALSE(all.subscribe(*b, "x"));
    CHECK(all.subscribe(*b, "y"));
    CHECK(names(all.subscribers("x")) == words{"a", "b"});
    CHECK(names(all.subscribers("y")) == words{"b"});
    CHECK(all.subscribers("").empty());
    CHECK(all.subscribers("X").empty());
    CHECK(all.subscriptions() == words{"x", "y"});

    CHECK_FALSE(all.unsubscribe(*a, "x")); // b holds it
    CHECK_FALSE(all.unsubscribe(*a, "y")); // it never had it, and b holds it
    CHECK(names(all.subscribers("x")) == words{"b"});
    CHECK(all.unsubscribe(*b, "x"));
    CHECK(all.unsubscribe(*b, "x"));
    CHECK(all.subscriptions() == words{"y"});

    CHECK(all.subscribe(*stranger, "y")); // who is not in it decides nothing for the others
    CHECK(names(all.subscribers("y")) == words{"b"});
    CHECK_FALSE(all.unsubscribe(*stranger, "y"));
}

TEST_CASE("audience: who leaves takes along what nobody else holds") {
    audience all(reach::everybody);
    const guest a("a"), b("b", 1);
    all.join(a);
    all.join(b);
    for (const auto* uri : {"x", "y", "z"})
        all.subscribe(*a, uri);
    all.subscribe(*b, "y");
    all.subscribe(*b, "w");
    CHECK(all.leave(*a) == words{"x", "z"});
    CHECK(all.leave(*a) == words{});
    CHECK(all.subscriptions() == words{"w", "y"});
    CHECK(all.leave(*b) == words{"w", "y"});
    CHECK(all.subscriptions().empty());
}

TEST_CASE("audience: levels in their order") {
    const char* const names[] = {"debug", "info",     "notice", "warning",
                                 "error", "critical", "alert",  "emergency"};
    std::size_t place = 0;
    for (const auto* each : names)
        CHECK(level_order(each) == place++);
    for (const auto* each : {"", "Debug", "warn", "trace", "debug "})
        CHECK_FALSE(level_order(each));
}

TEST_CASE("audience: the server is told of a level when it says less than this now") {
    audience all(reach::one_agent);
    const guest a("a"), b("b"), stranger("c");
    all.join(a);
    all.join(b);
    CHECK(all.level() == "");
    CHECK(all.set_level(*a, "warning")); // the first
    CHECK_FALSE(all.set_level(*b, "error"));
    CHECK_FALSE(all.set_level(*b, "warning"));
    CHECK(all.level() == "warning");
    CHECK(all.set_level(*b, "debug"));
    CHECK(all.level() == "debug");
    CHECK_FALSE(all.set_level(*a, "emergency"));
    CHECK(all.level() == "debug");
    CHECK(all.set_level(*a, "loud")); // for the server to refuse
    CHECK(all.level() == "debug");
    CHECK(all.set_level(*stranger, "info"));
    CHECK(all.level() == "debug");
    all.leave(*b);
    CHECK(all.level() == "emergency");
    all.leave(*a);
    CHECK(all.level() == "");
}

TEST_CASE("audience: the server of one client alone hears everything of it") {
    audience all(reach::exclusive);
    const guest a("a");
    all.join(a);
    CHECK(all.set_level(*a, "debug"));
    CHECK(all.set_level(*a, "error"));
    CHECK(all.level() == "error");
    CHECK(all.set_level(*a, "error"));
    CHECK(all.set_level(*a, "loud"));
    CHECK(all.level() == "error");
}
