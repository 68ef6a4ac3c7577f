#include "session/event_log.hpp"

#include "core/run.hpp"

#include <doctest/doctest.h>

using namespace drawbridge;
using namespace std::chrono_literals;
using session::event_log;

namespace {

struct desk {
    core::asio::io_context loop{1};
    std::shared_ptr<event_log> log(std::size_t kept = 1000, bool ids = true) {
        return std::make_shared<event_log>(loop.get_executor(), 3, kept, ids);
    }
    std::optional<std::string> next(event_log::reader& from) { return testing::run(loop, from.next()); }
};

} // namespace

TEST_CASE("event log: events in order with ids, then the end") {
    desk at;
    const auto log = at.log();
    log->prime(1000ms);
    log->append("{1}");
    auto reader = log->attach();
    CHECK(at.next(reader) == "retry: 1000\nid: 3-1\ndata: \n\nid: 3-2\nevent: message\ndata: {1}\n\n");
    log->append("{2}");
    log->end();
    log->append("{too late}");
    CHECK(at.next(reader) == "id: 3-3\nevent: message\ndata: {2}\n\n");
    CHECK_FALSE(at.next(reader));
}

TEST_CASE("event log: a reader that comes back goes on behind the event that it names") {
    desk at;
    const auto log = at.log();
    for (const auto* text : {"{1}", "{2}", "{3}"})
        log->append(text);
    {
        auto first = log->attach();
        at.next(first);
        CHECK(log->attached());
    }
    CHECK_FALSE(log->attached());
    auto again = log->attach(1);
    CHECK(at.next(again) == "id: 3-2\nevent: message\ndata: {2}\n\nid: 3-3\nevent: message\ndata: {3}\n\n");
}

TEST_CASE("event log: without an event it goes on where the reader before stood; that one ends") {
    desk at;
    const auto log = at.log();
    log->append("{1}");
    auto first = log->attach();
    at.next(first);
    log->append("{2}");
    auto second = log->attach();
    CHECK_FALSE(at.next(first));
    CHECK(at.next(second)->find("{2}") != std::string::npos);
}

TEST_CASE(
    "event log: a reader that is too slow is told so and ends; without a reader the oldest are dropped") {
    desk at;
    const auto log = at.log(100);
    auto slow = log->attach();
    for (int number = 0; number < 10; ++number)
        log->append("{\"number\":" + std::to_string(number) + "}");
    CHECK(at.next(slow)->find("too slow") != std::string::npos);
    CHECK_FALSE(at.next(slow));
    CHECK(log->bytes() <= 100);
    auto next = log->attach(0);
    CHECK(at.next(next)->find("\"number\":9}") != std::string::npos);
}

TEST_CASE("event log: one event is always kept, however large") {
    desk at;
    const auto log = at.log(10, false);
    log->append(std::string(1000, 'x'));
    auto reader = log->attach();
    CHECK(at.next(reader) == "event: message\ndata: " + std::string(1000, 'x') + "\n\n");
}

TEST_CASE("event log: ids that clients send back") {
    const auto place = session::read_event_id("12-345");
    REQUIRE(place);
    CHECK(place->stream == 12);
    CHECK(place->event == 345);
    for (const auto* text :
         {"", "-", "1", "1-", "-1", "a-1", "1-2-3", "1-2x", " 1-2", "99999999999999999999-1"})
        CHECK_FALSE(session::read_event_id(text));
}
