// A body that counts as an open stream as long as it lives.
#pragma once

#include "http/service.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace drawbridge::http {

class counted_stream final : public body_source {
  public:
    counted_stream(std::unique_ptr<body_source> body, std::uint64_t& open)
        : body_(std::move(body))
        , open_(open) {
        ++open_;
    }
    counted_stream(const counted_stream&) = delete;
    counted_stream& operator=(const counted_stream&) = delete;
    ~counted_stream() override { --open_; }

    core::task<std::optional<std::string>> next() override { return body_->next(); }
    void abandon() override { body_->abandon(); }

  private:
    std::unique_ptr<body_source> body_;
    std::uint64_t& open_;
};

} // namespace drawbridge::http
