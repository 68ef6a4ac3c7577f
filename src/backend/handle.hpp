// What others hold of a backend: its address. Everything crosses by message; nobody sees its state.
#pragma once

#include "backend/call.hpp"
#include "backend/link.hpp"
#include "core/asio.hpp"
#include "core/mailbox.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace drawbridge::backend {

// Work lane.
struct notification_message {
    explicit notification_message(std::string message) : text(std::move(message)) {}
    std::string text;
};

// Control lane.
struct start_message {};
struct stop_message {
    explicit stop_message(core::time_point until) : drain_deadline(until) {}
    core::time_point drain_deadline; // calls in flight may finish until then
};
struct prefetch_message {}; // get the image before somebody waits for it
struct image_message {
    explicit image_message(std::string why) : error(std::move(why)) {}
    std::string error; // empty: the image is there
};
struct retry_message {
    explicit retry_message(std::uint64_t number) : round(number) {}
    std::uint64_t round;
};
struct drained_message {};

using message = std::variant<call, notification_message, start_message, prefetch_message, stop_message,
                             image_message, retry_message, drained_message, link_report>;

class handle {
  public:
    handle() = default;
    explicit handle(core::mailbox<message>::handle address) : address_(std::move(address)) {}

    // The answer comes through the call's sink. `initialize` is answered from the server's own handshake.
    void submit(call request) const {
        message wrapped(std::move(request));
        if (address_.offer(wrapped)) return;
        mcp::fault full(mcp::fault_kind::overloaded, "too many calls are waiting for this server");
        full.retry_after = std::chrono::seconds(1);
        std::get<call>(wrapped).reply.finish(outcome(std::move(full)));
    }
    // Best effort: a notification has no answer that could say that it was dropped.
    void notify(std::string text) const {
        message wrapped{notification_message(std::move(text))};
        address_.offer(wrapped);
    }
    // Want it up (start policy "eager").
    void start() const { address_.send(message(start_message{})); }
    void prefetch() const { address_.send(message(prefetch_message{})); }
    void stop(core::time_point drain_deadline) const { address_.send(message(stop_message(drain_deadline))); }

  private:
    core::mailbox<message>::handle address_;
};

} // namespace drawbridge::backend
