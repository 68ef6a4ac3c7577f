#include "telemetry/trace_exporter.hpp"

#include "core/run.hpp"
#include "core/task_group.hpp"
#include "telemetry/tracer.hpp"

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::telemetry;
using namespace std::chrono_literals;
namespace asio = core::asio;

namespace {

using tcp = asio::ip::tcp;
using acceptor = asio::basic_socket_acceptor<tcp, core::executor>;
using peer = asio::basic_stream_socket<tcp, core::executor>;

std::size_t spans_in(const std::string& body) {
    const auto whole = boost::json::parse({body.data(), body.size()});
    return whole.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array().size();
}

// A collector on the loop of the test. Each request is answered with the next of `answers`, the last of which
// stays; an empty one is never answered.
class collector {
  public:
    explicit collector(asio::io_context& loop)
        : loop_(loop)
        , acceptor_(loop.get_executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0))
        , changed_(loop.get_executor())
        , group_(loop.get_executor(), nullptr) {
        group_.spawn("collector", accept());
    }

    std::vector<std::string> heads;
    std::vector<std::string> bodies;
    std::vector<std::string> answers{"200 OK"};

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    http::url endpoint() const {
        return *http::parse_url("http://127.0.0.1:" + std::to_string(port()) + "/v1/traces?key=canary-query");
    }
    std::size_t spans() const {
        std::size_t all = 0;
        for (const auto& body : bodies)
            all += spans_in(body);
        return all;
    }
    core::task<> wait_for(std::size_t requests) {
        const auto end = core::clock::now() + 10s;
        while (bodies.size() < requests) {
            changed_.reset();
            const bool more = co_await changed_.wait_until(end);
            if (!more) break;
        }
    }
    core::task<> stop() {
        core::error_code ignored;
        acceptor_.close(ignored);
        for (auto* each : open_)
            each->close(ignored);
        co_await group_.join();
    }

  private:
    core::task<> accept() {
        for (;;) {
            peer client(loop_.get_executor());
            auto [error] = co_await acceptor_.async_accept(client, core::use_task);
            if (error) co_return;
            group_.spawn("peer", serve(std::move(client)));
        }
    }

    core::task<> serve(peer client) {
        open_.push_back(&client);
        std::string buffer;
        for (;;) {
            auto request = co_await read(client, buffer);
            if (request.first.empty()) break;
            heads.push_back(std::move(request.first));
            bodies.push_back(std::move(request.second));
            const auto which = std::min(bodies.size(), answers.size()) - 1;
            const auto told = answers[which].empty()
                                  ? std::string()
                                  : "HTTP/1.1 " + answers[which] + "\r\nContent-Length: 2\r\n\r\n{}";
            changed_.set();
            const auto bytes = asio::buffer(told);
            co_await asio::async_write(client, bytes, core::use_task);
        }
        std::erase(open_, &client);
    }

    static core::task<std::pair<std::string, std::string>> read(peer& client, std::string& buffer) {
        std::pair<std::string, std::string> request;
        std::size_t whole = std::string::npos;
        while (buffer.size() < whole) {
            std::string chunk(65536, '\0');
            const auto room = asio::buffer(chunk);
            auto [error, n] = co_await client.async_read_some(room, core::use_task);
            if (error) co_return request;
            buffer.append(chunk, 0, n);
            const auto end = buffer.find("\r\n\r\n");
            const auto length = buffer.find("Content-Length: ");
            if (end != std::string::npos && length < end)
                whole = end + 4 + std::stoul(buffer.substr(length + 16));
        }
        const auto end = buffer.find("\r\n\r\n") + 4;
        request.first = buffer.substr(0, end);
        request.second = buffer.substr(end, whole - end);
        buffer.erase(0, whole);
        co_return request;
    }

    asio::io_context& loop_;
    acceptor acceptor_;
    core::event changed_;
    core::task_group group_;
    std::vector<peer*> open_;
};

