// What the request path knows of tracing (Gateway 4.1.3.7): a span for the life of the process, and one for
// each request that a server is given. Switched off, a tracer and its spans do nothing and allocate nothing.
#pragma once

#include "telemetry/otlp.hpp"
#include "telemetry/trace_context.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::telemetry {

// Where the process itself belongs: `gateway.opentelemetry.traceId` and `spanId`.
struct trace_parent {
    std::optional<trace_id> trace;
    std::optional<span_id> span; // counts beside a trace only; random when absent
};

// One request on its way. Ends at the first of: end(), its destructor. Move-only; may outlive its tracer, and
// is lost then. Default: of a tracer that is off.
class span {
  public:
    span();
    span(span&& other) noexcept;
    span& operator=(span&& other) noexcept;
    ~span(); // without end(): nobody waited for the answer

    explicit operator bool() const { return record_ != nullptr; }

    // What the server is told, as the parent of its own spans. Only of a span that is on and has not ended.
    const trace_context& context() const;

    // How it ended. `http_status`: of the response that the client gets. `fault`: a short public word such as
    // a code, never content; empty: it went well.
    void end(unsigned http_status, std::string_view fault = {});

  private:
    friend class tracer;
    struct running;
    explicit span(std::unique_ptr<running> record);
    void finish();

    std::unique_ptr<running> record_;
};

// Lives on one loop, as its spans do.
class tracer {
  public:
    using receiver = std::function<void(span_record)>;

    tracer(); // off
    // Starts the span of the process. `out` gets each span when it has ended.
    tracer(const trace_parent& parent, receiver out, trace_ids ids = trace_ids());
    ~tracer();
    tracer(tracer&&) noexcept;
    tracer& operator=(tracer&&) noexcept;

    bool on() const { return state_ != nullptr; }

    // The context that a client's request came with, from its headers; not valid: none. Costs nothing when
    // off.
    trace_context read_caller(std::string_view traceparent, std::string_view tracestate) const;

    // `caller` not valid: the process's own span is the parent. `tool`: only where the method is tools/call.
    span start_span(const trace_context& caller, std::string_view server, std::string_view method,
                    std::string_view tool = {}) const;

    // Ends the span of the process; the tracer is off from then on, and spans that still run are lost.
    void finish();

  private:
    friend class span;
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace drawbridge::telemetry
