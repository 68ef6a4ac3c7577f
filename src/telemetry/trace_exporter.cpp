#include "telemetry/trace_exporter.hpp"

#include "telemetry/sanitize.hpp"
#include "version.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace drawbridge::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t answer_bytes = 64 * 1024;
constexpr std::size_t shown_bytes = 200;

http::client_settings one_connection(const http::url& endpoint) {
    http::client_settings out;
    out.origin = endpoint;
    out.connect_timeout = 10s;
    out.max_idle = 1;
    return out;
}

// "Bearer X": a collector may repeat X alone. The same holds for the values of the query.
std::vector<std::string> secrets_in(const http::header_list& headers, std::string_view target) {
    std::vector<std::string> found;
    for (const auto& [name, value] : headers) {
        if (value.size() >= 4) found.push_back(value);
        const auto blank = value.find(' ');
        if (blank != std::string::npos && value.size() - blank > 4) found.push_back(value.substr(blank + 1));
    }
    for (auto at = target.find('?'); at != std::string_view::npos;) {
        const auto next = target.find('&', at + 1);
        const auto part = target.substr(at + 1, next == std::string_view::npos ? next : next - at - 1);
        const auto equals = part.find('=');
        const auto value = part.substr(equals == std::string_view::npos ? 0 : equals + 1);
        if (value.size() >= 4) found.emplace_back(value);
        at = next;
    }
    return found;
}

} // namespace

trace_exporter::trace_exporter(core::executor loop, exporter_settings settings, log log)
    : loop_(loop)
    , settings_(std::move(settings))
    , log_(std::move(log))
    , client_(loop, one_connection(settings_.endpoint))
    , secrets_(secrets_in(settings_.headers, settings_.endpoint.target))
    , stirred_(loop)
    , closing_(loop)
    , over_(loop)
    , end_(loop)
    , backoff_(settings_.backoff) {}

void trace_exporter::add(span_record span) {
    if (over_.is_set() || queue_.size() >= settings_.max_queued) {
        ++lost_;
        return;
    }
    if (queue_.empty()) oldest_ = core::clock::now();
    queue_.push_back(std::move(span));
    // Not for every span: a wake-up costs more than the span.
    if (queue_.size() == 1 || queue_.size() == settings_.max_batch) stirred_.set();
}

void trace_exporter::close(core::time_point deadline) {
    if (closing_.is_set()) return;
    closing_.set();
    stirred_.set();
    end_.set(deadline, [this] {
        over_.set();
        client_.close();
    });
}

core::task<> trace_exporter::run() {
    for (;;) {
        co_await gather();
        if (queue_.empty() || over_.is_set()) break;
        const auto batch = take();
        try {
            auto body = export_request(settings_.resource, batch);
            co_await deliver(std::move(body), batch.size());
        } catch (const std::exception& error) { // no reason for a gateway to end
            lost_ += batch.size();
            log_.error("spans are lost: ", error.what());
        }
    }
    over_.set(); // what comes late is lost
    end_.call_off();
    client_.close();
    lost_ += queue_.size();
    queue_.clear();
    if (lost_ > 0) log_.warning(lost_, " spans in all did not reach ", settings_.endpoint.shown());
}

// Until there is something to send: a full batch, or one whose first span has waited long enough.
core::task<> trace_exporter::gather() {
    while (queue_.empty() && !closing_.is_set()) {
        stirred_.reset();
        co_await stirred_.wait();
    }
    const auto due = oldest_ + settings_.interval;
    while (queue_.size() < settings_.max_batch && !closing_.is_set()) {
        stirred_.reset();
        const bool stirred = co_await stirred_.wait_until(due);
        if (!stirred) break;
    }
}

std::vector<span_record> trace_exporter::take() {
    const auto count = std::min(queue_.size(), settings_.max_batch);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<span_record> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    return batch;
}

