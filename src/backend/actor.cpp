#include "backend/actor.hpp"

#include "backend/stdio_link.hpp"
#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"
#include "jsonrpc/text.hpp"
#include "process/network.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr auto network_limit = 30s; // to make a network

std::chrono::seconds whole_seconds_until(core::time_point when) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(when - core::clock::now());
    return std::max(left, std::chrono::seconds(1));
}

} // namespace

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
    , retry_(loop) {}

core::task<> actor::run() {
    while (!finished_) {
        auto next = co_await mailbox_.next();
        std::visit([this](auto& each) { on(std::move(each)); }, next);
    }
    co_await group_.join();
}

// --- messages

void actor::on(call request) {
    if (closing_) {
        mcp::fault gone(mcp::fault_kind::closing, "the gateway is shutting down");
        request.reply.finish(outcome(std::move(gone)));
    } else if (serves(state_)) {
        hand_over(std::move(request));
    } else if (state_ == state::backoff) {
        request.reply.finish(outcome(refusal()));
    } else if (waiting_.size() >= settings_.max_queued_calls) {
        mcp::fault full(mcp::fault_kind::overloaded, "too many calls are waiting for this server to start");
        full.retry_after = 1s;
        request.reply.finish(outcome(std::move(full)));
    } else {
        waiting_.push_back(std::move(request));
        apply(event::start, "a client needs it");
    }
}

void actor::on(notification_message note) {
    if (serves(state_) && link_) link_->notify(std::move(note.text));
}

void actor::on(start_message) {
    if (!closing_) apply(event::start, "it starts with the gateway");
}

void actor::on(stop_message order) {
    if (closing_) { // again, with less patience
        if (order.drain_deadline <= core::clock::now()) apply(event::drained, std::string());
        return;
    }
    closing_ = true;
    drain_deadline_ = order.drain_deadline;
    preparation_.stop();
    retry_.call_off();
    apply(event::drain, "the gateway is shutting down");
}

void actor::on(prefetch_message) {
    if (state_ == state::stopped && !closing_) look_once();
}

void actor::on(image_message image) {
    if (image.error.empty())
        apply(event::image_ready, std::string());
    else
        apply(event::image_failed, std::move(image.error));
}

void actor::on(retry_message due) {
    if (due.round == retry_round_ && !closing_)
        apply(event::retry, "restart, attempt " + std::to_string(backoff_.attempts() + 1));
}

void actor::on(drained_message) {
    apply(event::drained, std::string());
}

void actor::on(link_report report) {
    if (report.what == link_report::kind::closed) {
        link_.reset();
        if (state_ == state::starting) launch(); // it waited for its predecessor to be gone
        apply(event::closed, report.reason);
        return;
    }
    if (report.incarnation != incarnation_) return; // of an earlier life
    switch (report.what) {
    case link_report::kind::spawned:
        apply(event::spawned, std::string());
        break;
    case link_report::kind::initialized:
        apply(event::initialized, "the MCP handshake is done");
        break;
    case link_report::kind::failed:
        report_failed_start(report);
        apply(state_ == state::starting ? event::spawn_failed : event::initialize_failed, report.reason);
        break;
    case link_report::kind::lost:
        if (!closing_) {
            telemetry::runtime_failure failure;
            failure.server = settings_.server.name;
            failure.detail = report.reason;
            payloads_.report(failure);
        }
        apply(event::lost, report.reason);
        break;
    case link_report::kind::closed:
        break;
    }
}

// --- state

void actor::apply(event what, std::string reason) {
    const auto entered = next(state_, what);
    if (!entered) return;
    set_state(*entered, std::move(reason));
    switch (*entered) {
    case state::pulling:
        prepare();
        break;
    case state::starting:
        launch();
        break;
    case state::ready:
        serve();
        break;
    case state::draining:
        drain();
        break;
    case state::stopping:
        stop_link();
        break;
    case state::stopped:
        finished_ = closing_;
        break;
    case state::initializing:
    case state::degraded:
    case state::backoff:
        break;
    }
}

void actor::set_state(state entered, std::string reason) {
    const auto from = std::exchange(state_, entered);
    status_ = next_status(status_, entered);
    if (entered == state::backoff) {
        failure_ = reason;
        back_off();
    }
    health::transition change(settings_.index, from, entered, status_, std::move(reason));
    change.incarnation = incarnation_;
    if (entered == state::backoff) change.next_try = next_try_;
    health_.send(health::message(std::move(change)));
    if (entered == state::backoff) answer_waiting(refusal());
}

void actor::prepare() {
    ++incarnation_;
    plan_ = process::plan_launch(settings_.client, settings_.gateway, settings_.server, incarnation_);
    if (!plan_.error.empty()) {
        log_.error("this server can't be started: ", plan_.error);
        apply(event::image_failed, "it can't be started with its configuration");
    } else if (image_ready_) {
        apply(event::image_ready, std::string());
    } else {
        look_once();
    }
}

void actor::look_once() {
    if (!std::exchange(looking_, true)) group_.spawn("image", look_for_image());
}

void actor::launch() {
    if (link_) return; // never two at once: its `closed` comes back here
    const auto& server = settings_.server;
    stdio_settings link;
    link.server = server.name;
    link.client = settings_.client;
    link.gateway = settings_.gateway;
    link.startup_timeout = server.startup_timeout;
    link.tool_timeout = server.tool_timeout;
    link.stop_grace = server.stdio->stop_grace;
    link.max_message_bytes = settings_.max_message_bytes;
    link.max_queued_calls = settings_.max_queued_calls;
    link.secrets = settings_.secrets;
    auto report = [address = mailbox_.address()](link_report what) {
        address.send(message(std::move(what)));
    };
    link_ = std::make_unique<stdio_link>(loop_, incarnation_, std::move(link), std::move(plan_),
                                         std::move(report), log_);
    group_.spawn("link", link_->run());
}

