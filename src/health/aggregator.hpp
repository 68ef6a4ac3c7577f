// The actor that all backends report to. It alone knows the health of the whole gateway.
#pragma once

#include "core/asio.hpp"
#include "core/mailbox.hpp"
#include "health/board.hpp"
#include "health/status.hpp"
#include "telemetry/log.hpp"

#include <string>
#include <variant>
#include <vector>

namespace drawbridge::health {

struct finish_message {};
using message = std::variant<transition, finish_message>;
using reporter = core::mailbox<message>::handle;

// Lives on one loop. run() returns after finish() and after every transition sent before it has been
// published.
class aggregator {
  public:
    aggregator(core::executor loop, std::vector<std::string> servers, board& target, telemetry::log log);

    reporter address() const { return mailbox_.address(); }
    core::task<> run();
    void finish() { mailbox_.address().send(message(finish_message{})); }

  private:
    void record(transition change);
    void publish();

    core::mailbox<message> mailbox_;
    snapshot state_;
    board& board_;
    telemetry::log log_;
};

// The next record of a server after a transition. Pure.
server_health after(server_health before, const transition& change);

} // namespace drawbridge::health
