// The messages of a link over HTTP: one POST each, answers as JSON or as events, and the stream on which the
// server speaks by itself.
#include "backend/http_link.hpp"

#include "backend/reading_pace.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr auto after_answer = 1s; // for a stream to end once its answer is there
constexpr auto pause = 1s;        // before a stream is resumed, unless the server says otherwise
constexpr auto longest_pause = std::chrono::minutes(1);
constexpr unsigned resumptions = 5;
constexpr std::size_t refusal_bytes = 64 * 1024;
constexpr unsigned babble_reported = 5; // events that are no messages, logged one by one

bool has_type(const http::exchange& answer, std::string_view wanted) {
    const auto type = answer.header("content-type");
    return type.size() >= wanted.size() &&
           std::equal(wanted.begin(), wanted.end(), type.begin(), [](char lower, char given) {
               return lower == std::tolower(static_cast<unsigned char>(given));
           });
}

mcp::fault unavailable(std::string why) {
    return mcp::fault(mcp::fault_kind::unavailable, std::move(why));
}

} // namespace

// --- messages out

bool http_link::send(std::string_view line, std::uint64_t call) {
    if (ended_.is_set()) return false;
    group_.spawn("message", post(std::string(line), call, stage_of(line)));
    return true;
}

core::task<> http_link::post(std::string line, std::uint64_t call, stage what) {
    if (call != 0) sending_.emplace(call, http::call_off());
    if (what == stage::open) co_await opened_.wait();
    if (ended_.is_set()) co_return; // the dialogue tells the callers
    const auto session = session_id_;
    bool done = co_await post_once(line, call, what);
    if (!done) {
        const bool again = co_await renew(session);
        if (again) done = co_await post_once(line, call, what);
        if (!done) talk_.fail(call, unavailable("the server ended its session twice in a row"));
    }
    sending_.erase(call);
    traces_.erase(call);
    mirrored_.erase(call);
    if (what == stage::initialized) opened_.set();
}

// False: the server does not know the session.
core::task<bool> http_link::post_once(const std::string& line, std::uint64_t call, stage what) {
    const auto limit = core::clock::now() + settings_.talk.tool_timeout + dialogue::answer_limit;
    auto sent = co_await request("POST", line, std::string(), limit, call);
    if (!sent.value) {
        on_broken(call, sent.error);
        co_return true;
    }
    auto& answer = *sent.value;
    if (answer.status() == 404 && what == stage::open && !session_id_.empty()) co_return false;
    if (what == stage::initialize || what == stage::probe) {
        refused_with_ = answer.status() >= 300 ? answer.status() : 0;
        taken_ = refused_with_ == 0;
        if (answer.status() == 200 && what == stage::initialize)
            session_id_ = std::string(answer.header("mcp-session-id"));
    }
    if (call != 0) reading_.emplace(call, &answer);
    co_await take_answer(answer, call);
    reading_.erase(call);
    co_return true;
}

core::task<http::client::result> http_link::request(std::string method, std::string body,
                                                    std::string last_event_id, core::time_point deadline,
                                                    std::uint64_t call) {
    http::outgoing out;
    out.headers = settings_.headers;
    if (settings_.tokens) {
        auto found = co_await settings_.tokens->get();
        if (!found.error.empty()) {
            http::client::result failed;
            failed.error.what = http::client_error::kind::closed;
            failed.error.text = std::move(found.error);
            co_return failed;
        }
        out.headers.emplace_back("Authorization", "Bearer " + found.token);
    }
    const bool posts = method == "POST";
    if (posts) out.headers.emplace_back("Content-Type", "application/json");
    out.headers.emplace_back("Accept", posts ? "application/json, text/event-stream" : "text/event-stream");
    out.headers.emplace_back("User-Agent", "drawbridge");
    if (!session_id_.empty()) out.headers.emplace_back("Mcp-Session-Id", session_id_);
    if (posts) add_message_headers(out.headers, body, call);
    if (talk_.initialize_result().valid() && !old_transport_ && !talk_.modern())
        out.headers.emplace_back("MCP-Protocol-Version",
                                 std::string(talk_.initialize_result().protocol_version()));
    if (!last_event_id.empty()) out.headers.emplace_back("Last-Event-ID", std::move(last_event_id));
    if (const auto trace = traces_.find(call); trace != traces_.end())
        for (const auto& header : trace->second)
            out.headers.push_back(header);
    out.method = std::move(method);
    out.target = target_;
    out.body = std::move(body);
    const auto under_way = sending_.find(call);
    auto* const end = under_way == sending_.end() ? nullptr : &under_way->second;
    auto result = co_await client_.send(std::move(out), deadline, end);
    co_return result;
}

