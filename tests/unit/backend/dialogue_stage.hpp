// One dialogue without a server behind it: the test reads what is sent and plays the server.
#pragma once

#include "backend/dialogue.hpp"
#include "backend/guest.hpp"
#include "core/run.hpp"
#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::testing {

using namespace std::chrono_literals;
using backend::audience;
using backend::call;
using backend::client_ref;
using backend::dialogue;
using backend::outcome;
using backend::reach;
using backend::reply_sink;
using words = std::vector<std::string>;

struct recorder final : backend::carrier {
    bool send(std::string_view line, std::uint64_t call) override {
        if (!takes) return false;
        CHECK((call == 0 || jsonrpc::scan(line).id.in(line) == std::to_string(call)));
        sent.emplace_back(line);
        return true;
    }
    void forget(std::uint64_t call) override { forgotten.push_back(call); }
    void lose(health::cause, std::string why) override { lost.push_back(std::move(why)); }

    bool takes = true;
    words sent;
    std::vector<std::uint64_t> forgotten;
    words lost;
};

struct conversation {
    static constexpr std::uint64_t link = 7;

    explicit conversation(reach how_far, client_ref whose = nullptr)
        : listeners(std::make_shared<audience>(how_far))
        , owner(std::move(whose))
        , group(loop.get_executor(), nullptr) {
        settings.max_queued_calls = 1000;
        if (owner) listeners->join(owner);
    }
    explicit conversation(const guest& whose) : conversation(reach::exclusive, whose) {}
    conversation(const conversation&) = delete;
    ~conversation() {
        if (!talk) return;
        talk->end("the test is over");
        testing::run(loop, talk->join());
        testing::run(loop, group.join());
    }

    // The handshake is under way; its end is in `failure` once `shaken`.
    void start(core::time_point deadline = core::time_point::max()) {
        talk = std::make_unique<dialogue>(loop.get_executor(), link, settings, owner, listeners, way,
                                          telemetry::log());
        group.spawn("handshake", shake(deadline));
        testing::settle(loop);
    }
    core::task<> shake(core::time_point deadline) {
        failure = co_await talk->shake_hands(deadline);
        shaken = true;
    }
    // It is done, and what was sent in it is out of the way. The first call has the id 2.
    void up() {
        start();
        hear(R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{}}})");
        testing::settle(loop);
        REQUIRE(shaken);
        REQUIRE(failure == "");
        REQUIRE(way.sent.size() >= 2);
        way.sent.erase(way.sent.begin(), way.sent.begin() + 2);
    }

    // The server says this.
    void hear(std::string_view line) { CHECK(talk->receive(line)); }
    // What the server was told since this was asked last.
    words told() { return std::exchange(way.sent, {}); }

    reply_sink::receiver submit(std::string text, const client_ref& from = nullptr,
                                std::uint64_t ticket = 0) {
        auto [sender, receiver] = reply_sink::make(loop.get_executor());
        const auto message = jsonrpc::scan(text);
        REQUIRE(message.kind == jsonrpc::message_kind::request);
        const auto id = message.id;
        call request(std::move(text), id, message.method_name, std::move(sender));
        request.progress_token = message.progress_token;
        request.from = from;
        request.ticket = ticket;
        talk->submit(std::move(request));
        return std::move(receiver);
    }
    reply_sink::receiver ask(std::string_view method, std::string_view params, const client_ref& from,
                             std::string_view id = "1") {
        return submit(jsonrpc::request(id, method, params), from);
    }
    reply_sink::receiver subscribe(std::string_view uri, const client_ref& from, std::string_view id = "1") {
        return ask("resources/subscribe", R"({"uri":")" + std::string(uri) + "\"}", from, id);
    }

    // Something waits for the caller already.
    bool answered(reply_sink::receiver& from) {
        return testing::run(loop, from.wait_until(core::time_point::min()));
    }
    std::string progress(reply_sink::receiver& from) {
        auto next = testing::run(loop, from.next());
        REQUIRE(next.index() == 0);
        return std::get<0>(std::move(next));
    }
    outcome end(reply_sink::receiver& from) {
        auto next = testing::run(loop, from.next());
        REQUIRE(next.index() == 1);
        return std::get<1>(std::move(next));
    }
    std::string response(reply_sink::receiver& from) {
        auto what = end(from);
        CHECK_FALSE(what.failure);
        return what.response;
    }

    core::asio::io_context loop{1};
    recorder way;
    backend::dialogue_settings settings;
    std::shared_ptr<audience> listeners;
    client_ref owner;
    std::unique_ptr<dialogue> talk;
    bool shaken = false;
    std::string failure;
    core::task_group group;
};

// Messages of the server.
inline std::string result(const std::string& id, const std::string& value = "{}") {
    return R"({"jsonrpc":"2.0","id":)" + id + ",\"result\":" + value + "}";
}
inline std::string refusal(const std::string& id) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":-1,"message":"no"}})";
}
inline std::string note(const std::string& method, const std::string& params = "{}") {
    return R"({"jsonrpc":"2.0", "method":"notifications/)" + method + R"(","params":)" + params + "}";
}

inline bool ended_by(const outcome& end, mcp::fault_kind what) {
    return end.failure && end.failure->kind == what;
}
// The caller cancelled: it gets nothing.
inline bool is_nothing(const outcome& end) {
    return !end.failure && end.response.empty();
}

} // namespace drawbridge::testing
