// Counts one call of a client, however it ends.
#pragma once

#include "backend/call.hpp"
#include "core/asio.hpp"
#include "health/meters.hpp"

#include <string_view>

namespace drawbridge::session {

// Lives on the session's loop. Destroyed before the end was noted, it counts the call as cancelled: its
// caller does not wait any more.
class call_meter {
  public:
    call_meter(health::server_meters* counted, std::string_view method)
        : counted_(counted)
        , method_(health::class_of(method)) {
        if (counted_ != nullptr) counted_->began();
    }
    call_meter(const call_meter&) = delete;
    call_meter& operator=(const call_meter&) = delete;
    ~call_meter() { end(health::call_outcome::cancelled); }

    void note(const backend::outcome& how) {
        using health::call_outcome;
        if (counted_ != nullptr && how.failure && how.failure->kind == mcp::fault_kind::overloaded)
            ++counted_->refused_full;
        if (how.failure)
            end(health::outcome_of(*how.failure));
        else if (how.response.empty())
            end(call_outcome::cancelled);
        else if (how.says == backend::outcome::kind::result)
            end(call_outcome::ok);
        else
            end(how.says == backend::outcome::kind::error ? call_outcome::error : call_outcome::tool_error);
    }

  private:
    void end(health::call_outcome how) {
        if (counted_ == nullptr) return;
        counted_->ended(method_, how, core::clock::now() - since_);
        counted_ = nullptr;
    }

    health::server_meters* counted_;
    health::method_class method_;
    core::time_point since_ = core::clock::now();
};

} // namespace drawbridge::session
