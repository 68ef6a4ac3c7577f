// The HTTP interface of the gateway (Gateway 5.1): who may ask what, and who answers.
#pragma once

#include "config/config.hpp"
#include "core/asio.hpp"
#include "core/gate.hpp"
#include "health/board.hpp"
#include "health/meters.hpp"
#include "http/auth.hpp"
#include "http/health_endpoint.hpp"
#include "http/mcp_endpoint.hpp"
#include "http/origin.hpp"
#include "http/router.hpp"
#include "http/service.hpp"
#include "telemetry/log.hpp"

#include <functional>
#include <optional>
#include <string>

namespace drawbridge::http {

// Lives on one loop.
class front final : public service {
  public:
    front(core::executor loop, const config::gateway& settings, const health::board& board,
          health_endpoint& health, mcp_endpoint& endpoint, health::meters& counted,
          std::function<void()> on_close, telemetry::log log);

    std::optional<response> screen(request_head& head) override;
    core::task<reply> serve(request_head head, std::string body) override;

    // From now on new RPCs get 503; those in flight go on (Gateway 5.1.3).
    void close() { in_flight_.close(); }
    bool closing() const { return in_flight_.closed(); }
    // True when every answer in flight has been written; false when the deadline passed first.
    core::task<bool> wait_idle(core::time_point deadline);

  private:
    std::optional<response> refuse(request_head& head, const route& where) const;
    core::task<reply> answer(request_head& head, const route& where, std::string body);
    bool needs_credentials(const request_head& head, const route& where) const;
    std::optional<response> check_credentials(request_head& head, const route& where) const;
    std::optional<response> check_mcp(const request_head& head, const route& where) const;
    const mcp_route* target_of(const route& where) const;
    core::task<reply> serve_mcp(request_head& head, const route& where, std::string body);
    core::task<reply> post(request_head& head, const route& where, std::string body);
    reply serve_close();

    const health::board& board_;
    health_endpoint& health_;
    health::meters& counted_;
    bool open_metrics_;
    authenticator authenticator_;
    origin_policy origins_;
    bool federation_;
    bool legacy_sse_;
    mcp_endpoint& endpoint_;
    core::gate in_flight_;
    std::function<void()> on_close_;
    telemetry::log log_;
};

} // namespace drawbridge::http
