// How a backend stands over all its links, and who shares one: tables.
#include "backend/standing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::backend;
using sharing = config::server::session_sharing;

namespace {

standing one(state now, status word, std::uint64_t incarnation) {
    standing made;
    made.now = now;
    made.word = word;
    made.incarnation = incarnation;
    return made;
}

client made(std::string session, std::size_t agent, bool input_capable) {
    client who;
    who.session = std::move(session);
    who.agent = agent;
    who.input_capable = input_capable;
    return who;
}

} // namespace

TEST_CASE("standing: which of the links speaks for the backend, in whatever order they stand") {
    constexpr auto no = status::stopped;
    constexpr auto up = status::running;
    constexpr auto bad = status::error;
    struct row {
        const char* what;
        std::vector<standing> links;
        standing expected;
    };
    const std::vector<row> table = {
        {"none", {}, standing{}},
        {"one that was never tried", {one(state::stopped, no, 0)}, standing{}},
        {"one that is ready", {one(state::ready, up, 4)}, one(state::ready, up, 4)},
        {"the newest of those that are ready",
         {one(state::ready, up, 2), one(state::ready, up, 9), one(state::ready, up, 5)},
         one(state::ready, up, 9)},
        {"ready beats degraded, however new",
         {one(state::degraded, up, 9), one(state::ready, up, 2)},
         one(state::ready, up, 2)},
        {"degraded still serves",
         {one(state::degraded, up, 2), one(state::degraded, up, 3), one(state::backoff, bad, 9)},
         one(state::degraded, up, 3)},
        {"one ready link is enough",
         {one(state::ready, up, 1), one(state::backoff, bad, 7), one(state::pulling, no, 8)},
         one(state::ready, up, 1)},
        {"none is ready: the newest attempt",
         {one(state::backoff, bad, 3), one(state::initializing, bad, 4), one(state::stopped, no, 9)},
         one(state::initializing, bad, 4)},
        {"it failed", {one(state::pulling, no, 3), one(state::backoff, bad, 4)}, one(state::backoff, bad, 4)},
        {"an old failure beats a link that ended in peace",
         {one(state::backoff, bad, 3), one(state::stopped, no, 4)},
         one(state::backoff, bad, 3)},
        {"on the way out",
         {one(state::draining, up, 3), one(state::stopped, no, 2)},
         one(state::draining, up, 3)},
        {"on the way out beside one that serves",
         {one(state::stopping, up, 3), one(state::ready, up, 2)},
         one(state::ready, up, 2)},
        {"nothing is needed",
         {one(state::stopped, no, 3), one(state::stopped, no, 5), one(state::stopped, no, 0)},
         one(state::stopped, no, 5)},
    };
    for (const auto& each : table) {
        CAPTURE(each.what);
        auto links = each.links;
        const auto by_number = [](const standing& left, const standing& right) {
            return left.incarnation < right.incarnation;
        };
        std::sort(links.begin(), links.end(), by_number);
        do {
            const bool same = summarize(links) == each.expected;
            CHECK(same);
        } while (std::next_permutation(links.begin(), links.end(), by_number));
    }
}

TEST_CASE("standing: the time of the next try comes with the link that speaks") {
    auto waits = one(state::backoff, status::error, 2);
    waits.next_try = core::time_point(std::chrono::hours(7));
    const standing links[] = {one(state::stopped, status::stopped, 1), waits};
    CHECK(summarize(links).next_try == waits.next_try);
}

TEST_CASE("standing: whom a link serves, for every way of sharing") {
    const auto single = made("", 1, false);
    const auto plain = made("s1", 1, false);
    const auto asks = made("s2", 1, true);
    const auto asks_single = made("", 3, true);
    struct row {
        const char* what;
        const client* who;
        const char* automatic;
        const char* shared;
        const char* per_agent;
        const char* per_session;
    };
    const row table[] = {
        {"the gateway", nullptr, "agent 0", "everybody", "agent 0", "nobody"},
        {"single requests", &single, "agent 1", "everybody", "agent 1", "nobody"},
        {"a session", &plain, "agent 1", "everybody", "agent 1", "session s1"},
        {"a session that can be asked", &asks, "session s2", "everybody", "agent 1", "session s2"},
        {"single requests of one that can be asked", &asks_single, "agent 3", "everybody", "agent 3",
         "nobody"},
    };
    for (const auto& each : table) {
        CAPTURE(each.what);
        CHECK(link_key(sharing::automatic, each.who) == each.automatic);
        CHECK(link_key(sharing::shared, each.who) == each.shared);
        CHECK(link_key(sharing::per_agent, each.who) == each.per_agent);
        CHECK(link_key(sharing::per_session, each.who) == each.per_session);
    }
}

TEST_CASE("standing: only a key of one session is exclusive, whatever the session is called") {
    const auto sly = made("everybody", 0, true);
    CHECK(is_exclusive(link_key(sharing::automatic, &sly)));
    CHECK(link_key(sharing::automatic, &sly) != link_key(sharing::shared, nullptr));
    for (const auto how : {sharing::automatic, sharing::shared, sharing::per_agent, sharing::per_session})
        CHECK_FALSE(is_exclusive(link_key(how, nullptr)));
}
