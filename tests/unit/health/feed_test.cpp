#include "health/feed.hpp"

#include "core/run.hpp"
#include "core/task_group.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::health;
using namespace std::chrono_literals;

namespace {

struct newsroom {
    void happen(std::uint64_t times = 1) {
        for (; times > 0; --times) {
            transition what(0, backend::state::ready, backend::state::backoff, backend::status::error, {});
            events.add(std::make_shared<const record>(events.newest() + 1, "time", std::move(what)));
        }
    }
    feed::reader::batch read(feed::reader& from, core::duration patience = 0s) {
        std::optional<feed::reader::batch> got;
        const auto keep = [&]() -> core::task<> {
            const auto deadline = core::clock::now() + patience;
            auto batch = co_await from.next(deadline);
            got = std::move(batch);
        };
        testing::run(loop, keep());
        return *got;
    }
    static std::vector<std::uint64_t> numbers(const feed::reader::batch& from) {
        std::vector<std::uint64_t> all;
        for (const auto& each : from.records)
            all.push_back(each->sequence);
        return all;
    }

    core::asio::io_context loop{1};
    feed events{loop.get_executor()};
};

using numbers = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("feed: a reader gets what happens after it came, once") {
    newsroom at;
    at.happen(3);
    feed::reader reader(at.events, std::nullopt);
    CHECK(at.read(reader).records.empty());
    at.happen(2);
    CHECK(at.numbers(at.read(reader)) == numbers{4, 5});
    CHECK(at.read(reader).records.empty());
}

TEST_CASE("feed: a reader resumes where it was") {
    newsroom at;
    at.happen(5);
    feed::reader reader(at.events, 2);
    const auto got = at.read(reader);
    CHECK_FALSE(got.missed);
    CHECK(at.numbers(got) == numbers{3, 4, 5});
}

TEST_CASE("feed: who missed something is told, and goes on from there") {
    newsroom at;
    at.happen(feed::kept + 10);
    feed::reader late(at.events, 5);
    CHECK(at.read(late).missed);
    at.happen();
    CHECK(at.numbers(at.read(late)) == numbers{feed::kept + 11});
    feed::reader just(at.events, 11); // the oldest that is kept is 12
    CHECK_FALSE(at.read(just).missed);
}

TEST_CASE("feed: a number of an earlier run is not known here") {
    newsroom at;
    at.happen(3);
    feed::reader reader(at.events, 40);
    const auto got = at.read(reader);
    CHECK(got.missed);
    CHECK(got.newest == 3);
}

TEST_CASE("feed: several readers, each at its own pace; one may leave") {
    newsroom at;
    feed::reader slow(at.events, std::nullopt);
    at.happen();
    {
        feed::reader quick(at.events, std::nullopt);
        at.happen();
        CHECK(at.numbers(at.read(quick)) == numbers{2});
    }
    at.happen();
    CHECK(at.numbers(at.read(slow)) == numbers{1, 2, 3});
}

TEST_CASE("feed: a reader that waits is woken by news and by its end") {
    newsroom at;
    feed::reader reader(at.events, std::nullopt);
    at.read(reader);
    core::task_group group(at.loop.get_executor(), nullptr);
    std::vector<numbers> seen;
    const auto follow = [&]() -> core::task<> {
        for (int i = 0; i < 2; ++i) {
            const auto forever = core::time_point::max();
            const auto batch = co_await reader.next(forever);
            seen.push_back(newsroom::numbers(batch));
        }
    };
    group.spawn("reader", follow());
    testing::settle(at.loop);
    CHECK(seen.empty());
    at.happen();
    testing::settle(at.loop);
    CHECK(seen == std::vector<numbers>{{1}});
    reader.end();
    testing::run(at.loop, group.join());
    CHECK(seen == std::vector<numbers>{{1}, {}});
}