exporter_settings quick(const http::url& endpoint) {
    exporter_settings settings;
    settings.endpoint = endpoint;
    settings.resource = {"unit", "0.1.0"};
    settings.interval = 20ms;
    settings.backoff.first = 10ms;
    settings.backoff.cap = 20ms;
    return settings;
}

span_record some_span(std::uint64_t seed = 1) {
    trace_ids ids(seed);
    span_record one;
    one.own.trace = ids.next_trace();
    one.own.span = ids.next_span();
    one.name = "ping";
    return one;
}

// An exporter with its main loop, and the log that it writes.
class stage {
  public:
    explicit stage(const std::function<void(exporter_settings&)>& change = {})
        : collect(loop)
        , group_(loop.get_executor(), [](const std::string&, const std::string& what) { FAIL_CHECK(what); }) {
        REQUIRE(::pipe(log_pipe_) == 0);
        log_options options;
        options.format = log_format::plain;
        options.level = severity::debug;
        options.descriptor = log_pipe_[1];
        log_ = std::make_unique<log_backend>(options);
        auto settings = quick(collect.endpoint());
        if (change) change(settings);
        exporter = std::make_unique<trace_exporter>(loop.get_executor(), std::move(settings), log_->handle());
        group_.spawn("exporter", exporter->run());
    }
    ~stage() {
        end(5s);
        testing::run(loop, collect.stop());
        if (log_) log_text();
    }

    void add(std::size_t spans) {
        for (std::size_t count = 0; count < spans; ++count)
            exporter->add(some_span(count + 1));
    }
    void wait_for(std::size_t requests) {
        testing::run(loop, collect.wait_for(requests));
        REQUIRE(collect.bodies.size() >= requests);
    }
    // False: it did not end in time.
    bool end(std::chrono::milliseconds limit) {
        exporter->close(core::clock::now() + limit);
        const auto by = core::clock::now() + limit + 5s;
        return testing::run<bool>(loop, group_.join_until(by));
    }
    // Ends the log.
    std::string log_text() {
        log_.reset();
        ::close(log_pipe_[1]);
        std::string all;
        char chunk[4096];
        for (ssize_t n = 0; (n = ::read(log_pipe_[0], chunk, sizeof chunk)) > 0;)
            all.append(chunk, static_cast<std::size_t>(n));
        ::close(log_pipe_[0]);
        return all;
    }

    asio::io_context loop;
    collector collect;
    std::unique_ptr<trace_exporter> exporter;

  private:
    core::task_group group_;
    std::unique_ptr<log_backend> log_;
    int log_pipe_[2] = {-1, -1};
};

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

} // namespace

TEST_CASE("trace exporter: spans go out together, with the configured headers") {
    stage one([](exporter_settings& settings) {
        settings.headers = {{"Authorization", "Bearer canary-token"}, {"X-Custom", "value"}};
    });
    one.add(3);
    one.wait_for(1);
    CHECK(spans_in(one.collect.bodies[0]) == 3);
    const auto& head = one.collect.heads[0];
    CHECK(head.starts_with("POST /v1/traces?key=canary-query HTTP/1.1\r\n"));
    for (const auto* line : {"Content-Type: application/json\r\n", "Authorization: Bearer canary-token\r\n",
                             "X-Custom: value\r\n", "Host: 127.0.0.1:"})
        CHECK(head.find(line) != std::string::npos);
    one.add(1);
    one.wait_for(2);
    CHECK(one.collect.heads[1].find("Bearer canary-token") != std::string::npos);
    CHECK(one.end(5s));
    CHECK(one.exporter->sent() == 4);
    CHECK(one.exporter->lost() == 0);
    CHECK(one.log_text().empty());
}

