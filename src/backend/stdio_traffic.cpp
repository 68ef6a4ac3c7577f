// The messages of a stdio link: framing in, ids rewritten both ways, one write for all that waits.
#include "backend/stdio_link.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/splice.hpp"
#include "telemetry/sanitize.hpp"

#include <boost/asio/write.hpp>

#include <array>
#include <utility>

namespace drawbridge::backend {
namespace {

constexpr std::size_t read_size = 128 * 1024;
constexpr std::size_t kept_outbox = 256 * 1024; // what an idle link may keep allocated
constexpr auto ping_limit = std::chrono::seconds(5);
constexpr unsigned babble_reported = 5; // lines on stdout that are no messages, logged one by one

} // namespace

core::task<> stdio_link::read_output() {
    for (;;) {
        const auto room = framer_.prepare(read_size);
        const auto buffer = core::asio::buffer(room.data(), room.size());
        auto [error, n] = co_await child_->output.async_read_some(buffer, core::use_task);
        framer_.commit(n);
        auto event = error ? framer_.finish() : framer_.next();
        for (; event; event = error ? framer_.finish() : framer_.next()) {
            if (const auto* line = std::get_if<std::string_view>(&*event))
                on_line(*line);
            else
                on_oversized(std::get<jsonrpc::oversized>(*event));
        }
        if (error) break;
    }
    output_read_.set();
    lose("it closed its output");
}

core::task<> stdio_link::read_errors() {
    std::array<char, 16 * 1024> chunk;
    for (;;) {
        const auto buffer = core::asio::buffer(chunk);
        auto [error, n] = co_await child_->errors.async_read_some(buffer, core::use_task);
        for (const auto& line : tail_.feed(std::string_view(chunk.data(), n)))
            log_.info("stderr: ", line);
        if (error) break;
    }
    for (const auto& line : tail_.finish())
        log_.info("stderr: ", line);
    errors_read_.set();
}

// All lines that have gathered go out in one write: system calls, not bytes, are what a gateway spends.
core::task<> stdio_link::write_input() {
    std::string writing;
    for (;;) {
        while (outbox_.empty() && !ended_.is_set()) {
            outbox_filled_.reset();
            co_await outbox_filled_.wait();
        }
        if (ended_.is_set()) co_return;
        std::swap(writing, outbox_);
        const auto buffer = core::asio::buffer(writing);
        auto [error, n] = co_await core::asio::async_write(child_->input, buffer, core::use_task);
        if (error) {
            lose("it closed its input");
            co_return;
        }
        writing.clear();
        if (writing.capacity() > kept_outbox) writing.shrink_to_fit();
    }
}

// False: the server does not read, and what waits for it has reached the limit.
bool stdio_link::send(std::string_view line) {
    const auto limit = settings_.max_message_bytes + kept_outbox;
    if (ended_.is_set() || (!outbox_.empty() && outbox_.size() + line.size() > limit)) return false;
    outbox_.append(line);
    outbox_.push_back('\n');
    outbox_filled_.set();
    return true;
}

void stdio_link::submit(call request) {
    if (ended_.is_set()) {
        mcp::fault gone(mcp::fault_kind::unavailable, end_reason_);
        request.reply.finish(outcome(std::move(gone)));
        return;
    }
    if (pending_.size() >= settings_.max_queued_calls) {
        mcp::fault full(mcp::fault_kind::overloaded, "too many calls are waiting for this server");
        full.retry_after = std::chrono::seconds(1);
        request.reply.finish(outcome(std::move(full)));
        return;
    }
    enter(std::move(request), core::clock::now() + settings_.tool_timeout);
}

std::uint64_t stdio_link::enter(call request, core::time_point deadline) {
    pending::entry entry;
    entry.id_token = std::string(request.id.in(request.text));
    entry.method = std::move(request.method);
    entry.reply = std::move(request.reply);
    entry.since = core::clock::now();
    entry.deadline = deadline;
    const auto id = pending_.add(std::move(entry));
    idle_.reset();
    const auto number = std::to_string(id);
    if (!send(jsonrpc::splice(request.text, {{request.id, number}}))) {
        mcp::fault full(mcp::fault_kind::overloaded, "the server does not read its input");
        full.retry_after = std::chrono::seconds(1);
        finish(std::move(*pending_.take(id)), outcome(std::move(full)));
        return id;
    }
    arm_deadline();
    return id;
}

void stdio_link::notify(std::string message) {
    if (!send(message))
        log_.debug("a notification was dropped: the link is not up or the server does not read");
}

core::task<bool> stdio_link::wait_idle(core::time_point deadline) {
    const bool idle = co_await idle_.wait_until(deadline);
    co_return idle;
}

core::task<outcome> stdio_link::ask(std::string_view method, std::string_view raw_params,
                                    core::time_point deadline) {
    auto [sender, receiver] = reply_sink::make(loop_);
    auto text = jsonrpc::request("0", method, raw_params);
    const auto id = jsonrpc::scan(text).id;
    call request(std::move(text), id, std::string(method), std::move(sender));
    enter(std::move(request), deadline);
    auto answer = co_await receiver.next();
    while (answer.index() == 0)
        answer = co_await receiver.next();
    co_return std::move(std::get<1>(answer));
}

void stdio_link::on_line(std::string_view line) {
    last_heard_ = core::clock::now();
    const auto message = jsonrpc::scan(line);
    switch (message.kind) {
    case jsonrpc::message_kind::response:
        on_response(line, message);
        break;
    case jsonrpc::message_kind::request:
        on_request(line, message);
        break;
    case jsonrpc::message_kind::notification:
        // Nobody listens yet: a call has one answer and no stream.
        log_.debug("notification ", message.method_name, " was not passed on");
        break;
    case jsonrpc::message_kind::batch:
    case jsonrpc::message_kind::invalid:
        on_babble(line);
        break;
    }
}

void stdio_link::on_response(std::string_view line, const jsonrpc::envelope& message) {
    auto entry = pending_.take(message.id.in(line));
    if (!entry) {
        log_.debug("an answer to a call that is gone was dropped");
        return;
    }
    outcome end(jsonrpc::splice(line, {{message.id, entry->id_token}}));
    finish(std::move(*entry), std::move(end));
}

// Ping is answered here. Anything else needs a client capability that this link did not declare.
void stdio_link::on_request(std::string_view line, const jsonrpc::envelope& message) {
    const auto id = message.id.in(line);
    const bool sent =
        message.method_name == "ping"
            ? send(jsonrpc::result_response(id, "{}"))
            : send(jsonrpc::error_response(id, jsonrpc::code_method_not_found, "Method not found"));
    if (!sent) log_.warning("a request of the server could not be answered: it does not read its input");
}

void stdio_link::on_oversized(const jsonrpc::oversized& line) {
    log_.error("a message of ", line.bytes, " bytes was dropped: the limit is ", settings_.max_message_bytes,
               " (gateway.drawbridge.maxMessageBytes)");
    auto entry = line.is_response && line.id ? pending_.take(std::string_view(*line.id)) : std::nullopt;
    if (!entry) return;
    mcp::fault too_large(mcp::fault_kind::answer_too_large, "the answer has " + std::to_string(line.bytes) +
                                                                " bytes, more than the limit of " +
                                                                std::to_string(settings_.max_message_bytes));
    finish(std::move(*entry), outcome(std::move(too_large)));
}

// Servers print banners and debug output on stdout although they must not. The line is skipped, the server
// lives on.
void stdio_link::on_babble(std::string_view line) {
    ++babbled_;
    if (babbled_ <= babble_reported)
        log_.warning("skipped a line on stdout that is not an MCP message: ",
                     telemetry::sanitize(line.substr(0, 1024), settings_.secrets, 200));
    if (babbled_ == babble_reported) log_.warning("further such lines are skipped without a word");
}

void stdio_link::finish(pending::entry entry, outcome end) {
    entry.reply.finish(std::move(end));
    if (pending_.empty()) idle_.set();
}

void stdio_link::arm_deadline() {
    const auto next = pending_.next_deadline();
    if (!next || ended_.is_set()) return;
    // An alarm that is set earlier does: it looks again when it rings. So a busy link sets one alarm per
    // toolTimeout.
    if (deadline_.is_set() && armed_for_ <= *next) return;
    armed_for_ = *next;
    deadline_.set(*next, [this] { expire_calls(); });
}

void stdio_link::expire_calls() {
    const auto now = core::clock::now();
    for (auto& [id, entry] : pending_.expire(now)) {
        const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - entry.since).count();
        log_.error(entry.method, " timed out after ", elapsed, " ms");
        if (entry.method != "initialize") { // which must not be cancelled (MCP cancellation)
            const auto params = R"({"requestId":)" + std::to_string(id) + R"(,"reason":"timed out"})";
            send(jsonrpc::notification("notifications/cancelled", params));
        }
        if (last_heard_ <= entry.since && initialize_result_.valid() && !std::exchange(checking_, true))
            group_.spawn("check", check_alive());
        mcp::fault late(mcp::fault_kind::timed_out,
                        entry.method + " was not answered within " + std::to_string(elapsed) + " ms");
        finish(std::move(entry), outcome(std::move(late)));
    }
    arm_deadline();
}

// A server that has not said a word since a call that it never answered is asked whether it is still there:
// one that has stopped answering is in error, however alive its process is (Gateway 8.2). Busy is not dead:
// as long as other calls are inside their deadline it is given the time.
core::task<> stdio_link::check_alive() {
    const auto asked = core::clock::now();
    const auto deadline = asked + ping_limit;
    const outcome answer = co_await ask("ping", std::string_view(), deadline);
    checking_ = false;
    if (answer.failure && last_heard_ <= asked && pending_.empty()) lose("it stopped answering");
}

} // namespace drawbridge::backend
