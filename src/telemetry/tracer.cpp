#include "telemetry/tracer.hpp"

#include "core/asio.hpp"

#include <utility>

namespace drawbridge::telemetry {
namespace {

constexpr std::size_t longest_name = 256; // of a method or a tool: clients choose them

// Cut between two characters of UTF-8.
std::string bounded(std::string_view text) {
    if (text.size() <= longest_name) return std::string(text);
    std::size_t end = longest_name;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
        --end;
    return std::string(text.substr(0, end));
}

// The wall clock says when; how long is measured by the one that nobody sets.
class stopwatch {
  public:
    std::chrono::system_clock::time_point start() const { return start_; }
    std::chrono::system_clock::time_point now() const {
        return start_ +
               std::chrono::duration_cast<std::chrono::system_clock::duration>(core::clock::now() - begun_);
    }

  private:
    std::chrono::system_clock::time_point start_ = std::chrono::system_clock::now();
    core::time_point begun_ = core::clock::now();
};

} // namespace

struct tracer::state {
    state(receiver target, trace_ids source) : out(std::move(target)), ids(std::move(source)) {}

    receiver out; // empty once the tracer has finished
    trace_ids ids;
    trace_context root;
    span_record process;
    stopwatch life;
    bool one_trace = false; // the configuration names the trace that all spans belong to
};

struct span::running {
    std::shared_ptr<tracer::state> home;
    span_record record;
    stopwatch watch;
};

// --- a request

span::span() = default;
span::span(std::unique_ptr<running> record) : record_(std::move(record)) {}
span::span(span&& other) noexcept = default;

span& span::operator=(span&& other) noexcept {
    finish();
    record_ = std::move(other.record_);
    return *this;
}

span::~span() {
    finish();
}

const trace_context& span::context() const {
    return record_->record.own;
}

void span::end(unsigned http_status, std::string_view fault) {
    if (!record_) return;
    auto& record = record_->record;
    record.attributes.emplace_back("http.status_code", static_cast<std::int64_t>(http_status));
    if (fault.empty()) {
        record.status = span_status::ok;
    } else {
        record.status = span_status::error;
        record.attributes.emplace_back("error.type", std::string(fault));
    }
    finish();
}

void span::finish() {
    const auto ended = std::exchange(record_, nullptr);
    if (!ended || !ended->home->out) return;
    auto& record = ended->record;
    record.start = ended->watch.start();
    record.end = ended->watch.now();
    if (record.status == span_status::unset) {
        record.status = span_status::error;
        record.attributes.emplace_back("error.type", std::string("abandoned"));
    }
    ended->home->out(std::move(record));
}

// --- the process

tracer::tracer() = default;
tracer::tracer(tracer&&) noexcept = default;

tracer& tracer::operator=(tracer&& other) noexcept {
    if (state_ && state_ != other.state_) state_->out = nullptr;
    state_ = std::move(other.state_);
    return *this;
}

// The receiver may be gone before the last span.
tracer::~tracer() {
    if (state_) state_->out = nullptr;
}

tracer::tracer(const trace_parent& parent, receiver out, trace_ids ids)
    : state_(std::make_shared<state>(std::move(out), std::move(ids))) {
    auto& self = *state_;
    self.one_trace = parent.trace.has_value();
    self.root.trace = parent.trace ? *parent.trace : self.ids.next_trace();
    self.root.span = self.ids.next_span();
    if (parent.trace) {
        self.process.parent = parent.span ? *parent.span : self.ids.next_span();
        self.process.remote_parent = true;
    }
    self.process.own = self.root;
    self.process.name = "gateway";
}

trace_context tracer::read_caller(std::string_view traceparent, std::string_view tracestate) const {
    if (!state_ || traceparent.empty()) return trace_context();
    return parse_traceparent(traceparent, tracestate).value_or(trace_context());
}

// A client's trace is continued, unless the configuration names the one trace for all spans; the span that is
// not the parent is linked.
span tracer::start_span(const trace_context& caller, std::string_view server, std::string_view method,
                        std::string_view tool) const {
    if (!state_) return span();
    auto& self = *state_;
    auto begun = std::make_unique<span::running>();
    begun->home = state_;
    auto& record = begun->record;
    const bool continues = caller.valid() && (!self.one_trace || caller.trace == self.root.trace);
    const auto& parent = continues ? caller : self.root;
    record.own = parent; // trace, flags and state
    record.own.span = self.ids.next_span();
    record.parent = parent.span;
    record.remote_parent = continues;
    if (caller.valid()) record.link = continues ? self.root : caller;
    record.kind = span_kind::server;
    record.name = bounded(method);
    record.attributes.reserve(5);
    record.attributes.emplace_back("mcp.server", std::string(server));
    record.attributes.emplace_back("mcp.method", record.name);
    if (!tool.empty()) {
        auto name = bounded(tool);
        record.name += ' ' + name;
        record.attributes.emplace_back("mcp.tool", std::move(name));
    }
    return span(std::move(begun));
}

void tracer::finish() {
    const auto self = std::exchange(state_, nullptr);
    if (!self) return;
    self->process.start = self->life.start();
    self->process.end = self->life.now();
    const auto out = std::exchange(self->out, nullptr);
    out(std::move(self->process));
}

} // namespace drawbridge::telemetry
