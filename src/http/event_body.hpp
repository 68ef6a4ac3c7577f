// A session's event stream as the body of a response.
#pragma once

#include "http/message.hpp"
#include "http/service.hpp"
#include "session/event_log.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace drawbridge::http {

class event_body final : public body_source {
  public:
    event_body(session::event_log::reader from, std::function<void()> on_close)
        : reader_(std::move(from))
        , on_close_(std::move(on_close)) {}
    ~event_body() override {
        if (on_close_) on_close_();
    }

    core::task<std::optional<std::string>> next() override { return reader_.next(); }
    void abandon() override { reader_.abandon(); }

  private:
    session::event_log::reader reader_;
    std::function<void()> on_close_;
};

inline reply event_reply(session::event_log::reader from, std::function<void()> on_close = {}) {
    response head(200, "text/event-stream", std::string());
    head.headers.emplace_back("X-Accel-Buffering", "no"); // nginx would collect the events
    reply streamed(std::move(head));
    streamed.stream = std::make_unique<event_body>(std::move(from), std::move(on_close));
    return streamed;
}

} // namespace drawbridge::http
