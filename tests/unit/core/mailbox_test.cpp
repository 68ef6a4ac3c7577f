#include "core/mailbox.hpp"

#include "core/run.hpp"

#include <doctest/doctest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace drawbridge;
using testing::run;

namespace {

using box = core::mailbox<std::string>;

core::task<std::vector<std::string>> take(box& from, std::size_t count) {
    std::vector<std::string> taken;
    while (taken.size() < count) {
        auto message = co_await from.next();
        taken.push_back(std::move(message));
    }
    co_return taken;
}

bool offer(const box::handle& to, std::string text) {
    return to.offer(text);
}

struct numbered {
    int sender = 0;
    int number = 0;
};

core::task<std::vector<numbered>> take_numbered(core::mailbox<numbered>& from, std::size_t count) {
    std::vector<numbered> taken;
    while (taken.size() < count) {
        const auto message = co_await from.next();
        taken.push_back(message);
    }
    co_return taken;
}

} // namespace

TEST_CASE("mailbox: control goes before work, each in order of arrival") {
    core::asio::io_context loop{1};
    box mail(loop.get_executor(), 10);
    const auto to = mail.address();
    CHECK(offer(to, "work 1"));
    to.send("control 1");
    CHECK(offer(to, "work 2"));
    to.send("control 2");
    const auto taken = run(loop, take(mail, 4));
    CHECK(taken == std::vector<std::string>{"control 1", "control 2", "work 1", "work 2"});
    CHECK(mail.waiting() == 0);
}

TEST_CASE("mailbox: work is bounded, and a refused message is untouched") {
    core::asio::io_context loop{1};
    box mail(loop.get_executor(), 2);
    const auto to = mail.address();
    CHECK(offer(to, "a"));
    CHECK(offer(to, "b"));
    CHECK(mail.waiting() == 2);
    std::string refused = "still here, and longer than any small buffer";
    CHECK_FALSE(to.offer(refused));
    CHECK(refused == "still here, and longer than any small buffer");
    CHECK(mail.waiting() == 2);
    CHECK(run(loop, take(mail, 1)) == std::vector<std::string>{"a"});
    CHECK(to.offer(refused)); // there is room again
    CHECK_FALSE(offer(to, "d"));
}

TEST_CASE("mailbox: control is never refused") {
    core::asio::io_context loop{1};
    box mail(loop.get_executor(), 0);
    const auto to = mail.address();
    CHECK_FALSE(offer(to, "work"));
    for (int i = 0; i < 1000; ++i)
        to.send(std::to_string(i));
    const auto taken = run(loop, take(mail, 1000));
    CHECK(taken.front() == "0");
    CHECK(taken.back() == "999");
}

TEST_CASE("mailbox: a waiting owner is woken by either lane") {
    core::asio::io_context loop{1};
    box mail(loop.get_executor(), 1);
    const auto to = mail.address();
    core::asio::post(loop, [&] { to.send("control"); });
    CHECK(run(loop, take(mail, 1)) == std::vector<std::string>{"control"});
    core::asio::post(loop, [&] { offer(to, "work"); });
    CHECK(run(loop, take(mail, 1)) == std::vector<std::string>{"work"});
}

TEST_CASE("mailbox: from several threads each message arrives once, in order for each sender") {
    constexpr int senders = 4;
    constexpr int each = 2000;
    core::asio::io_context loop{1};
    core::mailbox<numbered> mail(loop.get_executor(), senders * each);
    std::vector<std::thread> threads;
    for (int sender = 0; sender < senders; ++sender)
        threads.emplace_back([sender, to = mail.address()] {
            for (int i = 0; i < each; ++i) {
                numbered message;
                message.sender = sender;
                message.number = i;
                if (sender % 2 == 0)
                    to.send(message);
                else
                    to.offer(message);
            }
        });
    const auto taken = run(loop, take_numbered(mail, senders * each));
    for (auto& thread : threads)
        thread.join();
    std::array<int, senders> next{};
    bool ordered = true;
    for (const auto& message : taken)
        ordered = ordered && message.number == next[static_cast<std::size_t>(message.sender)]++;
    CHECK(ordered);
    for (const int count : next)
        CHECK(count == each);
    CHECK(mail.waiting() == 0);
}

TEST_CASE("mailbox: threads that race for the last places get exactly as many as there are") {
    constexpr std::size_t room = 100;
    core::asio::io_context loop{1};
    core::mailbox<numbered> mail(loop.get_executor(), room);
    std::atomic<std::size_t> accepted{0};
    std::vector<std::thread> threads;
    for (int sender = 0; sender < 4; ++sender)
        threads.emplace_back([&accepted, to = mail.address()] {
            for (int i = 0; i < 1000; ++i) {
                numbered message;
                if (to.offer(message)) ++accepted;
            }
        });
    for (auto& thread : threads)
        thread.join();
    CHECK(accepted == room);
    CHECK(run(loop, take_numbered(mail, room)).size() == room);
}

TEST_CASE("mailbox: of an owner that is gone") {
    core::asio::io_context loop{1};
    box::handle to;
    CHECK(to.gone());
    {
        box mail(loop.get_executor(), 10);
        to = mail.address();
        CHECK_FALSE(to.gone());
    }
    CHECK(to.gone());
    to.send("dropped");
    std::string text = "kept";
    CHECK_FALSE(to.offer(text));
    CHECK(text == "kept");
}

TEST_CASE("mailbox: what was never taken is destroyed with the owner") {
    core::asio::io_context loop{1};
    const auto witness = std::make_shared<int>(1);
    {
        core::mailbox<std::shared_ptr<int>> mail(loop.get_executor(), 10);
        mail.address().send(witness);
        auto work = witness;
        CHECK(mail.address().offer(work));
        CHECK(witness.use_count() > 1);
        testing::settle(loop); // the messages have crossed
    }
    CHECK(witness.use_count() == 1);
}
