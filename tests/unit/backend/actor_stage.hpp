// A backend actor with a real child process behind a fake container runtime, and what it reports.
#pragma once

#include "backend/actor.hpp"
#include "backend/fake_client.hpp"
#include "core/run.hpp"
#include "jsonrpc/envelope.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drawbridge::testing {

using namespace std::chrono_literals;
using backend::actor;
using backend::call;
using backend::outcome;
using backend::reply_sink;
using backend::state;
using backend::to_string;
using words = std::vector<std::string>;

struct stage {
    explicit stage(const std::string& script)
        : health(loop.get_executor(), 0)
        , seen(loop.get_executor())
        , group(loop.get_executor(), nullptr) {
        REQUIRE(::pipe2(out.data(), O_CLOEXEC | O_NONBLOCK) == 0);
        payloads.emplace(out[1]);
        client.server(script);
        settings.server.name = "test";
        settings.server.stdio.emplace();
        settings.server.stdio->image = "localhost/test";
        settings.server.stdio->stop_grace = 1s;
        settings.server.era = mcp::era::legacy; // the script answers initialize
        settings.server.startup_timeout = 15s;
        settings.server.tool_timeout = 15s;
        settings.client = client.runtime();
        settings.gateway.id = "0123456789abcdef";
        settings.gateway.run = "cafe0123";
        settings.gateway.runtime_dir = client.path("");
        settings.max_message_bytes = 4096;
        settings.max_queued_calls = 100;
        settings.counted = &counted;
    }
    stage(const stage&) = delete;
    ~stage() {
        if (server) server->address().stop(core::clock::now());
        testing::run(loop, group.join());
        health.address().send(health::message(health::finish_message{}));
        testing::run(loop, watching.join());
        ::close(out[0]);
        ::close(out[1]);
    }

    void start() {
        server = std::make_unique<actor>(loop.get_executor(), settings, health.address(), *payloads,
                                         telemetry::log());
        group.spawn("backend", server->run());
        watching.spawn("health", watch());
    }
    core::task<> watch() {
        for (;;) {
            auto next = co_await health.next();
            if (std::holds_alternative<health::finish_message>(next)) co_return;
            if (!std::holds_alternative<health::transition>(next)) continue;
            transitions.push_back(std::get<health::transition>(std::move(next)));
            seen.set();
        }
    }
    // Waits until this state has been entered that many times.
    void until(state wanted, std::size_t times = 1) {
        testing::run(loop, wait_for(wanted, times));
        REQUIRE(entered(wanted) >= times);
    }
    core::task<> wait_for(state wanted, std::size_t times) {
        while (entered(wanted) < times) {
            seen.reset();
            co_await seen.wait();
        }
    }
    std::size_t entered(state wanted) const {
        std::size_t count = 0;
        for (const auto& each : transitions)
            count += each.to == wanted;
        return count;
    }
    // "state word: reason", or "state word".
    words story() const {
        words told;
        for (const auto& each : transitions) {
            told.push_back(std::string(to_string(each.to)) + " " + std::string(to_string(each.status)));
            if (!each.why.text.empty()) told.back() += ": " + each.why.text;
        }
        return told;
    }
    const health::transition& last(state wanted) const {
        for (auto each = transitions.rbegin(); each != transitions.rend(); ++each)
            if (each->to == wanted) return *each;
        FAIL("this state was never entered");
        return transitions.front();
    }
    // Stopped in order: the actor's run() has returned.
    void finish(core::duration drain = 0s) {
        server->address().stop(core::clock::now() + drain);
        testing::run(loop, group.join());
        testing::settle(loop);
    }

    reply_sink::receiver submit(const std::string& method, const std::string& params = "{}",
                                const backend::client_ref& from = nullptr, std::uint64_t ticket = 0) {
        auto [sender, receiver] = reply_sink::make(loop.get_executor());
        std::string text =
            R"({"jsonrpc":"2.0","id":"c","method":")" + method + R"(","params":)" + params + "}";
        const auto id = jsonrpc::scan(text).id;
        call request(std::move(text), id, method, std::move(sender));
        request.from = from;
        request.ticket = ticket;
        server->address().submit(std::move(request));
        return std::move(receiver);
    }
    outcome answer(reply_sink::receiver& from) {
        auto next = testing::run(loop, from.next());
        REQUIRE(next.index() == 1);
        return std::get<1>(std::move(next));
    }
    outcome ask(const std::string& method, const std::string& params = "{}",
                const backend::client_ref& from = nullptr) {
        auto receiver = submit(method, params, from);
        return answer(receiver);
    }
    // The session begins: from now on it hears what the server says.
    outcome begin(const backend::client_ref& from) {
        return ask("initialize", R"({"protocolVersion":"2025-03-26"})", from);
    }
    // What stands on stdout; the channel is closed for it.
    std::string told() {
        finish();
        payloads.reset();
        std::string text(65536, '\0');
        const auto n = ::read(out[0], text.data(), text.size());
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }

    fake_client client;
    core::asio::io_context loop{1};
    health::server_meters counted;
    core::mailbox<health::message> health;
    core::event seen;
    std::vector<health::transition> transitions;
    std::array<int, 2> out{-1, -1};
    std::optional<telemetry::stdout_channel> payloads;
    backend::actor_settings settings;
    std::unique_ptr<actor> server;
    core::task_group watching{loop.get_executor(), nullptr};
    core::task_group group;
};

inline bool failed_with(const outcome& end, mcp::fault_kind what) {
    return end.failure && end.failure->kind == what;
}

inline std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

} // namespace drawbridge::testing
