#include "backend/lifecycle.hpp"

#include "backend/every_event.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

using namespace drawbridge::backend;

namespace {

constexpr std::array states = {state::stopped,      state::pulling,  state::starting,
                               state::initializing, state::ready,    state::degraded,
                               state::backoff,      state::draining, state::stopping};

constexpr auto& events = drawbridge::testing::every_event;

// One row for each state, one letter for each event, in the order above. A letter names the state that
// follows, a dot that the event has no meaning there.
//   o stopped, p pulling, s starting, i initializing, r ready, g degraded, b backoff, d draining, x stopping
//
//  start | image ready, failed | spawned, failed | initialized, failed, older | lost | probe failed, ok |
//  retry | drain | drained | closed
constexpr std::array expected = {
    "p...........d..", // stopped
    ".sb.........d..", // pulling
    "...ib.......d..", // starting
    ".....rbp....d..", // initializing
    "........bg..d..", // ready
    "........b.r.d..", // degraded
    "...........pd..", // backoff
    "....x.xxx....x.", // draining
    "..............o", // stopping
};

std::optional<state> named(char letter) {
    switch (letter) {
    case 'o':
        return state::stopped;
    case 'p':
        return state::pulling;
    case 's':
        return state::starting;
    case 'i':
        return state::initializing;
    case 'r':
        return state::ready;
    case 'g':
        return state::degraded;
    case 'b':
        return state::backoff;
    case 'd':
        return state::draining;
    case 'x':
        return state::stopping;
    default:
        return std::nullopt;
    }
}

} // namespace

TEST_CASE("lifecycle: every state with every event") {
    static_assert(expected.size() == states.size());
    for (std::size_t from = 0; from < states.size(); ++from) {
        REQUIRE(std::string(expected[from]).size() == events.size());
        for (std::size_t what = 0; what < events.size(); ++what) {
            CAPTURE(to_string(states[from]));
            CAPTURE(what);
            CHECK(next(states[from], events[what]) == named(expected[from][what]));
        }
    }
}

TEST_CASE("lifecycle: from every state there is a way to ready again, none is final") {
    for (const auto start : states) {
        std::set<state> reached = {start};
        for (std::size_t round = 0; round < states.size(); ++round)
            for (const auto from : std::set<state>(reached))
                for (const auto what : events)
                    if (const auto to = next(from, what)) reached.insert(*to);
        CAPTURE(to_string(start));
        CHECK(reached.count(state::ready) == 1);
        CHECK(reached.count(state::stopped) == 1);
    }
}

TEST_CASE("lifecycle: ready is entered by a finished handshake or a good probe only") {
    for (const auto from : states)
        for (const auto what : events)
            if (next(from, what) == state::ready)
                CHECK((what == event::initialized || what == event::probe_ok));
}

TEST_CASE("lifecycle: the public word of every state, after every word") {
    for (const auto before : {status::stopped, status::running, status::error}) {
        CAPTURE(to_string(before));
        CHECK(next_status(before, state::stopped) == status::stopped);
        CHECK(next_status(before, state::ready) == status::running);
        CHECK(next_status(before, state::degraded) == status::running);
        CHECK(next_status(before, state::backoff) == status::error);
        for (const auto kept :
             {state::pulling, state::starting, state::initializing, state::draining, state::stopping})
            CHECK(next_status(before, kept) == before);
    }
}

TEST_CASE("lifecycle: the word along a whole life") {
    auto now = state::stopped;
    auto word = status::stopped;
    const auto step = [&](event what) {
        const auto to = next(now, what);
        REQUIRE(to);
        now = *to;
        word = next_status(word, now);
        return word;
    };
    for (const auto what : {event::start, event::image_ready, event::spawned})
        CHECK(step(what) == status::stopped); // up is not ready
    CHECK(step(event::initialized) == status::running);
    CHECK(step(event::lost) == status::error);
    for (const auto what : {event::retry, event::image_ready, event::spawned})
        CHECK(step(what) == status::error); // until it is ready again
    CHECK(step(event::initialized) == status::running);
    CHECK(step(event::drain) == status::running);
    CHECK(step(event::drained) == status::running);
    CHECK(step(event::closed) == status::stopped);
}

TEST_CASE("lifecycle: where calls are served and where they wait") {
    for (const auto each : states) {
        CAPTURE(to_string(each));
        CHECK(serves(each) == (each == state::ready || each == state::degraded));
        CHECK(comes_up(each) ==
              (each == state::pulling || each == state::starting || each == state::initializing));
    }
}

TEST_CASE("lifecycle: every state and status has a name of its own") {
    std::set<std::string_view> names;
    for (const auto each : states)
        names.insert(to_string(each));
    CHECK(names.size() == states.size());
    CHECK(names.count("unknown") == 0);
    CHECK(to_string(status::stopped) == "stopped");
    CHECK(to_string(status::running) == "running");
    CHECK(to_string(status::error) == "error");
}
