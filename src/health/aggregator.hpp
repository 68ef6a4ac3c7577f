// The actor that all backends report to. It alone knows the health of the whole gateway.
#pragma once

#include "core/asio.hpp"
#include "core/mailbox.hpp"
#include "health/board.hpp"
#include "health/feed.hpp"
#include "health/status.hpp"
#include "telemetry/log.hpp"

#include <string>
#include <variant>
#include <vector>

namespace drawbridge::health {

struct finish_message {};
using message = std::variant<transition, sample, postmortem, finish_message>;
using reporter = core::mailbox<message>::handle;

// Lives on one loop. run() returns after finish() and after every transition sent before it has been
// published.
class aggregator {
  public:
    aggregator(core::executor loop, std::vector<server_facts> servers, board& target, feed& events,
               telemetry::log log);

    reporter address() const { return mailbox_.address(); }
    core::task<> run();
    void finish() { mailbox_.address().send(message(finish_message{})); }

  private:
    void take(transition change);
    void take(sample now);
    void take(const postmortem& found);
    void take(finish_message) { finished_ = true; }
    void tell(const server_health& before, const transition& change) const;
    void publish();

    core::mailbox<message> mailbox_;
    snapshot state_;
    board& board_;
    feed& feed_;
    telemetry::log log_;
    bool finished_ = false;
};

// The next record of a server after a transition. Pure.
server_health after(server_health before, const record_ref& change);

} // namespace drawbridge::health
