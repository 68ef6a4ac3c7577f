#include "backend/actor.hpp"

#include "backend/connector.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {

using health::cause;
using health::reason;

actor::actor(core::executor loop, actor_settings settings, health::reporter health,
             telemetry::stdout_channel& payloads, telemetry::log log)
    : loop_(loop)
    , settings_(std::move(settings))
    , health_(std::move(health))
    , payloads_(payloads)
    , log_(std::move(log))
    , mailbox_(loop, settings_.max_queued_calls)
    , group_(loop,
             [this](const std::string& name, const std::string& what) {
                 log_.critical("a task of the backend ended by an exception: ", name, ": ", what);
             })
    , preparation_(loop, settings_.server, settings_.client, settings_.gateway, settings_.secrets, log_)
    , reach_alarm_(loop) {
    if (settings_.server.http)
        reachability_ = std::make_unique<http::reachability>(
            loop, http::parse_url(settings_.server.http->url).value_or(http::url()));
}

core::task<> actor::run() {
    while (!closing_ || !slots_.empty()) {
        auto next = co_await mailbox_.next();
        std::visit([this](auto& each) { on(std::move(each)); }, next);
        release_undecided();
        sweep();
        tell_more();
    }
    reach_alarm_.call_off();
    co_await group_.join();
}

// --- places

// What a server of 2026-07-28 asks belongs to a call: nobody needs a link of his own there.
std::string actor::key_of(const client* who) const {
    using sharing = config::server::session_sharing;
    auto key = link_key(settings_.server.sessions, who);
    const bool apart = is_exclusive(key) && settings_.server.sessions == sharing::automatic;
    return apart && era() == mcp::era::modern && !slots_.contains(key) ? agent_key(who) : key;
}

slot* actor::find(const client_ref& who) {
    const auto found = slots_.find(key_of(who.get()));
    return found == slots_.end() ? nullptr : found->second.get();
}

slot* actor::find_number(std::uint64_t number) {
    for (const auto& [key, each] : slots_)
        if (each->settings().number == number) return each.get();
    return nullptr;
}

slot& actor::place_for(const client_ref& who) {
    auto key = key_of(who.get());
    if (const auto found = slots_.find(key); found != slots_.end()) return *found->second;
    slot_settings settings;
    if (is_exclusive(key)) settings.owner = who;
    settings.key = std::move(key);
    return make_place(std::move(settings));
}

slot& actor::make_place(slot_settings settings) {
    using sharing = config::server::session_sharing;
    settings.number = ++last_number_;
    settings.shared_by = settings.owner                                 ? reach::exclusive
                         : settings_.server.sessions == sharing::shared ? reach::everybody
                                                                        : reach::one_agent;
    settings.max_queued_calls = settings_.max_queued_calls;
    settings.startup_timeout = settings_.server.startup_timeout;
    settings.checks = settings_.server.checks;
    const bool stays = settings_.server.start == config::server::start_policy::eager && !settings.owner &&
                       !settings.introduced_as;
    if (!stays) settings.idle_timeout = settings_.server.link_idle_timeout;
    auto& place = slots_[settings.key];
    place = std::make_unique<slot>(loop_, std::move(settings), *this, *settings_.counted, log_);
    return *place;
}

bool actor::admit(slot& who) {
    if (has_room_for(who)) {
        if (told_.word == status::error) who.begin_in_error(); // a try alone does not make it well
        return true;
    }
    const bool for_asking = who.settings().introduced_as && has_room();
    const auto spare = std::find_if(slots_.begin(), slots_.end(), [for_asking](const auto& each) {
        return each.second->spare() && (!for_asking || each.second->settings().introduced_as);
    });
    if (spare != slots_.end())
        spare->second->close(core::clock::now(), reason(cause::place_needed, "its place was needed"));
    const auto number = who.settings().number;
    if (std::find(queue_.begin(), queue_.end(), number) == queue_.end()) queue_.push_back(number);
    return false;
}

bool actor::has_room() const {
    const auto taken = std::count_if(slots_.begin(), slots_.end(),
                                     [](const auto& each) { return each.second->takes_place(); });
    return static_cast<std::size_t>(taken) < settings_.server.max_links;
}

// Calls that wait for their clients' answers may hold their links for minutes: they leave a place to the
// others.
bool actor::has_room_for(const slot& who) const {
    if (!has_room() || !who.settings().introduced_as) return has_room();
    const auto asking = std::count_if(slots_.begin(), slots_.end(), [](const auto& each) {
        return each.second->takes_place() && each.second->settings().introduced_as;
    });
    const std::size_t most = std::max<std::size_t>(settings_.server.max_links - 1, 1);
    return static_cast<std::size_t>(asking) < most;
}

// Places that nobody wants any more are given up. Where the last link ended in error, somebody has to find
// out when the server is well again: a link of the gateway's own takes over.
void actor::sweep() {
    const auto erased = std::erase_if(slots_, [this](const auto& each) {
        const bool gone = each.second->finished();
        if (gone) restarts_ += each.second->restarts();
        return gone;
    });
    if (closing_) return;
    if (!queue_.empty() && has_room()) start_waiting();
    if (erased == 0) return;
    const auto why = std::exchange(parting_, {});
    const bool tries = std::any_of(slots_.begin(), slots_.end(),
                                   [](const auto& each) { return each.second->takes_place(); });
    if (told_.word == status::error && !tries)
        place_for(nullptr).start("it was in error");
    else
        tell(why);
}

void actor::start_waiting() {
    auto waiting = std::exchange(queue_, {});
    for (const auto number : waiting)
        if (auto* place = find_number(number)) place->start("a client needs it");
}

// --- messages

