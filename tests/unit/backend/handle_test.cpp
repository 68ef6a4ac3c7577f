#include "backend/handle.hpp"

#include "core/run.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

using namespace drawbridge;
using namespace drawbridge::backend;
using testing::run;
using namespace std::chrono_literals;

namespace {

struct made_call {
    explicit made_call(core::asio::io_context& loop) : made_call(reply_sink::make(loop.get_executor())) {}
    explicit made_call(std::pair<reply_sink::sender, reply_sink::receiver> halves)
        : request(R"({"id":1,"method":"a"})", jsonrpc::span(), "a", std::move(halves.first))
        , receiver(std::move(halves.second)) {}

    call request;
    reply_sink::receiver receiver;
};

core::task<> take(core::mailbox<message>& from, std::optional<message>& into) {
    auto next = co_await from.next();
    into.emplace(std::move(next));
}

message next_of(core::asio::io_context& loop, core::mailbox<message>& from) {
    std::optional<message> taken;
    run(loop, take(from, taken));
    return std::move(*taken);
}

outcome end_of(core::asio::io_context& loop, reply_sink::receiver& from) {
    auto next = run(loop, from.next());
    REQUIRE(next.index() == 1);
    return std::get<1>(std::move(next));
}

} // namespace

TEST_CASE("handle: everything arrives as its message, control before work") {
    core::asio::io_context loop{1};
    core::mailbox<message> box(loop.get_executor(), 10);
    const handle to(box.address());
    made_call made(loop);
    to.submit(std::move(made.request));
    to.notify(nullptr, "note");
    to.start();
    to.prefetch();
    const auto deadline = core::clock::now();
    to.stop(deadline);
    CHECK(std::holds_alternative<start_message>(next_of(loop, box)));
    CHECK(std::holds_alternative<prefetch_message>(next_of(loop, box)));
    const auto stop = next_of(loop, box);
    REQUIRE(std::holds_alternative<stop_message>(stop));
    CHECK(std::get<stop_message>(stop).drain_deadline == deadline);
    auto asked = next_of(loop, box);
    REQUIRE(std::holds_alternative<call>(asked));
    CHECK(std::get<call>(asked).method == "a");
    const auto note = next_of(loop, box);
    REQUIRE(std::holds_alternative<notification_message>(note));
    CHECK(std::get<notification_message>(note).text == "note");
    outcome good(std::string("answer"));
    std::get<call>(asked).reply.finish(std::move(good));
    CHECK(end_of(loop, made.receiver).response == "answer");
}

TEST_CASE("handle: a call that does not fit is answered at once, a notification is dropped") {
    core::asio::io_context loop{1};
    core::mailbox<message> box(loop.get_executor(), 1);
    const handle to(box.address());
    to.notify(nullptr, "the only place");
    made_call made(loop);
    to.submit(std::move(made.request));
    to.notify(nullptr, "dropped");
    const auto end = end_of(loop, made.receiver);
    REQUIRE(end.failure);
    CHECK(end.failure->kind == mcp::fault_kind::overloaded);
    CHECK(end.failure->retry_after == 1s);
    CHECK(box.waiting() == 1);
}

TEST_CASE("handle: of nobody, or of a backend that is gone, a call still has its end") {
    core::asio::io_context loop{1};
    std::optional<core::mailbox<message>> box(std::in_place, loop.get_executor(), std::size_t{10});
    const handle gone(box->address());
    made_call before(loop);
    gone.submit(std::move(before.request));
    testing::settle(loop);
    box.reset(); // with the call in it
    const auto lost = end_of(loop, before.receiver);
    REQUIRE(lost.failure);
    CHECK(lost.failure->kind == mcp::fault_kind::answer_lost);
    for (const handle& each : {gone, handle()}) {
        made_call made(loop);
        each.submit(std::move(made.request));
        CHECK(end_of(loop, made.receiver).failure);
        each.notify(nullptr, "x");
        each.start();
        each.prefetch();
        each.stop(core::clock::now());
    }
}

TEST_CASE("handle: what follows a call comes behind it, and is never refused") {
    core::asio::io_context loop{1};
    core::mailbox<message> box(loop.get_executor(), 4);
    const handle to(box.address());
    const auto who = std::make_shared<const client>();
    made_call made(loop);
    to.submit(std::move(made.request));
    to.answer(answer_message(who, 3, "\"q\"", "{}"));
    to.cancel(cancel_message(who, 7, "\"why\""));
    to.release(who);
    CHECK(std::holds_alternative<call>(next_of(loop, box)));
    const auto answer = std::get<answer_message>(next_of(loop, box));
    CHECK(answer.from == who);
    CHECK(answer.link == 3);
    CHECK(answer.id_token == "\"q\"");
    CHECK(answer.text == "{}");
    const auto order = std::get<cancel_message>(next_of(loop, box));
    CHECK(order.from == who);
    CHECK(order.ticket == 7);
    CHECK(order.reason == "\"why\"");
    CHECK(std::get<release_message>(next_of(loop, box)).from == who);

    for (int i = 0; i < 4; ++i)
        to.notify(who, "fills it");
    to.answer(answer_message(who, 3, "1", "{}"));
    to.cancel(cancel_message(who, 7, ""));
    to.release(who);
    std::size_t notes = 0, others = 0;
    for (int i = 0; i < 7; ++i)
        ++(std::holds_alternative<notification_message>(next_of(loop, box)) ? notes : others);
    CHECK(notes == 4);
    CHECK(others == 3);
}
