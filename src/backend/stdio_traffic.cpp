// The messages of a stdio link: framing in, ids rewritten both ways, one write for all that waits.
#include "backend/stdio_link.hpp"

#include "backend/reading_pace.hpp"
#include "telemetry/sanitize.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace drawbridge::backend {
namespace {

constexpr std::size_t read_size = 128 * 1024;   // at once, however much room there is
constexpr std::size_t kept_outbox = 256 * 1024; // what an idle link may keep allocated
constexpr unsigned babble_reported = 5;         // lines on stdout that are no messages, logged one by one

} // namespace

core::task<> stdio_link::read_output() {
    reading_pace pace(loop_);
    for (;;) {
        const auto room = framer_.prepare(read_size);
        const auto buffer = core::asio::buffer(room.data(), std::min(room.size(), read_size));
        auto [error, n] = co_await child_->output.async_read_some(buffer, core::use_task);
        pace.begin_turn();
        framer_.commit(n);
        auto event = error ? framer_.finish() : framer_.next();
        for (; event; event = error ? framer_.finish() : framer_.next()) {
            if (pace.due()) co_await pace.rest();
            if (const auto* oversized = std::get_if<jsonrpc::oversized>(&*event)) {
                on_oversized(*oversized);
                pace.took(0, true);
            } else {
                const auto line = std::get<std::string_view>(*event);
                const bool is_message = talk_.receive(line);
                if (!is_message) on_babble(line);
                pace.took(line.size(), is_message);
            }
        }
        if (error) break;
    }
    output_read_.set();
    lose(health::cause::output_closed, "it closed its output");
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
            lose(health::cause::input_closed, "it closed its input");
            co_return;
        }
        writing.clear();
        if (writing.capacity() > kept_outbox) writing.shrink_to_fit();
    }
}

bool stdio_link::send(std::string_view line, std::uint64_t) {
    const auto limit = settings_.max_message_bytes + kept_outbox;
    if (ended_.is_set() || (!outbox_.empty() && outbox_.size() + line.size() > limit)) return false;
    outbox_.append(line);
    outbox_.push_back('\n');
    outbox_filled_.set();
    return true;
}

void stdio_link::on_oversized(const jsonrpc::oversized& line) {
    log_.error("a message of ", line.bytes, " bytes was dropped: the limit is ", settings_.max_message_bytes,
               " (gateway.drawbridge.maxMessageBytes)");
    if (line.is_response && line.id) talk_.drop_oversized(line.bytes, settings_.max_message_bytes, *line.id);
}

// Servers print banners and debug output on stdout although they must not. The line is skipped, the server
// lives on.
void stdio_link::on_babble(std::string_view line) {
    if (babbled_ == babble_reported) return;
    ++babbled_;
    log_.warning("skipped a line on stdout that is not an MCP message: ",
                 telemetry::sanitize(line.substr(0, 1024), settings_.talk.secrets, 200));
    if (babbled_ == babble_reported) log_.warning("further such lines are skipped without a word");
}

} // namespace drawbridge::backend
