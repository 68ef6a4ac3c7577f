#include "health/aggregator.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::health {

bool snapshot::healthy() const {
    return std::none_of(servers.begin(), servers.end(),
                        [](const server_health& each) { return each.status == backend::status::error; });
}

server_health after(server_health before, const transition& change) {
    auto now = std::move(before);
    const bool runs = change.status == backend::status::running;
    if (!runs)
        now.running_since.reset();
    else if (!now.running_since)
        now.running_since = change.at;
    now.state = change.to;
    now.status = change.status;
    now.since = change.at;
    now.reason = change.reason;
    now.incarnation = change.incarnation;
    now.next_try = change.next_try;
    ++now.transitions;
    return now;
}

aggregator::aggregator(core::executor loop, std::vector<std::string> servers, board& target,
                       telemetry::log log)
    : mailbox_(loop, 0)
    , board_(target)
    , log_(std::move(log)) {
    for (auto& name : servers) {
        server_health fresh;
        fresh.name = std::move(name);
        fresh.since = core::clock::now();
        state_.servers.push_back(std::move(fresh));
    }
    publish();
}

core::task<> aggregator::run() {
    for (;;) {
        auto next = co_await mailbox_.next();
        if (std::holds_alternative<finish_message>(next)) co_return;
        record(std::move(std::get<transition>(next)));
    }
}

void aggregator::record(transition change) {
    auto& server = state_.servers.at(change.server);
    const auto level = change.status == backend::status::error && server.status != backend::status::error
                           ? telemetry::severity::error
                           : telemetry::severity::info;
    if (log_.enabled(level)) {
        std::string line = "state ";
        line += backend::to_string(change.from);
        line += " -> ";
        line += backend::to_string(change.to);
        if (!change.reason.empty()) line += ": " + change.reason;
        log_.for_server(server.name).write(level, line);
    }
    server = after(std::move(server), change);
    publish();
}

void aggregator::publish() {
    board_.publish(std::make_shared<const snapshot>(state_));
}

} // namespace drawbridge::health
