#include "backend/slot.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;
using health::cause;
using health::reason;

} // namespace

slot::slot(core::executor loop, slot_settings settings, slot_host& backend, health::server_meters& counted,
           telemetry::log log)
    : loop_(loop)
    , settings_(std::move(settings))
    , host_(backend)
    , counted_(counted)
    , log_(std::move(log))
    , audience_(settings_.listeners ? settings_.listeners : std::make_shared<audience>(settings_.shared_by))
    , retry_(loop)
    , idle_(loop)
    , checkup_(settings_.checks)
    , check_(loop)
    , admission_(loop) {}

bool slot::finished() const {
    if (state_ != state::stopped || !waiting_.empty()) return false;
    return closing_ || unwanted_ || settings_.introduced_as || (!settings_.owner && audience_->empty());
}

bool slot::spare() const {
    const bool listened = !settings_.introduced_as && !audience_->empty();
    if (settings_.owner || listened || !waiting_.empty() || !takes_place() || leaving()) return false;
    return !link_ || (link_->talk().in_flight() == 0 && !link_->talk().has_parked());
}

// --- what clients want

void slot::start(std::string why) {
    if (closing_ || unwanted_ || state_ != state::stopped) return;
    if (host_.admit(*this)) {
        admission_.call_off();
        apply(event::start, reason(cause::wanted, std::move(why)));
    } else if (!admission_.is_set()) {
        admission_.set(core::clock::now() + settings_.startup_timeout,
                       [address = host_.slot_address(), number = settings_.number] {
                           address.send(message(waited_message(number)));
                       });
    }
}

void slot::release(const client& who) {
    for (auto& each : waiting_) {
        if (each.from.get() != &who) continue;
        mcp::fault gone(mcp::fault_kind::unknown_session, "the session ended before the answer came");
        each.reply.finish(outcome(std::move(gone)));
    }
    std::erase_if(waiting_, [&](const call& each) { return each.from.get() == &who; });
    if (link_ && serves(state_))
        link_->talk().release(who);
    else
        audience_->leave(who);
    if (settings_.owner.get() != &who) return;
    unwanted_ = true;
    close(core::clock::now(), reason(cause::session_ended, "its session ended"));
}

void slot::close(core::time_point drain_deadline, reason why) {
    if (state_ == state::draining) { // again, with less patience
        if (drain_deadline <= core::clock::now())
            apply(event::drained, reason(cause::drained, std::string()));
        return;
    }
    drain_deadline_ = drain_deadline;
    retry_.call_off();
    idle_.call_off();
    admission_.call_off();
    const mcp::fault gone(mcp::fault_kind::closing, "the gateway is shutting down");
    closing_ = closing_ || !unwanted_;
    answer_waiting(gone);
    apply(event::drain, std::move(why));
}

// --- what happens to the link

void slot::prepared(std::string error) {
    if (error.empty())
        apply(event::image_ready, reason(cause::prepared, std::string()));
    else
        apply(event::image_failed, reason(cause::prepare_failed, std::move(error)));
}

void slot::retry(std::uint64_t round) {
    if (round != retry_round_ || state_ != state::backoff || closing_ || unwanted_) return;
    ++restarts_;
    apply(event::retry, reason(cause::retry, "restart, attempt " + std::to_string(backoff_.attempts() + 1)));
}

void slot::drained() {
    apply(event::drained, reason(cause::drained, std::string()));
}

void slot::on(const link_report& report) {
    reason why(report.code, report.reason);
    why.evidence = report.evidence;
    why.exit = report.exit;
    switch (report.what) {
    case link_report::kind::spawned:
        apply(event::spawned, reason(cause::spawned, std::string()));
        break;
    case link_report::kind::initialized:
        apply(event::initialized, reason(cause::initialized, "the MCP handshake is done"));
        break;
    case link_report::kind::failed:
        if (report.shows_era) {
            apply(event::era_shown,
                  reason(cause::older_revision, "it ended at server/discover, which older "
                                                "servers do not know: it is started again"));
            break;
        }
        apply(state_ == state::starting ? event::spawn_failed : event::initialize_failed, std::move(why));
        break;
    case link_report::kind::lost:
        apply(event::lost, std::move(why));
        break;
    case link_report::kind::closed:
        link_.reset();
        if (state_ == state::starting) launch(); // it waited for its predecessor to be gone
        apply(event::closed, std::move(why));
        break;
    }
}

void slot::apply(event what, reason why) {
    const auto entered = next(state_, what);
    if (!entered) return;
    const bool recovers = what == event::probe_ok;
    set_state(*entered, std::move(why));
    switch (*entered) {
    case state::pulling:
        prepare();
        break;
    case state::starting:
        launch();
        break;
    case state::ready:
        if (!recovers) ready();
        break;
    case state::draining:
        drain();
        break;
    case state::stopping:
        stop_link();
        break;
    case state::stopped:
        stopped();
        break;
    case state::initializing:
    case state::degraded:
    case state::backoff:
        break;
    }
}

void slot::set_state(state entered, reason why) {
    state_ = entered;
    status_ = next_status(status_, entered);
    if (entered == state::pulling) incarnation_ = host_.next_incarnation();
    if (entered == state::backoff) {
        failure_ = why.text;
        back_off();
    }
    if (!serves(entered)) check_.call_off();
    host_.changed(*this, why);
    if (entered == state::backoff) answer_waiting(refusal());
}

void slot::prepare() {
    host_.prepare(*this);
}

void slot::launch() {
    if (link_) return; // never two at once: the first one's `closed` comes back here
    link_number_ = incarnation_;
    link_ = host_.connect(*this);
}

void slot::back_off() {
    idle_.call_off();
    const auto wait = backoff_.failed(core::clock::now(), random());
    next_try_ = core::clock::now() + wait;
    const auto round = ++retry_round_;
    retry_.set(next_try_, [address = host_.slot_address(), number = settings_.number, round] {
        address.send(message(retry_message(number, round)));
    });
}

void slot::ready() {
    backoff_.succeeded(core::clock::now());
    next_try_ = {};
    arm_idle(core::clock::now() + settings_.idle_timeout);
    checkup_.begin();
    checked_at_ = core::clock::now();
    arm_check(checkup_.next_wait(random()));
    auto waiting = std::exchange(waiting_, {});
    for (auto& request : waiting)
        hand_over(std::move(request));
}

void slot::drain() {
    const bool serving = link_ && link_->talk().initialize_result().valid();
    if (serving && link_->talk().in_flight() > 0)
        host_.spawn("drain", wait_drained());
    else
        apply(event::drained, reason(cause::drained, std::string()));
}

core::task<> slot::wait_drained() {
    auto& talk = link_->talk();
    const bool idle = co_await talk.wait_idle(drain_deadline_);
    if (!idle) log_.warning(talk.in_flight(), " calls were still running at the end of drainTimeout");
    host_.slot_address().send(message(drained_message(settings_.number)));
}

void slot::stop_link() {
    if (link_)
        link_->stop();
    else
        apply(event::closed, reason(cause::closed, "it was not running"));
}

void slot::stopped() {
    if (!waiting_.empty()) start("a client needs it");
}

dialogue* slot::talk() const {
    return link_ && serves(state_) ? &link_->talk() : nullptr;
}

const mcp::initialize_result* slot::introduced() const {
    if (!link_ || !link_->talk().initialize_result().valid()) return nullptr;
    return &link_->talk().initialize_result();
}

double slot::random() {
    return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

} // namespace drawbridge::backend