void actor::on(call request) {
    using sharing = config::server::session_sharing;
    const auto from = request.from;
    const bool has_session = from && !from->session.empty();
    if (closing_) {
        mcp::fault gone(mcp::fault_kind::closing, "the gateway is shutting down");
        request.reply.finish(outcome(std::move(gone)));
    } else if (from && has_session && from->target.expired()) {
        mcp::fault gone(mcp::fault_kind::unknown_session, "the session ended before the answer came");
        request.reply.finish(outcome(std::move(gone)));
    } else if (from && from->speaks == mcp::era::modern) {
        serve_modern(std::move(request));
    } else if (from && !has_session && settings_.server.sessions == sharing::per_session) {
        mcp::fault lost(mcp::fault_kind::session_required,
                        "each client of this server has a link of its own: send initialize first, then the "
                        "Mcp-Session-Id of its answer");
        request.reply.finish(outcome(std::move(lost)));
    } else {
        place_for(from).serve(std::move(request));
    }
}

void actor::on(notification_message note) {
    if (auto* place = find(note.from)) place->notify(note.text);
}

void actor::on(answer_message answer) {
    if (auto* place = find(answer.from)) place->answer(answer.link, answer.id_token, answer.text);
}

void actor::on(cancel_message order) {
    if (order.from->speaks == mcp::era::legacy) {
        if (auto* place = find(order.from)) place->cancel(*order.from, order.ticket, order.reason);
        return;
    }
    std::erase_if(undecided_, [&](const call& each) { return each.from == order.from; });
    for (auto& [key, each] : slots_)
        each->cancel(*order.from, order.ticket, order.reason);
}

void actor::on(release_message gone) {
    if (auto* place = find(gone.from)) place->release(*gone.from);
}

void actor::on(start_message) {
    if (!closing_) place_for(nullptr).start("it starts with the gateway");
}

void actor::on(prefetch_message) {
    if (closing_) return;
    if (slots_.empty() && settings_.server.stdio) look_once();
    if (settings_.server.http) arm_reach(core::duration::zero());
}

void actor::on(stop_message order) {
    if (!std::exchange(closing_, true)) preparation_.stop();
    if (reachability_) reachability_->cut();
    for (auto& [key, each] : slots_)
        each->close(order.drain_deadline, reason(cause::shutdown, "the gateway is shutting down"));
}

void actor::on(image_message image) {
    std::vector<slot*> all;
    for (auto& [key, each] : slots_)
        all.push_back(each.get());
    for (auto* each : all)
        each->prepared(image.error);
}

void actor::on(retry_message due) {
    if (auto* place = find_number(due.slot)) place->retry(due.round);
}

void actor::on(drained_message done) {
    if (auto* place = find_number(done.slot)) place->drained();
}

void actor::on(idle_message due) {
    if (auto* place = find_number(due.slot)) place->look_idle();
}

void actor::on(waited_message due) {
    auto* place = find_number(due.slot);
    if (place == nullptr) return;
    place->give_up_waiting(settings_.server.max_links);
    if (!place->takes_place()) std::erase(queue_, due.slot); // nothing waits in it for a link any more
}

void actor::on(check_message due) {
    if (auto* place = find_number(due.slot)) place->look_alive();
}

void actor::on(checked_message done) {
    if (auto* place = find_number(done.slot)) place->checked(done.link, done.what);
}

void actor::on(link_report report) {
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const auto& each) {
        return each.second->now().incarnation == report.incarnation ||
               each.second->link_number() == report.incarnation;
    });
    if (found == slots_.end()) return;
    const bool earlier = found->second->now().incarnation != report.incarnation;
    if (earlier && report.what != link_report::kind::closed) return; // of an earlier life
    const bool wanted = !closing_ && !found->second->leaving();
    note_era(report, *found->second);
    if (report.what == link_report::kind::failed && wanted && !report.shows_era)
        report_failed_start(report.reason, report.evidence);
    if (report.what == link_report::kind::lost && wanted) {
        telemetry::runtime_failure failure;
        failure.server = settings_.server.name;
        failure.detail = report.reason;
        payloads_.report(failure);
    }
    if (report.what == link_report::kind::closed) {
        note_exit(report);
        if (found_) group_.spawn("image", look_at_image());
    }
    found->second->on(report);
}

void actor::report_failed_start(const std::string& why, const std::string& evidence) {
    if (closing_) return;
    image_ready_ = false; // look again: it may have been removed
    payloads_.report(describe_failed_start(settings_, why, evidence));
    log_.error("start failed: ", why, evidence.empty() ? "" : "; stderr: ", evidence);
}

// --- links

std::unique_ptr<link> actor::connect(slot& who) {
    auto report = [address = mailbox_.address()](link_report what) {
        address.send(message(std::move(what)));
    };
    const auto& introduced = who.settings().owner ? who.settings().owner : who.settings().introduced_as;
    auto made = make_link(loop_, settings_, who.now().incarnation, era(), introduced, who.listeners(),
                          std::move(report), log_);
    group_.spawn("link", made->run());
    return made;
}

void actor::prepare(slot& who) {
    const auto fault = configuration_fault(settings_);
    if (!fault.empty()) {
        const std::string told = "it can't be started with its configuration";
        report_failed_start(told, fault);
        who.prepared(told);
    } else if (settings_.server.http || image_ready_) {
        who.prepared(std::string());
    } else {
        look_once();
    }
}

void actor::look_once() {
    if (!std::exchange(looking_, true)) group_.spawn("image", look_for_image());
}

core::task<> actor::look_for_image() {
    auto found = co_await preparation_.run();
    image_ready_ = found.error.empty();
    looking_ = false;
    if (!image_ready_) report_failed_start(found.error, found.evidence);
    mailbox_.address().send(message(image_message(std::move(found.error))));
    co_await look_at_image();
}

} // namespace drawbridge::backend
