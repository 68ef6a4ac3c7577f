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
