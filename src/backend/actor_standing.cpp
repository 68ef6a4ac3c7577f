// How the server stands over all its links, and what the health aggregator hears of it.
#include "backend/actor.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {

using health::reason;

// How a container ended is known only after its end was told: health does not wait for it.
void actor::note_exit(const link_report& report) {
    if (!report.exit) return;
    health::postmortem found;
    found.server = settings_.index;
    found.incarnation = report.incarnation;
    found.why = reason(report.code, report.reason);
    found.why.evidence = report.evidence;
    found.why.exit = report.exit;
    health_.send(health::message(std::move(found)));
}

void actor::changed(slot& who, const reason& why) {
    links_changed_ = true;
    if (who.finished() && !closing_)
        parting_ = why; // what follows from it is found out when its place is given up
    else
        tell(why);
}

void actor::tell(const reason& why) {
    std::vector<standing> links;
    for (const auto& [key, each] : slots_)
        links.push_back(each->now());
    auto now = summarize(links);
    if (now.now == state::stopped) { // no attempt is newer than the one that was told last
        now.incarnation = told_.incarnation;
        now.next_try = told_.next_try;
    }
    // Which of several ready links is the newest says nothing about the server.
    const bool as_before = now.now == told_.now && now.word == told_.word && serves(now.now);
    if (now == told_ || as_before) {
        if (slots_.size() > 1 && !why.text.empty()) log_.info("one of ", slots_.size(), " links: ", why.text);
        return;
    }
    health::transition change(settings_.index, told_.now, now.now, now.word, why);
    change.incarnation = now.incarnation;
    if (now.now == state::backoff) change.next_try = now.next_try;
    told_ = now;
    health_.send(health::message(std::move(change)));
}

// What is worth knowing beside the state, when it has changed: this is on the way of every call.
void actor::tell_more() {
    std::size_t queued = 0;
    for (const auto& [key, each] : slots_)
        queued += each->waiting();
    settings_.counted->queued = queued;
    if (!std::exchange(links_changed_, false)) return;
    health::sample now;
    now.server = settings_.index;
    now.starts = incarnation_;
    now.restarts = restarts_;
    now.protocol_version = sampled_.protocol_version;
    now.server_info = sampled_.server_info;
    for (const auto& [key, each] : slots_) {
        const auto stands = each->now();
        now.restarts += each->restarts();
        if (stands.now == state::stopped) continue;
        health::link_note note;
        note.number = each->settings().number;
        note.state = stands.now;
        note.incarnation = stands.incarnation;
        now.links.push_back(note);
        now.attempt = std::max(now.attempt, each->attempt());
        if (const auto* said = each->introduced()) {
            now.protocol_version = std::string(each->revision());
            now.server_info = said->server_info(settings_.secrets);
        }
    }
    if (now == sampled_) return;
    sampled_ = now;
    health_.send(health::message(std::move(now)));
}

} // namespace drawbridge::backend
