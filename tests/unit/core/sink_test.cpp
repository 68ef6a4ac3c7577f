#include "core/sink.hpp"

#include "core/run.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>

#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace drawbridge;
using testing::run;
using namespace std::chrono_literals;

namespace {

struct ending {
    ending() = default;
    explicit ending(std::string how) : text(std::move(how)) {}
    std::string text = "dropped";
};
using sink = core::sink<std::string, ending>;

constexpr std::size_t plenty = 100;

// Messages, then "= END".
core::task<std::vector<std::string>> all(sink::receiver& from) {
    std::vector<std::string> heard;
    for (;;) {
        auto next = co_await from.next();
        if (next.index() == 1) {
            heard.push_back("= " + std::get<1>(next).text);
            co_return heard;
        }
        heard.push_back(std::get<0>(std::move(next)));
    }
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("sink: messages in order, then the end") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    CHECK(sender.message("a", plenty));
    CHECK(sender.message("b", plenty));
    sender.finish(ending("done"));
    CHECK(run(loop, all(receiver)) == lines{"a", "b", "= done"});
}

TEST_CASE("sink: the first end counts, and nothing follows it") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    CHECK(static_cast<bool>(sender));
    sender.finish(ending("first"));
    CHECK_FALSE(static_cast<bool>(sender));
    CHECK(sender.abandoned());
    sender.finish(ending("second"));
    CHECK_FALSE(sender.message("late", plenty));
    CHECK(run(loop, all(receiver)) == lines{"= first"});
}

TEST_CASE("sink: a sender that is dropped gives the default end") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    {
        sink::sender holder = std::move(sender);
        CHECK(holder.message("a", plenty));
    }
    CHECK(run(loop, all(receiver)) == lines{"a", "= dropped"});
}

TEST_CASE("sink: a sender that is assigned over gives the default end to its own receiver") {
    core::asio::io_context loop{1};
    auto [old_sender, old_receiver] = sink::make(loop.get_executor());
    auto [new_sender, new_receiver] = sink::make(loop.get_executor());
    old_sender = std::move(new_sender);
    CHECK(run(loop, all(old_receiver)) == lines{"= dropped"});
    old_sender.finish(ending("new"));
    CHECK(run(loop, all(new_receiver)) == lines{"= new"});
}

TEST_CASE("sink: moving a sender ends nothing") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    sink::sender first = std::move(sender);
    sink::sender second = std::move(first);
    CHECK_FALSE(static_cast<bool>(first));
    second.finish(ending("done"));
    CHECK(run(loop, all(receiver)) == lines{"= done"});
}

TEST_CASE("sink: a waiting receiver is woken by a message, by the end and by the sender's death") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    auto& source = sender;
    core::asio::post(loop, [&] {
        source.message("a", plenty);
        core::asio::post(loop, [&] { source.finish(ending("done")); });
    });
    CHECK(run(loop, all(receiver)) == lines{"a", "= done"});

    auto [other, waiting] = sink::make(loop.get_executor());
    auto& doomed = other;
    core::asio::post(loop, [&] { const sink::sender dies = std::move(doomed); });
    CHECK(run(loop, all(waiting)) == lines{"= dropped"});
}

TEST_CASE("sink: at most the given number of messages waits; the end always gets through") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    CHECK(sender.message("a", 2));
    CHECK(sender.message("b", 2));
    CHECK_FALSE(sender.message("c", 2));
    sender.finish(ending("done"));
    CHECK(run(loop, all(receiver)) == lines{"a", "b", "= done"});
}

TEST_CASE("sink: the sender learns that the receiver is gone") {
    core::asio::io_context loop{1};
    sink::sender kept;
    CHECK(kept.abandoned());
    {
        auto [sender, receiver] = sink::make(loop.get_executor());
        kept = std::move(sender);
        CHECK_FALSE(kept.abandoned());
        const sink::receiver moved = std::move(receiver);
        CHECK_FALSE(kept.abandoned()); // moving is not leaving
    }
    CHECK(kept.abandoned());
    CHECK_FALSE(kept.message("nobody hears it", plenty));
    kept.finish(ending("nor this"));
}