TEST_CASE("trace exporter: a full batch goes at once, the rest with the next") {
    stage one([](exporter_settings& settings) {
        settings.interval = 60s;
        settings.max_batch = 10;
    });
    one.add(25);
    one.wait_for(2);
    CHECK(spans_in(one.collect.bodies[0]) == 10);
    CHECK(spans_in(one.collect.bodies[1]) == 10);
    CHECK(one.exporter->queued() <= 5);
    CHECK(one.end(5s)); // what waits is sent at the end
    CHECK(one.collect.spans() == 25);
}

TEST_CASE("trace exporter: tried again after 503, 429 and 500, and told once") {
    stage one;
    one.collect.answers = {"503 Busy", "429 Slow down\r\nRetry-After: 0", "500 Oops", "200 OK"};
    one.add(2);
    one.wait_for(4);
    for (const auto& body : one.collect.bodies)
        CHECK(body == one.collect.bodies[0]);
    CHECK(one.end(5s));
    CHECK(one.exporter->sent() == 2);
    CHECK(one.exporter->lost() == 0);
    const auto log = one.log_text();
    CHECK(count(log, "do not reach") == 3); // three different faults
    CHECK(count(log, "HTTP status 503") == 1);
    CHECK(count(log, "again; 0 spans were lost") == 1);
    CHECK(log.find("canary") == std::string::npos);
}

TEST_CASE("trace exporter: given up after the last try, and the next batch gets its own") {
    stage one([](exporter_settings& settings) { settings.max_tries = 3; });
    one.collect.answers = {"503 Busy", "503 Busy", "503 Busy", "200 OK"};
    one.add(7);
    one.wait_for(3);
    one.add(1);
    one.wait_for(4);
    CHECK(spans_in(one.collect.bodies[3]) == 1);
    CHECK(one.end(5s));
    CHECK(one.exporter->lost() == 7);
    CHECK(one.exporter->sent() == 1);
    const auto log = one.log_text();
    CHECK(count(log, "do not reach") == 1);
    CHECK(count(log, "again; 7 spans were lost") == 1);
}

TEST_CASE("trace exporter: a refusal is not repeated") {
    for (const auto* status : {"400 Bad", "401 Who", "404 Where", "413 Large", "307 There"}) {
        CAPTURE(status);
        stage one([](exporter_settings& settings) {
            settings.headers = {{"Authorization", "Bearer canary-token"}};
        });
        one.collect.answers = {status, "200 OK"};
        one.add(1);
        one.wait_for(1);
        one.add(1);
        one.wait_for(2);
        CHECK(one.end(5s));
        CHECK(one.collect.bodies.size() == 2);
        CHECK(one.exporter->lost() == 1);
        CHECK(one.exporter->sent() == 1);
        const auto log = one.log_text();
        CHECK(log.find(std::string("HTTP status ") + std::string(status, 3)) != std::string::npos);
        CHECK(log.find("canary") == std::string::npos);
    }
}

TEST_CASE("trace exporter: Retry-After is waited for, within reason") {
    stage one([](exporter_settings& settings) { settings.longest_pause = 1s; });
    one.collect.answers = {"503 Busy\r\nRetry-After: 86400", "200 OK"};
    one.add(1);
    one.wait_for(1);
    const auto before = core::clock::now();
    one.wait_for(2);
    CHECK(core::clock::now() - before > 900ms);
    CHECK(one.end(5s));
    CHECK(one.exporter->sent() == 1);
}

TEST_CASE("trace exporter: a full queue drops and counts, and goes on") {
    stage one([](exporter_settings& settings) {
        settings.max_queued = 20;
        settings.max_batch = 10;
    });
    one.add(50);
    CHECK(one.exporter->queued() == 20);
    CHECK(one.exporter->lost() == 30);
    one.wait_for(2);
    CHECK(one.end(5s));
    CHECK(one.collect.spans() == 20);
    const auto log = one.log_text();
    CHECK(count(log, "come faster than") == 1);
    CHECK(count(log, "30 spans in all") == 1);
}