void actor::back_off() {
    const double random = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
    const auto wait = backoff_.failed(core::clock::now(), random);
    next_try_ = core::clock::now() + wait;
    const auto round = ++retry_round_;
    retry_.set(next_try_,
               [address = mailbox_.address(), round] { address.send(message(retry_message(round))); });
}

void actor::serve() {
    backoff_.succeeded(core::clock::now());
    auto waiting = std::exchange(waiting_, {});
    for (auto& request : waiting)
        hand_over(std::move(request));
}

void actor::drain() {
    answer_waiting(mcp::fault(mcp::fault_kind::closing, "the gateway is shutting down"));
    const bool serving = link_ && link_->initialize_result().valid();
    if (serving && link_->in_flight() > 0)
        group_.spawn("drain", wait_drained());
    else
        apply(event::drained, std::string());
}

core::task<> actor::wait_drained() {
    const bool idle = co_await link_->wait_idle(drain_deadline_);
    if (!idle) log_.warning(link_->in_flight(), " calls were still running at the end of drainTimeout");
    mailbox_.address().send(message(drained_message{}));
}

void actor::stop_link() {
    if (link_)
        link_->stop();
    else
        apply(event::closed, "it was not running");
}

// --- calls

void actor::hand_over(call request) {
    if (request.method != "initialize") {
        link_->submit(std::move(request));
        return;
    }
    // The handshake towards the server is the gateway's own; a client gets what the server said in it.
    const auto asked = jsonrpc::scan(request.text);
    const auto version = jsonrpc::unescape(asked.protocol_version.in(request.text));
    const auto id = asked.id.in(request.text);
    request.reply.finish(outcome(link_->initialize_result().answer(id, version.value_or(std::string()))));
}

void actor::answer_waiting(const mcp::fault& why) {
    auto waiting = std::exchange(waiting_, {});
    for (auto& request : waiting)
        request.reply.finish(outcome(why));
}

mcp::fault actor::refusal() const {
    const auto wait = whole_seconds_until(next_try_);
    mcp::fault down(mcp::fault_kind::unavailable,
                    failure_ + "; the next start is tried in " + std::to_string(wait.count()) + " s");
    down.retry_after = wait;
    return down;
}

void actor::report_failed_start(const link_report& report) {
    if (closing_) return;
    image_ready_ = false; // look again: it may have been removed
    telemetry::start_failure failure;
    failure.server = settings_.server.name;
    failure.attempted = settings_.server.stdio->image;
    failure.message = report.reason;
    failure.stderr_tail = report.evidence;
    for (const auto& variable : settings_.server.stdio->env)
        failure.variables_set += (failure.variables_set.empty() ? "" : ",") + variable.name;
    for (const auto& name : settings_.server.stdio->missing_env)
        failure.variables_missing += (failure.variables_missing.empty() ? "" : ",") + name;
    payloads_.report(failure);
    log_.error("start failed: ", report.reason, report.evidence.empty() ? "" : "; stderr: ", report.evidence);
}

// --- image and network

core::task<> actor::look_for_image() {
    std::string error = co_await provide_image();
    if (error.empty()) error = co_await provide_network();
    image_ready_ = error.empty();
    looking_ = false;
    mailbox_.address().send(message(image_message(std::move(error))));
}

core::task<std::string> actor::provide_image() {
    const auto& wanted = *settings_.server.stdio;
    const auto& client = settings_.client;
    const auto deadline = core::clock::now() + wanted.pull_timeout;
    if (wanted.pull != config::stdio_server::pull_policy::always) {
        auto look = process::image_exists_command(client, wanted.image);
        const auto found = co_await run_client(std::move(look), client.environment, deadline);
        if (found.ok()) co_return std::string();
    }
    if (wanted.pull == config::stdio_server::pull_policy::never)
        co_return "its image is not there, and it must not be pulled";
    log_.info("pulling image ", wanted.image);
    auto pull = process::pull_command(client, wanted.image);
    const auto pulled = co_await run_client(std::move(pull), client.pull_environment, deadline);
    if (pulled.ok()) co_return std::string();
    link_report failure(incarnation_, link_report::kind::failed, std::string());
    failure.reason = pulled.timed_out ? "its image could not be pulled within pullTimeout"
                                      : "its image is not there and could not be pulled";
    stderr_tail words(settings_.secrets);
    words.feed(pulled.error_text);
    words.finish();
    failure.evidence = words.text();
    report_failed_start(failure);
    co_return failure.reason;
}

// A network of this server alone; one that all share was made when the gateway started.
core::task<std::string> actor::provide_network() {
    if (settings_.client.network == process::network_style::shared) co_return std::string();
    auto plan = process::plan_launch(settings_.client, settings_.gateway, settings_.server, incarnation_);
    for (const auto& note : std::exchange(plan.notes, {}))
        log_.warning(note);
    const auto deadline = core::clock::now() + network_limit;
    const auto error =
        co_await process::provide_network(loop_, settings_.client, std::move(plan), deadline, &preparation_);
    if (error.empty()) co_return std::string();
    log_.error(error);
    co_return "its network could not be made";
}

core::task<process::command_result> actor::run_client(std::vector<std::string> argv,
                                                      std::vector<std::string> environment,
                                                      core::time_point deadline) {
    process::command command;
    command.argv = std::move(argv);
    command.environment = std::move(environment);
    auto result = co_await process::run_command(loop_, std::move(command), deadline, &preparation_);
    co_return result;
}

} // namespace drawbridge::backend
