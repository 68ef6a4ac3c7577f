// The transitions of all servers as the body of a response (GET /health/events).
#pragma once

#include "core/asio.hpp"
#include "health/feed.hpp"
#include "http/service.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace drawbridge::http {

class health_events final : public body_source {
  public:
    // `after`: the last transition that the reader knows; nothing: it begins now.
    health_events(health::feed& from, std::optional<std::uint64_t> after)
        : feed_(from)
        , resumes_(after.has_value())
        , reader_(from, after) {}

    core::task<std::optional<std::string>> next() override;
    void abandon() override {
        abandoned_ = true;
        reader_.end();
    }

  private:
    std::string hello() const;

    health::feed& feed_;
    bool resumes_;
    health::feed::reader reader_;
    bool greeted_ = false;
    bool abandoned_ = false;
};

} // namespace drawbridge::http
