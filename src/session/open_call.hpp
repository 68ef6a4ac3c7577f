// A request of a client whose answer is awaited: the receiving half of a call.
#pragma once

#include "backend/call.hpp"
#include "core/asio.hpp"
#include "jsonrpc/envelope.hpp"
#include "session/call_meter.hpp"
#include "session/upstream.hpp"
#include "telemetry/tracer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace drawbridge::session {

class event_log;

// Ends the span, if it is on, with what the client is told.
void end_span(telemetry::span& span, const backend::outcome& end);

// Lives on the session's loop. Destroying it says that nobody waits any more. A server works on for a legacy
// client; what a modern client does not wait for is cancelled.
class open_call {
  public:
    // `on_close`: told whether the answer has been taken.
    open_call(backend::reply_sink::receiver answer, const upstream& server, const jsonrpc::envelope& request,
              std::string id, std::function<void(bool)> on_close)
        : id_token(std::move(id))
        , method(request.method_name)
        , target(server)
        , meter_(server.counted, request.method_name)
        , answer_(std::move(answer))
        , on_close_(std::move(on_close)) {}
    open_call(const open_call&) = delete;
    open_call& operator=(const open_call&) = delete;
    ~open_call() {
        if (on_close_) on_close_(ended_);
    }

    // Messages (progress, log, requests of the server), then exactly one outcome.
    core::task<std::variant<std::string, backend::outcome>> next() {
        auto next = co_await answer_.next();
        if (const auto* end = std::get_if<backend::outcome>(&next)) {
            ended_ = true;
            meter_.note(*end);
            end_span(span, *end);
        }
        co_return next;
    }
    // False when nothing came before the deadline.
    core::task<bool> wait_until(core::time_point deadline) { return answer_.wait_until(deadline); }

    const std::string id_token; // the client's, as spelled
    const std::string method;
    const upstream& target;
    std::uint64_t number = 0;                       // names the request in the gateway's log
    std::function<std::string(std::string)> polish; // what a good answer still needs; may be empty
    // To be told the stream that its messages go out on, once there is one; may be empty.
    std::function<void(const std::shared_ptr<event_log>&)> on_stream;
    telemetry::span span; // off when the call is not traced; ends with it

  private:
    call_meter meter_;
    backend::reply_sink::receiver answer_;
    std::function<void(bool)> on_close_;
    bool ended_ = false;
};

} // namespace drawbridge::session