// --- answers

core::task<> http_link::take_answer(http::exchange& answer, std::uint64_t call) {
    const auto status = answer.status();
    if (status >= 300 || status < 200) {
        co_await take_refusal(answer, call);
    } else if (has_type(answer, "text/event-stream")) {
        co_await take_stream(answer, call);
    } else {
        const auto forever = core::time_point::max();
        const auto body = co_await answer.read_all(settings_.max_message_bytes, forever);
        if (!body) {
            if (answer.error().what == http::client_error::kind::too_large)
                talk_.fail(call, mcp::fault(mcp::fault_kind::answer_too_large, answer.error().text));
            else
                on_broken(call, answer.error());
            co_return;
        }
        // The old transport acknowledges a message here, and answers on its stream.
        if (call == 0 || old_transport_) co_return;
        if (!talk_.receive(*body, call))
            talk_.fail(call, unavailable("the server answered with something that is no MCP message"));
        talk_.fail(call, unavailable("the server did not answer the request that it was sent"));
    }
}

core::task<> http_link::take_refusal(http::exchange& answer, std::uint64_t call) {
    const auto status = answer.status();
    const auto soon = core::clock::now() + 5s;
    const auto body = co_await answer.read_all(refusal_bytes, soon);
    const auto code = std::to_string(status);
    if (status == 401 || status == 403) {
        const auto text = "the server answered " + code + ": it does not accept the gateway's credentials";
        log_.error(text, "; see `headers` and `auth` of this server");
        talk_.fail(call, mcp::fault(mcp::fault_kind::backend_unauthorized, text));
        co_return;
    }
    if (body && call != 0 && has_type(answer, "application/json")) talk_.receive(*body, call);
    const bool redirect = status >= 300 && status < 400;
    talk_.fail(call, unavailable("the server answered with HTTP status " + code +
                                 (redirect ? "; redirects are not followed: configure the final url" : "")));
}

core::task<> http_link::take_stream(http::exchange& answer, std::uint64_t call) {
    jsonrpc::sse_decoder events(settings_.max_message_bytes);
    co_await read_events(answer, call, events);
    for (unsigned round = 0; round < resumptions && call != 0 && talk_.waits_for(call); ++round) {
        const bool resumed = co_await resume(events, call);
        if (!resumed) break;
    }
    if (call != 0 && talk_.waits_for(call))
        talk_.fail(call, mcp::fault(mcp::fault_kind::call_interrupted,
                                    "the server's answer broke off; the call may or may not have been "
                                    "carried out, and was not repeated"));
}

core::task<> http_link::read_events(http::exchange& answer, std::uint64_t call,
                                    jsonrpc::sse_decoder& events) {
    const auto dropped = events.oversized();
    reading_pace pace(loop_);
    for (;;) {
        const bool waits = call == 0 || talk_.waits_for(call);
        const auto limit = waits ? core::time_point::max() : core::clock::now() + after_answer;
        const auto piece = co_await answer.read(limit);
        if (!piece) co_return;
        pace.begin_turn();
        events.feed(*piece);
        for (auto event = events.next(); event; event = events.next()) {
            if (pace.due()) co_await pace.rest();
            const bool is_message = take_event(*event, call);
            pace.took(event->data.size(), is_message);
        }
        if (events.oversized() == dropped) continue;
        log_.error("a message of the server was dropped: it is larger than ", settings_.max_message_bytes,
                   " bytes (gateway.drawbridge.maxMessageBytes)");
        talk_.fail(call,
                   mcp::fault(mcp::fault_kind::answer_too_large,
                              "the answer is larger than the limit (gateway.drawbridge.maxMessageBytes)"));
        co_return;
    }
}