core::task<> trace_exporter::deliver(std::string body, std::size_t spans) {
    for (unsigned tries = 1;; ++tries) {
        const auto ended = co_await post(body);
        const auto now = core::clock::now();
        if (ended.taken) {
            backoff_.succeeded(now);
            sent_ += spans - std::min<std::uint64_t>(ended.rejected, spans);
            lost_ += std::min<std::uint64_t>(ended.rejected, spans);
            if (ended.fault.empty())
                note_success();
            else
                note_fault(ended);
            co_return;
        }
        const bool last = !ended.again || tries >= settings_.max_tries || closing_.is_set();
        // A kept connection that its server has closed meanwhile is no fault: the next try opens a new one.
        if (last || !ended.broken || tries > 1) note_fault(ended);
        if (last) lost_ += spans;
        if (!ended.again) co_return; // this batch is refused, which says nothing about the next one
        const double random = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
        const auto wait = backoff_.failed(now, random);
        const std::chrono::milliseconds asked = std::min(ended.pause.value_or(0s), settings_.longest_pause);
        const auto longer = std::max(wait, asked);
        co_await pause(longer);
        if (last) co_return;
    }
}

// Cut short by close(): then there is no time to lose.
core::task<> trace_exporter::pause(std::chrono::milliseconds length) {
    const auto end = core::clock::now() + length;
    co_await closing_.wait_until(end);
}

core::task<trace_exporter::attempt> trace_exporter::post(std::string body) {
    http::outgoing request;
    request.method = "POST";
    request.target = settings_.endpoint.target;
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("User-Agent", "drawbridge/" + std::string(gateway_version));
    for (const auto& header : settings_.headers)
        request.headers.push_back(header);
    request.body = std::move(body);
    const auto deadline = core::clock::now() + settings_.answer_limit;
    auto answer = co_await client_.send(std::move(request), deadline);
    if (!answer.value) {
        using kind = http::client_error::kind;
        attempt failed;
        failed.fault = over_.is_set() ? "no answer before the gateway ended" : answer.error.text;
        failed.again = true;
        failed.broken = answer.error.what == kind::read || answer.error.what == kind::write;
        co_return failed;
    }
    const auto text = co_await answer.value->read_all(answer_bytes, deadline);
    co_return judge(*answer.value, text);
}

trace_exporter::attempt trace_exporter::judge(http::exchange& answer,
                                              const std::optional<std::string>& body) const {
    attempt ended;
    const auto status = answer.status();
    if (status >= 200 && status < 300) {
        const auto partial = read_export_answer(body.value_or(std::string()));
        ended.taken = true;
        ended.rejected = static_cast<std::uint64_t>(partial.rejected);
        if (partial.rejected == 0) return ended;
        ended.fault = "it rejected spans: ";
        ended.detail = sanitize(partial.message, secrets_, shown_bytes);
        return ended;
    }
    ended.again = is_retryable(status);
    ended.pause = read_retry_after(answer.header("retry-after"), std::chrono::system_clock::now());
    ended.fault = "it answered with HTTP status " + std::to_string(status);
    if (status == 401 || status == 403)
        ended.fault += "; see OTEL_EXPORTER_OTLP_HEADERS";
    else if (status == 404)
        ended.fault += "; gateway.opentelemetry.endpoint needs the whole path, often /v1/traces";
    else if (status >= 300 && status < 400)
        ended.fault += "; redirects are not followed: configure the final URL";
    return ended;
}

// One line when it begins to fail or fails in another way, one when it works again.
void trace_exporter::note_fault(const attempt& what) {
    if (what.fault == fault_) return;
    if (fault_.empty()) lost_before_ = lost_;
    fault_ = what.fault;
    log_.warning("traces do not reach ", settings_.endpoint.shown(), ": ", what.fault, what.detail);
}

void trace_exporter::note_success() {
    const auto lost = lost_ - lost_before_;
    if (!fault_.empty())
        log_.info("traces reach ", settings_.endpoint.shown(), " again; ", lost,
                  " spans were lost meanwhile");
    else if (lost > 0 && !slow_)
        log_.warning("spans are lost: they come faster than ", settings_.endpoint.shown(), " takes them");
    slow_ = fault_.empty() && lost > 0;
    fault_.clear();
    lost_before_ = lost_;
}

} // namespace drawbridge::telemetry