TEST_CASE("trace exporter: T-OTEL-009 nobody listens, the end comes at once") {
    stage one;
    testing::run(one.loop, one.collect.stop());
    one.add(30);
    const auto before = core::clock::now();
    CHECK(one.end(5s));
    CHECK(core::clock::now() - before < 2s);
    CHECK(one.exporter->lost() == 30);
    CHECK(count(one.log_text(), "do not reach") == 1);
}

TEST_CASE(
    "trace exporter: T-OTEL-009 a collector that never answers holds up the end no longer than agreed") {
    stage one;
    one.collect.answers = {""};
    one.add(1);
    one.wait_for(1);
    one.add(3);
    const auto before = core::clock::now();
    CHECK(one.end(300ms));
    CHECK(core::clock::now() - before < 3s);
    CHECK(one.exporter->lost() == 4);
    one.add(1); // too late
    CHECK(one.exporter->lost() == 5);
    CHECK(count(one.log_text(), "no answer before the gateway ended") == 1);
}

TEST_CASE("trace exporter: a collector that does not answer in time is tried again") {
    stage one([](exporter_settings& settings) { settings.answer_limit = 50ms; });
    one.collect.answers = {"", "200 OK"};
    one.add(1);
    one.wait_for(2);
    CHECK(one.end(5s));
    CHECK(one.exporter->sent() == 1);
}

// --- what feeds it

namespace {

struct receiver {
    std::vector<span_record> spans;
    tracer make(const trace_parent& parent = {}) {
        return tracer(
            parent, [this](span_record one) { spans.push_back(std::move(one)); }, trace_ids(7));
    }
};

std::string attribute(const span_record& of, std::string_view key) {
    for (const auto& each : of.attributes)
        if (each.key == key) {
            const auto* text = std::get_if<std::string>(&each.value);
            return text ? *text : std::to_string(std::get<std::int64_t>(each.value));
        }
    return "(none)";
}

const std::string configured = "0123456789abcdef0123456789abcdef";

} // namespace

TEST_CASE("tracer: off, it does nothing") {
    const tracer none;
    CHECK_FALSE(none.on());
    CHECK_FALSE(none.read_caller("00-" + configured + "-0123456789abcdef-01", "").valid());
    auto silent = none.start_span(trace_context(), "s", "tools/call", "t");
    CHECK_FALSE(silent);
    silent.end(200);
}

TEST_CASE("tracer: T-OTEL-005 a call is a child of the process's span") {
    receiver out;
    auto one = out.make();
    {
        auto call = one.start_span(trace_context(), "demo", "tools/call", "echo");
        REQUIRE(call);
        CHECK(call.context().valid());
        call.end(200);
        CHECK_FALSE(call);
        call.end(500); // the first end counts
    }
    one.start_span(trace_context(), "demo", "tools/list").end(200, "-32003");
    one.finish();
    REQUIRE(out.spans.size() == 3);
    const auto& call = out.spans[0];
    const auto& list = out.spans[1];
    const auto& root = out.spans[2];
    CHECK(call.name == "tools/call echo");
    CHECK(attribute(call, "mcp.server") == "demo");
    CHECK(attribute(call, "mcp.method") == "tools/call");
    CHECK(attribute(call, "mcp.tool") == "echo");
    CHECK(attribute(call, "http.status_code") == "200");
    CHECK(call.status == span_status::ok);
    CHECK(attribute(list, "mcp.tool") == "(none)");
    CHECK(attribute(list, "error.type") == "-32003");
    CHECK(list.status == span_status::error);
    for (const auto* child : {&call, &list}) {
        CHECK(child->own.trace == root.own.trace);
        CHECK(child->parent == root.own.span);
        CHECK(child->start <= child->end);
        CHECK(root.start <= child->start);
        CHECK(child->end <= root.end);
        CHECK_FALSE(child->link);
    }
    CHECK_FALSE(root.parent.valid());
    CHECK(call.own.span != list.own.span);
    CHECK_FALSE(one.on());
}

