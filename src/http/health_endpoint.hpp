// Everything that tells how the gateway and its servers are: /health and below, /livez, /readyz, /startupz,
// /metrics and the page /status.
#pragma once

#include "config/config.hpp"
#include "core/asio.hpp"
#include "health/board.hpp"
#include "health/details.hpp"
#include "health/feed.hpp"
#include "health/meters.hpp"
#include "http/message.hpp"
#include "http/router.hpp"
#include "http/service.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace drawbridge::http {

// Lives on one loop. Nothing here waits for a server or for an actor: it reads what is published.
class health_endpoint {
  public:
    health_endpoint(const config::gateway& settings, const health::board& board, health::feed& events,
                    const health::meters& counted, std::function<void()> refresh);

    // The gateway has been started whole.
    void started() { started_ = true; }
    // `closing`: no new requests are taken.
    reply serve(const request_head& head, const route& where, bool closing) const;

  private:
    response health() const;
    response servers(bool closing) const;
    response server(std::string_view name) const;
    reply events(const request_head& head) const;
    response metrics() const;
    response ready(const request_head& head, bool closing) const;
    response startup(const request_head& head) const;

    const health::board& board_;
    health::feed& feed_;
    const health::meters& counted_;
    std::function<void()> refresh_; // brings gauges in `counted` up to date that others own
    config::gateway::health_status health_status_;
    config::readiness readiness_;
    health::moment began_;
    bool started_ = false;
};

} // namespace drawbridge::http