// False: there is nothing to resume, or the server does not offer it.
core::task<bool> http_link::resume(jsonrpc::sse_decoder& events, std::uint64_t call) {
    if (events.last_event_id().empty()) co_return false;
    const auto when = core::clock::now() + events.retry().value_or(pause);
    const bool ended = co_await ended_.wait_until(when);
    if (ended) co_return false;
    const auto limit = core::clock::now() + settings_.client.connect_timeout + settings_.talk.tool_timeout;
    auto got = co_await request("GET", std::string(), events.last_event_id(), limit);
    if (!got.value || got.value->status() != 200 || !has_type(*got.value, "text/event-stream"))
        co_return false;
    reading_.insert_or_assign(call, got.value.get());
    events.restart();
    co_await read_events(*got.value, call, events);
    reading_.erase(call);
    co_return true;
}

// False: it is of no use.
bool http_link::take_event(const jsonrpc::sse_message& event, std::uint64_t call) {
    if (old_transport_ && event.type == "endpoint") {
        const auto place = http::resolve_url(client_.origin(), event.data);
        if (!place || !place->same_origin(client_.origin())) {
            lose(health::cause::http_error, "it names an endpoint of another origin");
            return false;
        }
        target_ = place->target;
        endpoint_known_.set();
        return true;
    }
    if (!event.type.empty() && event.type != "message") return false;
    if (talk_.receive(event.data, call)) return true;
    if (babbled_ == babble_reported) return false;
    ++babbled_;
    log_.warning("skipped an event that is not an MCP message");
    if (babbled_ == babble_reported) log_.warning("further such events are skipped without a word");
    return false;
}

// A connection that fails says that the server is not there (Gateway 5.2.2).
void http_link::on_broken(std::uint64_t call, const http::client_error& error) {
    using kind = http::client_error::kind;
    if (ended_.is_set()) return;
    const bool maybe_done = error.sent && talk_.initialize_result().valid();
    talk_.fail(call, maybe_done ? mcp::fault(mcp::fault_kind::call_interrupted,
                                             error.text + "; the call may or may not have been carried out, "
                                                          "and was not repeated")
                                : unavailable(error.text));
    const bool gone = error.what == kind::resolve || error.what == kind::connect || error.what == kind::tls ||
                      error.what == kind::write || error.what == kind::read;
    if (gone) lose(health::cause::unreachable, error.text);
}

// --- what the server says by itself

core::task<> http_link::listen() {
    jsonrpc::sse_decoder events(settings_.max_message_bytes);
    core::duration wait = core::duration::zero();
    for (;;) {
        const auto when = core::clock::now() + wait;
        const bool ended = co_await ended_.wait_until(when);
        if (ended && ended_.is_set()) co_return;
        const auto limit =
            core::clock::now() + settings_.client.connect_timeout + settings_.talk.tool_timeout;
        auto got = co_await request("GET", std::string(), events.last_event_id(), limit);
        if (ended_.is_set()) co_return;
        if (!got.value) {
            on_broken(0, got.error);
        } else if (got.value->status() == 200 && has_type(*got.value, "text/event-stream")) {
            reading_.insert_or_assign(0, got.value.get());
            events.restart();
            co_await read_events(*got.value, 0, events);
            reading_.erase(0);
            wait = core::duration::zero();
        } else if (got.value->status() < 500) {
            co_return; // it offers none
        }
        wait = std::clamp<core::duration>(wait * 2, events.retry().value_or(pause), longest_pause);
    }
}

// --- HTTP+SSE of 2024-11-05

core::task<bool> http_link::open_old_transport(core::time_point deadline) {
    auto got = co_await request("GET", std::string(), std::string(), deadline);
    if (!got.value || got.value->status() != 200 || !has_type(*got.value, "text/event-stream"))
        co_return false;
    old_transport_ = true;
    group_.spawn("stream", read_old_transport(std::move(got.value)));
    const bool known = co_await endpoint_known_.wait_until(deadline);
    co_return known && !ended_.is_set();
}

core::task<> http_link::read_old_transport(std::unique_ptr<http::exchange> stream) {
    jsonrpc::sse_decoder events(settings_.max_message_bytes);
    reading_.insert_or_assign(0, stream.get());
    co_await read_events(*stream, 0, events);
    reading_.erase(0);
    lose(health::cause::output_closed, "its event stream ended");
}

} // namespace drawbridge::backend