TEST_CASE("sink: a tap puts messages between the sender's, in order") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    const auto tap = receiver.tap();
    const auto other = receiver.tap();
    CHECK(sender.message("a", plenty));
    CHECK(tap.message("b", plenty));
    CHECK(sender.message("c", plenty));
    CHECK(other.message("d", plenty));
    sender.finish(ending("done"));
    CHECK_FALSE(tap.message("late", plenty)); // nothing follows the end
    CHECK(run(loop, all(receiver)) == lines{"a", "b", "c", "d", "= done"});
}

TEST_CASE("sink: a tap wakes the receiver, counts against the same limit and ends nothing") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    auto& source = sender;
    {
        const auto tap = receiver.tap();
        core::asio::post(loop, [&source, tap] {
            CHECK(tap.message("a", 2));
            CHECK(source.message("b", 2));
            CHECK_FALSE(tap.message("too many", 2));
            CHECK_FALSE(source.message("too many", 2));
        });
    }
    CHECK(std::get<0>(run(loop, receiver.next())) == "a");
    CHECK(std::get<0>(run(loop, receiver.next())) == "b");
    CHECK(static_cast<bool>(sender)); // the tap is gone: that is not the sender's end
    sender.finish(ending("done"));
    CHECK(run(loop, all(receiver)) == lines{"= done"});
}

TEST_CASE("sink: a tap may outlive both halves, and one of nothing hears nothing") {
    core::asio::io_context loop{1};
    sink::tap tap;
    CHECK_FALSE(tap.message("to nobody", plenty));
    {
        auto [sender, receiver] = sink::make(loop.get_executor());
        tap = receiver.tap();
        CHECK(tap.message("a", plenty));
        const sink::receiver gone = std::move(receiver);
        CHECK(tap.message("b", plenty)); // moving is not leaving
    }
    CHECK_FALSE(tap.message("to the dead", plenty));
    sink::sender kept;
    {
        auto [sender, receiver] = sink::make(loop.get_executor());
        tap = receiver.tap();
        kept = std::move(sender);
    }
    CHECK_FALSE(tap.message("nobody listens", plenty)); // although the sender lives
}

TEST_CASE("sink: wait_until tells whether something is there, and takes nothing") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    const auto now = core::clock::now();
    CHECK_FALSE(run(loop, receiver.wait_until(now)));
    CHECK_FALSE(run(loop, receiver.wait_until(now + 20ms)));
    CHECK(core::clock::now() >= now + 20ms);

    auto& source = sender;
    core::asio::post(loop, [&source] { source.message("a", plenty); });
    CHECK(run(loop, receiver.wait_until(now + 1h)));
    CHECK(run(loop, receiver.wait_until(now))); // it is still there, however late one asks
    CHECK(std::get<0>(run(loop, receiver.next())) == "a");
    CHECK_FALSE(run(loop, receiver.wait_until(core::clock::now())));

    core::asio::post(loop, [&source] { source.finish(ending("done")); });
    CHECK(run(loop, receiver.wait_until(core::clock::now() + 1h))); // the end counts
    CHECK(run(loop, all(receiver)) == lines{"= done"});
}

TEST_CASE("sink: wait_until is woken by a tap and by a sender that is dropped") {
    core::asio::io_context loop{1};
    auto [sender, receiver] = sink::make(loop.get_executor());
    core::asio::post(loop, [tap = receiver.tap()] { tap.message("a", plenty); });
    CHECK(run(loop, receiver.wait_until(core::clock::now() + 1h)));
    CHECK(std::get<0>(run(loop, receiver.next())) == "a");
    auto& doomed = sender;
    core::asio::post(loop, [&doomed] { const sink::sender dies = std::move(doomed); });
    CHECK(run(loop, receiver.wait_until(core::clock::now() + 1h)));
    CHECK(run(loop, all(receiver)) == lines{"= dropped"});
}
