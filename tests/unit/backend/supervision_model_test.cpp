// A backend's links driven by random events: what health says must hold whatever happens, in any order.
#include "backend/every_event.hpp"
#include "backend/lifecycle.hpp"
#include "backend/standing.hpp"
#include "health/aggregator.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <random>
#include <set>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::backend;
using namespace std::chrono_literals;

namespace {

constexpr auto& events = drawbridge::testing::every_event;

struct model_link {
    standing now;
    bool live = false; // initialized, and not lost since
};

// The supervisor's sum over its links and the aggregator's record of it, without anything that runs.
struct model {
    explicit model(unsigned seed) : random(seed) {}

    void happen(model_link& link, event what) {
        const auto entered = next(link.now.now, what);
        if (!entered) return;
        if (what == event::initialized) link.live = true;
        if (what == event::lost || what == event::closed) link.live = false;
        if (what == event::era_shown) begun.erase(link.now.incarnation); // another one takes over at once
        link.now.now = *entered;
        link.now.word = next_status(link.now.word, *entered);
        if (*entered == state::pulling) {
            link.now.incarnation = ++incarnation;
            begun.insert(incarnation);
        }
        if (*entered == state::backoff || *entered == state::stopped) begun.erase(link.now.incarnation);
        tell();
    }

    void tell() {
        std::vector<standing> all;
        for (const auto& each : links)
            all.push_back(each.now);
        const auto now = summarize(all);
        if (now == told) return;
        health::transition change(0, told.now, now.now, now.word, health::reason());
        change.incarnation = now.incarnation;
        change.at = time += 1s;
        told = now;
        record = health::after(std::move(record),
                               std::make_shared<const health::record>(++sequence, "model", change));
        check();
    }

    void check() const {
        bool live = false;
        bool leaving = false;
        for (const auto& each : links) {
            live = live || each.live;
            leaving = leaving || each.now.now == state::stopping;
        }
        // On its way out it keeps its word until nothing of it is left.
        if (record.status == status::running) CHECK((live || leaving));
        CHECK(record.running_since.has_value() == (record.status == status::running));
        if (record.state == state::ready || record.state == state::degraded)
            CHECK(record.status == status::running);
        if (record.state == state::backoff) CHECK(record.status == status::error);
        if (record.state == state::stopped) CHECK(record.status == status::stopped);
        CHECK(record.transitions == sequence);
        CHECK(record.past->total == sequence);
        CHECK(record.past->recent.size() == std::min<std::size_t>(sequence, health::history::kept));
        for (std::size_t i = 1; i < record.past->recent.size(); ++i) {
            const auto& before = *record.past->recent[i - 1];
            const auto& after = *record.past->recent[i];
            REQUIRE(after.sequence == before.sequence + 1);
            REQUIRE(after.change.from == before.change.to); // a chain without gaps
        }
    }

    std::size_t any(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
    }

    std::mt19937 random;
    std::array<model_link, 3> links;
    standing told;
    health::server_health record;
    std::uint64_t incarnation = 0;
    std::uint64_t sequence = 0;
    core::time_point time{1000h};
    std::set<std::uint64_t> begun; // starts that have not ended
};

} // namespace

TEST_CASE("supervision: whatever happens, health does not lie, and every start has an end") {
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        model world(seed);
        for (int step = 0; step < 400; ++step)
            world.happen(world.links[world.any(world.links.size())], events[world.any(events.size())]);
        for (auto& link : world.links)
            for (const auto last : {event::drain, event::drained, event::closed})
                world.happen(link, last);
        CHECK(world.begun.empty());
        CHECK(world.record.status == status::stopped);
        CHECK_FALSE(world.record.running_since);
    }
}
