#include "health/aggregator.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::health {

bool snapshot::healthy() const {
    return std::none_of(servers.begin(), servers.end(),
                        [](const server_health& each) { return each.status == backend::status::error; });
}

const server_health* snapshot::find(std::string_view name) const {
    const auto found =
        std::find_if(servers.begin(), servers.end(), [&](const auto& each) { return each.name == name; });
    return found == servers.end() ? nullptr : &*found;
}

server_health after(server_health before, const record_ref& change) {
    auto now = std::move(before);
    const auto& what = change->change;
    const bool runs = what.status == backend::status::running;
    if (!runs)
        now.running_since.reset();
    else if (!now.running_since)
        now.running_since = what.at;
    now.state = what.to;
    now.status = what.status;
    now.since = what.at;
    now.wall_since = what.wall;
    now.why = what.why;
    now.incarnation = what.incarnation;
    now.next_try = what.next_try;
    ++now.transitions;
    auto past = now.past ? *now.past : history();
    past.add(change);
    now.past = std::make_shared<const history>(std::move(past));
    if (what.to == backend::state::backoff) now.last_failure = change;
    return now;
}

aggregator::aggregator(core::executor loop, std::vector<server_facts> servers, board& target, feed& events,
                       telemetry::log log)
    : mailbox_(loop, 0)
    , board_(target)
    , feed_(events)
    , log_(std::move(log)) {
    for (auto& facts : servers) {
        server_health fresh;
        fresh.name = facts.name;
        fresh.facts = std::make_shared<const server_facts>(std::move(facts));
        fresh.why = reason(cause::idle, "nobody has needed it yet");
        fresh.since = core::clock::now();
        fresh.wall_since = std::chrono::system_clock::now();
        state_.servers.push_back(std::move(fresh));
    }
    publish();
}

core::task<> aggregator::run() {
    while (!finished_) {
        auto next = co_await mailbox_.next();
        std::visit([this](auto& each) { take(std::move(each)); }, next);
    }
}

void aggregator::take(transition change) {
    auto& server = state_.servers.at(change.server);
    change.why.text = shortened(change.why.text);
    tell(server, change);
    const auto kept = std::make_shared<const record>(++state_.sequence, server.name, std::move(change));
    server = after(std::move(server), kept);
    publish();
    feed_.add(kept);
}

void aggregator::take(sample now) {
    auto& server = state_.servers.at(now.server);
    server.now = std::make_shared<const sample>(std::move(now));
    publish();
}

// The newest failure of this incarnation gets its exit status, wherever it is kept.
void aggregator::take(const postmortem& found) {
    auto& server = state_.servers.at(found.server);
    if (!server.last_failure || server.last_failure->change.incarnation != found.incarnation) return;
    const auto told = std::exchange(server.last_failure, nullptr);
    auto change = told->change;
    const bool by_its_end = change.why.code == cause::exited || change.why.code == cause::output_closed ||
                            change.why.code == cause::input_closed;
    if (by_its_end) change.why.code = found.why.code;
    if (by_its_end && !found.why.text.empty()) change.why.text = shortened(found.why.text);
    change.why.exit = found.why.exit;
    if (!found.why.evidence.empty()) change.why.evidence = found.why.evidence;
    const auto known = std::make_shared<const record>(told->sequence, told->server, std::move(change));
    server.last_failure = known;
    auto past = *server.past;
    std::replace(past.recent.begin(), past.recent.end(), record_ref(told), record_ref(known));
    server.past = std::make_shared<const history>(std::move(past));
    publish();
}

void aggregator::tell(const server_health& before, const transition& change) const {
    const auto level = change.status == backend::status::error && before.status != backend::status::error
                           ? telemetry::severity::error
                           : telemetry::severity::info;
    if (!log_.enabled(level)) return;
    std::string line = "state ";
    line += backend::to_string(change.from);
    line += " -> ";
    line += backend::to_string(change.to);
    if (!change.why.text.empty()) line += ": " + change.why.text;
    log_.for_server(before.name).write(level, line);
}

void aggregator::publish() {
    board_.publish(std::make_shared<const snapshot>(state_));
}

} // namespace drawbridge::health
