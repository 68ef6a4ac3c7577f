#include "app.hpp"

#include "jsonrpc/text.hpp"

#include <csignal>
#include <utility>

namespace drawbridge {
namespace {

using namespace std::chrono_literals;

constexpr auto close_limit = 60s;     // beyond drainTimeout, for containers to end
constexpr auto connection_limit = 2s; // for the last responses to be read
constexpr auto cleanup_limit = 20s;   // for networks to be removed
constexpr auto trace_limit = 3s;      // for the last spans to be delivered

std::string startup_payload(std::string_view message) {
    return R"({"error":{"type":"startup","message":)" + jsonrpc::quote(message) + "}}";
}

} // namespace

app::app(core::executor loop, options given, http::listen_address place, config::configuration settings,
         telemetry::stdout_channel& payloads, telemetry::log log)
    : loop_(loop)
    , options_(std::move(given))
    , config_(std::move(settings))
    , payloads_(payloads)
    , log_(std::move(log))
    , place_(std::move(place))
    , board_(loop)
    , events_(loop)
    , counted_(config_.servers.size())
    , signals_(loop)
    , close_requested_(loop)
    , backend_tasks_(loop,
                     [this](const std::string& name, const std::string& what) {
                         log_.critical(name, " ended by an exception: ", what);
                     })
    , service_tasks_(loop, [this](const std::string& name, const std::string& what) {
        log_.critical(name, " ended by an exception: ", what);
        request_close();
    }) {}

app::~app() = default;

core::task<int> app::serve() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.add(SIGHUP);
    service_tasks_.spawn("signal handling", wait_signals());

    start_tracing();
    build_front();
    // Strictly the port comes last: there is no HTTP server when a server fails (Gateway 9.1).
    std::string failure;
    if (!options_.strict) failure = co_await take_place();
    if (failure.empty()) failure = co_await claim_containers();
    if (failure.empty()) {
        co_await remove_leftovers();
        failure = co_await make_shared_network();
    }
    bool started = failure.empty();
    if (started) {
        build_backends();
        if (options_.strict) started = co_await start_strictly();
    }
    if (started && options_.strict) failure = co_await take_place();
    if (started && failure.empty()) failure = hand_out_client_configuration();
    if (started && failure.empty()) {
        service_tasks_.spawn("listener", listener_->run());
        service_tasks_.spawn("late leftovers", remove_latecomers());
        start_servers();
        health_->started();
        co_await close_requested_.wait();
    }
    if (!failure.empty()) {
        log_.critical(failure);
        payloads_.write_line(startup_payload(failure));
    }
    co_await shut_down();
    co_return started&& failure.empty() ? 0 : 1;
}

core::task<> app::wait_signals() {
    for (;;) {
        auto [error, number] = co_await signals_.async_wait(core::use_task);
        if (error) co_return;
        log_.info("signal ", number,
                  close_requested_.is_set() ? ": not waiting any longer" : ": shutting down");
        if (close_requested_.is_set()) drain_deadline_ = core::clock::now();
        request_close();
        for (auto& backend : backends_)
            backend->address().stop(drain_deadline_);
    }
}

void app::request_close() {
    if (!close_requested_.is_set()) drain_deadline_ = core::clock::now() + config_.gate.drain_timeout;
    front_->close();
    listener_->wind_down();
    close_requested_.set();
}

// No new requests; those in flight finish or meet the deadline; every server ends, each in its own time; then
// the last transitions, the last connections, and what is left of networks.
core::task<> app::shut_down() {
    request_close();
    for (auto& backend : backends_)
        backend->address().stop(drain_deadline_);
    const bool ended = co_await backend_tasks_.join_until(drain_deadline_ + close_limit);
    if (!ended) log_.error("some servers take longer than expected to end");
    co_await backend_tasks_.join();
    endpoint_->close(); // the streams get their end
    const auto answers_deadline = core::clock::now() + connection_limit;
    co_await front_->wait_idle(answers_deadline);

    listener_->stop();
    if (aggregator_) aggregator_->finish();
    signals_.cancel();
    co_await listener_->join(answers_deadline);
    co_await endpoint_->join();
    tracer_.finish(); // after the last call
    if (exporter_) exporter_->close(core::clock::now() + trace_limit);
    co_await service_tasks_.join();
    if (lock_.held()) {
        const auto deadline = core::clock::now() + cleanup_limit;
        co_await process::reap(loop_, client_, instance_, deadline);
    }
    log_.info("closed");
}

} // namespace drawbridge