TEST_CASE("tracer: T-OTEL-007 T-OTEL-008 the configured parent") {
    receiver out;
    trace_parent parent;
    parent.trace = parse_trace_id(configured);
    parent.span = parse_span_id("fedcba9876543210");
    auto both = out.make(parent);
    const auto call = both.start_span(trace_context(), "s", "m");
    CHECK(traceparent(call.context()).starts_with("00-" + configured + "-"));
    CHECK(traceparent(call.context()).ends_with("-01"));
    both.finish();
    parent.span.reset();
    out.make(parent).finish();
    out.make(parent).finish();
    REQUIRE(out.spans.size() == 3);
    CHECK(to_hex(out.spans[0].own.trace) == configured);
    CHECK(to_hex(out.spans[0].parent) == "fedcba9876543210");
    CHECK(out.spans[0].remote_parent);
    CHECK(to_hex(out.spans[1].own.trace) == configured);
    CHECK(out.spans[1].parent.valid());
    CHECK(out.spans[1].parent != out.spans[1].own.span);
}

TEST_CASE("tracer: a client's trace is continued unless the configuration names one for all") {
    receiver out;
    const auto client = "00-11111111111111111111111111111111-2222222222222222-00";
    auto open = out.make();
    const auto caller = open.read_caller(client, "k=v");
    auto continued = open.start_span(caller, "s", "m");
    CHECK(continued.context().trace == caller.trace);
    CHECK(continued.context().flags == 0); // as the client decided
    CHECK(continued.context().state == "k=v");
    continued.end(200);
    CHECK(out.spans[0].parent == caller.span);
    CHECK(out.spans[0].remote_parent);
    REQUIRE(out.spans[0].link); // the process
    CHECK(out.spans[0].link->trace != caller.trace);

    trace_parent parent;
    parent.trace = parse_trace_id(configured);
    auto one_trace = out.make(parent);
    auto linked = one_trace.start_span(caller, "s", "m");
    CHECK(to_hex(linked.context().trace) == configured);
    CHECK(linked.context().state.empty());
    linked.end(200);
    REQUIRE(out.spans[1].link);
    CHECK(out.spans[1].link->span == caller.span);
    CHECK_FALSE(out.spans[1].remote_parent);
    // The same trace: the client is the nearer parent.
    const auto inside = one_trace.read_caller("00-" + configured + "-2222222222222222-01", "");
    one_trace.start_span(inside, "s", "m").end(200);
    CHECK(out.spans[2].parent == inside.span);
    CHECK_FALSE(one_trace.read_caller("nonsense", "").valid());
}

TEST_CASE("tracer: a span that nobody ends, and spans that outlive the tracer") {
    receiver out;
    span late;
    span later;
    {
        auto one = out.make();
        { const auto dropped = one.start_span(trace_context(), "s", "m"); }
        REQUIRE(out.spans.size() == 1);
        CHECK(attribute(out.spans[0], "error.type") == "abandoned");
        CHECK(attribute(out.spans[0], "http.status_code") == "(none)");
        late = one.start_span(trace_context(), "s", "m");
        one.finish();
        CHECK(out.spans.size() == 2);
        late.end(200);
        one = out.make();
        later = one.start_span(trace_context(), "s", "m");
    }
    later.end(200);
    CHECK(out.spans.size() == 2);
}

TEST_CASE("tracer: names are bounded, cut between characters") {
    receiver out;
    auto one = out.make();
    std::string name(255, 'x');
    name += "\xc3\xa9tail";
    one.start_span(trace_context(), "s", std::string(100000, 'm'), name).end(200);
    CHECK(attribute(out.spans.at(0), "mcp.tool") == std::string(255, 'x'));
    CHECK(attribute(out.spans.at(0), "mcp.method").size() == 256);
}
