// What others hold of a backend: its address. Everything crosses by message; nobody sees its state.
#pragma once

#include "backend/call.hpp"
#include "backend/client.hpp"
#include "backend/link_report.hpp"
#include "core/asio.hpp"
#include "core/mailbox.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace drawbridge::backend {

// Work lane.
struct notification_message {
    notification_message(client_ref client, std::string message)
        : from(std::move(client))
        , text(std::move(message)) {}
    client_ref from;
    std::string text;
};
// A client's answer to a request of the server.
struct answer_message {
    answer_message(client_ref client, std::uint64_t incarnation, std::string id, std::string message)
        : from(std::move(client))
        , link(incarnation)
        , id_token(std::move(id))
        , text(std::move(message)) {}
    client_ref from;
    std::uint64_t link; // that asked
    std::string id_token;
    std::string text; // with the server's id in it
};
struct cancel_message {
    cancel_message(client_ref client, std::uint64_t number, std::string why)
        : from(std::move(client))
        , ticket(number)
        , reason(std::move(why)) {}
    client_ref from;
    std::uint64_t ticket;
    std::string reason; // raw JSON, or empty
};
// The client's session has ended.
struct release_message {
    explicit release_message(client_ref client) : from(std::move(client)) {}
    client_ref from;
};

// Control lane. `slot` is the number of the link's place.
struct start_message {};
struct stop_message {
    explicit stop_message(core::time_point until) : drain_deadline(until) {}
    core::time_point drain_deadline; // calls in flight may finish until then
};
struct prefetch_message {}; // get the image before somebody waits for it
struct image_message {
    explicit image_message(std::string why) : error(std::move(why)) {}
    std::string error; // empty: image and network are there
};
struct retry_message {
    retry_message(std::uint64_t place, std::uint64_t number) : slot(place), round(number) {}
    std::uint64_t slot;
    std::uint64_t round;
};
struct drained_message {
    explicit drained_message(std::uint64_t place) : slot(place) {}
    std::uint64_t slot;
};
struct idle_message {
    explicit idle_message(std::uint64_t place) : slot(place) {}
    std::uint64_t slot;
};
struct check_message {
    explicit check_message(std::uint64_t place) : slot(place) {}
    std::uint64_t slot;
};
// How a check of a link ended.
struct check_result {
    bool passed = false;
    bool answered = false; // by its answer to the check, not by something else that it said
    bool refused = false;  // the server does not accept the gateway's credentials
    core::duration took{};
    std::string why; // it failed, for people
};
struct checked_message {
    checked_message(std::uint64_t place, std::uint64_t incarnation, check_result seen)
        : slot(place)
        , link(incarnation)
        , what(std::move(seen)) {}
    std::uint64_t slot;
    std::uint64_t link;
    check_result what;
};
struct reach_message {}; // a remote server that has no link may be looked at
struct reached_message {
    explicit reached_message(std::string why) : error(std::move(why)) {}
    std::string error; // empty: it takes connections
};
struct waited_message { // long enough for a free place
    explicit waited_message(std::uint64_t place) : slot(place) {}
    std::uint64_t slot;
};

using message =
    std::variant<call, notification_message, answer_message, cancel_message, release_message, start_message,
                 prefetch_message, stop_message, image_message, retry_message, drained_message, idle_message,
                 waited_message, check_message, checked_message, reach_message, reached_message, link_report>;

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
    void notify(client_ref from, std::string text) const {
        message wrapped(notification_message(std::move(from), std::move(text)));
        address_.offer(wrapped);
    }
    // Behind the calls that were submitted before, and never refused.
    void answer(answer_message what) const { follow(message(std::move(what))); }
    void cancel(cancel_message what) const { follow(message(std::move(what))); }
    void release(client_ref who) const { follow(message(release_message(std::move(who)))); }

    // Want it up (start policy "eager").
    void start() const { address_.send(message(start_message{})); }
    void prefetch() const { address_.send(message(prefetch_message{})); }
    void stop(core::time_point drain_deadline) const { address_.send(message(stop_message(drain_deadline))); }

  private:
    void follow(message what) const {
        if (!address_.offer(what)) address_.send(std::move(what));
    }

    core::mailbox<message>::handle address_;
};

} // namespace drawbridge::backend
