// Carries spans to an OpenTelemetry collector over OTLP/HTTP (Gateway 4.1.3.7). A collector that is slow,
// gone or refuses costs spans, never a request.
#pragma once

#include "core/alarm.hpp"
#include "core/asio.hpp"
#include "core/backoff.hpp"
#include "core/event.hpp"
#include "http/client.hpp"
#include "telemetry/log.hpp"
#include "telemetry/otlp.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::telemetry {

struct exporter_settings {
    http::url endpoint;        // requests go there as it is, path included
    http::header_list headers; // of OTEL_EXPORTER_OTLP_HEADERS: secret
    trace_resource resource;
    std::size_t max_queued = 2048;            // spans; what does not fit is dropped and counted
    std::size_t max_batch = 512;              // spans of one request
    std::chrono::milliseconds interval{5000}; // a span waits no longer for others to go with it
    std::chrono::milliseconds answer_limit{10000};
    unsigned max_tries = 5;                 // of one batch
    std::chrono::seconds longest_pause{60}; // whatever Retry-After asks for
    core::backoff::settings backoff{std::chrono::milliseconds(1000), std::chrono::milliseconds(30000),
                                    std::chrono::milliseconds(0), 0.2};
};

// An actor: its main loop is run(), the owner spawns it and joins it after close(). Lives on one loop; all of
// it is called there.
class trace_exporter {
  public:
    trace_exporter(core::executor loop, exporter_settings settings, log log);

    // Never waits, never fails.
    void add(span_record span);

    core::task<> run();

    // No spans any more. Those that wait are sent, with one try for each batch; what has not left at the
    // deadline is lost, and run() ends.
    void close(core::time_point deadline);

    std::size_t queued() const { return queue_.size(); }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t lost() const { return lost_; }

  private:
    // How one try ended. `fault` empty: well.
    struct attempt {
        std::string fault;
        std::string detail;         // of the fault; may differ each time
        std::uint64_t rejected = 0; // spans of a request that was taken otherwise
        bool taken = false;
        bool again = false;  // the same may work later
        bool broken = false; // a connection, perhaps a kept one that its server had closed
        std::optional<std::chrono::seconds> pause;
    };

    core::task<> gather();
    core::task<> deliver(std::string body, std::size_t spans);
    core::task<attempt> post(std::string body);
    core::task<> pause(std::chrono::milliseconds length);
    std::vector<span_record> take();
    attempt judge(http::exchange& answer, const std::optional<std::string>& body) const;
    void note_fault(const attempt& what);
    void note_success();

    core::executor loop_;
    exporter_settings settings_;
    log log_;
    http::client client_;
    std::vector<std::string> secrets_; // of the headers, never to be shown
    std::deque<span_record> queue_;
    core::time_point oldest_{}; // when the first of the queue came
    core::event stirred_;       // the queue is no longer empty, or fills a batch, or close()
    core::event closing_;
    core::event over_; // the deadline of close() has passed
    core::alarm end_;
    core::backoff backoff_;
    std::minstd_rand random_{std::random_device{}()};
    std::uint64_t sent_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t lost_before_ = 0; // when the present fault began, or after the last success
    std::string fault_;             // that the log was told last; empty: it works
    bool slow_ = false;             // the log was told that the collector does not keep up
};

} // namespace drawbridge::telemetry
