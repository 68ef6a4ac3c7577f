#include "backend/http_link.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr auto close_limit = 2s; // to say goodbye to a session
constexpr auto ping_limit = 30s;

// What a server of 2024-11-05 says to a POST at the place of its event stream.
bool may_be_old(unsigned status) {
    return status == 400 || status == 404 || status == 405;
}

health::cause refusal_cause(unsigned status) {
    if (status == 401 || status == 403) return health::cause::unauthorized;
    return status >= 300 ? health::cause::http_error : health::cause::handshake_failed;
}

} // namespace

http_link::http_link(core::executor loop, std::uint64_t incarnation, http_settings settings, client_ref owner,
                     std::shared_ptr<audience> listeners, reporter report, telemetry::log log)
    : loop_(loop)
    , incarnation_(incarnation)
    , settings_(std::move(settings))
    , report_(std::move(report))
    , log_(std::move(log))
    , group_(loop,
             [this](const std::string& name, const std::string& what) {
                 log_.critical("a task of the link ended by an exception: ", name, ": ", what);
                 lose(health::cause::internal, "the gateway failed to serve it");
             })
    , client_(loop, settings_.client)
    , talk_(loop, incarnation, settings_.talk, std::move(owner), std::move(listeners), *this, log_)
    , ended_(loop)
    , target_(settings_.client.origin.target)
    , opened_(loop)
    , endpoint_known_(loop) {}

core::task<> http_link::run() {
    report(link_report::kind::spawned, health::cause::spawned, std::string());
    const bool ready = co_await open();
    if (ready) {
        report(link_report::kind::initialized, health::cause::initialized, std::string());
        if (!old_transport_ && !talk_.modern()) group_.spawn("stream", listen());
        if (settings_.keepalive_interval.count() > 0) group_.spawn("keepalive", keep_alive());
        co_await ended_.wait();
        report(link_report::kind::lost, end_code_, end_reason_);
    } else {
        report(link_report::kind::failed, end_code_, end_reason_);
    }
    talk_.end(end_reason_);
    co_await close();
    co_await talk_.join();
    co_await group_.join();
    report(link_report::kind::closed, health::cause::closed, "its session was closed");
}

core::task<bool> http_link::open() {
    const auto started = core::clock::now();
    const auto deadline = started + settings_.talk.startup_timeout;
    auto failure = co_await shake_hands(deadline);
    if (!failure.empty() && !talk_.modern() && may_be_old(refused_with_) && !ended_.is_set()) {
        const bool old = co_await open_old_transport(deadline);
        if (old) failure = co_await shake_hands(deadline);
    }
    if (!failure.empty()) lose(refusal_cause(refused_with_), std::move(failure));
    if (ended_.is_set()) co_return false;
    log_.info("connected to ", client_.origin().shown(), old_transport_ ? " (HTTP+SSE of 2024-11-05)" : "");
    co_return true;
}

// Returns when the server has heard that the session is open: it may refuse what comes before.
core::task<std::string> http_link::shake_hands(core::time_point deadline) {
    opened_.reset();
    auto failure = co_await talk_.shake_hands(deadline);
    if (talk_.modern()) opened_.set();
    if (failure.empty()) {
        const bool heard = co_await opened_.wait_until(deadline);
        if (!heard) failure = "it did not take notifications/initialized within startupTimeout";
    }
    if (ended_.is_set()) failure = end_reason_;
    co_return failure;
}

// The server has forgotten our session: it is opened once more, by the first who notices; the others wait.
core::task<bool> http_link::renew(std::string session) {
    if (session_id_ == session && !std::exchange(renewing_, true)) {
        log_.info("the server does not know our session any more; opening another one");
        session_id_.clear();
        const auto deadline = core::clock::now() + settings_.talk.startup_timeout;
        auto failure = co_await shake_hands(deadline);
        renewing_ = false;
        if (!failure.empty())
            lose(health::cause::handshake_failed,
                 "its session ended and could not be opened again: " + failure);
    }
    co_await opened_.wait();
    co_return !ended_.is_set();
}

core::task<> http_link::keep_alive() {
    for (;;) {
        const auto next = core::clock::now() + settings_.keepalive_interval;
        const bool ended = co_await ended_.wait_until(next);
        if (ended) co_return;
        const auto deadline = core::clock::now() + ping_limit;
        const outcome answer = co_await talk_.ask_alive(deadline);
        // An error is an answer, too.
        if (answer.failure && answer.failure->kind == mcp::fault_kind::timed_out)
            lose(health::cause::silent, "it did not answer a keepalive ping");
    }
}

void http_link::stop() {
    lose(health::cause::shutdown, "it was stopped");
}

void http_link::lose(health::cause code, std::string why) {
    if (ended_.is_set()) return;
    end_code_ = code;
    end_reason_ = std::move(why);
    ended_.set();
    opened_.set(); // whoever waits sees the end
    endpoint_known_.set();
    if (!talk_.initialize_result().valid() || renewing_) talk_.end(end_reason_); // wakes the handshake
}

core::task<> http_link::close() {
    if (!session_id_.empty()) {
        const auto deadline = core::clock::now() + close_limit;
        auto goodbye = co_await request("DELETE", std::string(), std::string(), deadline);
        goodbye.value.reset();
    }
    client_.close();
}

void http_link::report(link_report::kind what, health::cause code, std::string why) {
    link_report message(incarnation_, what, std::move(why));
    message.code = code;
    report_(std::move(message));
}

} // namespace drawbridge::backend
