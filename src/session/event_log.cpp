#include "session/event_log.hpp"

#include "jsonrpc/sse.hpp"

#include <charconv>
#include <chrono>
#include <utility>

namespace drawbridge::session {
namespace {

constexpr auto keep_alive = std::chrono::seconds(15); // proxies cut what is silent for a minute or two
constexpr std::size_t piece = 256 * 1024;             // of one write

std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc() || stopped != end) return std::nullopt;
    return value;
}

} // namespace

std::optional<event_place> read_event_id(std::string_view id) {
    const auto dash = id.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto stream = read_number(id.substr(0, dash));
    const auto event = read_number(id.substr(dash + 1));
    if (!stream || !event) return std::nullopt;
    return event_place{*stream, *event};
}

event_log::event_log(core::executor loop, std::uint64_t number, std::size_t kept_bytes, bool with_ids)
    : number_(number)
    , kept_bytes_(kept_bytes)
    , with_ids_(with_ids)
    , changed_(loop) {}

std::string event_log::next_id() const {
    return with_ids_ ? std::to_string(number_) + "-" + std::to_string(last_ + 1) : std::string();
}

void event_log::prime(std::chrono::milliseconds retry) {
    if (with_ids_) keep(jsonrpc::sse_retry(retry) + jsonrpc::sse_event(std::string_view(), next_id()));
}

void event_log::append(std::string_view message) {
    keep(jsonrpc::sse_event(message, next_id(), "message"));
}

void event_log::append(std::string_view type, std::string_view data) {
    keep(jsonrpc::sse_event(data, std::string_view(), type));
}

void event_log::keep(std::string text) {
    if (ended_) return;
    bytes_ += text.size();
    entries_.push_back({++last_, std::move(text)});
    while (bytes_ > kept_bytes_ && entries_.size() > 1) {
        if (attached_ && entries_.front().number > position_) overrun_ = true;
        bytes_ -= entries_.front().text.size();
        entries_.pop_front();
    }
    changed_.set();
}

void event_log::end() {
    ended_ = true;
    changed_.set();
}

event_log::reader event_log::attach(std::optional<std::uint64_t> after) {
    overrun_ = false;
    attached_ = true;
    changed_.set(); // the reader before sees that its turn is over
    return reader(shared_from_this(), ++turn_, after.value_or(position_));
}

event_log::reader::reader(std::shared_ptr<event_log> from, std::uint64_t turn, std::uint64_t after)
    : log_(std::move(from))
    , turn_(turn)
    , position_(after) {}

event_log::reader::~reader() {
    if (log_ && log_->turn_ == turn_) log_->attached_ = false;
}

core::task<std::optional<std::string>> event_log::reader::next() {
    auto log = log_;
    for (;;) {
        if (abandoned_ || log->turn_ != turn_) co_return std::nullopt;
        if (log->overrun_) {
            abandoned_ = true;
            co_return jsonrpc::sse_comment("closed: the reader is too slow (streamBufferBytes)");
        }
        if (auto text = gather()) co_return text;
        if (log->ended_) co_return std::nullopt;
        log->changed_.reset();
        const auto deadline = core::clock::now() + keep_alive;
        const bool changed = co_await log->changed_.wait_until(deadline);
        if (!changed) co_return jsonrpc::sse_comment("keep-alive");
    }
}

std::optional<std::string> event_log::reader::gather() {
    std::optional<std::string> text;
    for (const auto& each : log_->entries_) {
        if (each.number <= position_) continue;
        if (!text) text.emplace();
        text->append(each.text);
        position_ = each.number;
        if (text->size() >= piece) break;
    }
    log_->position_ = std::max(log_->position_, position_);
    return text;
}

void event_log::reader::abandon() {
    abandoned_ = true;
    log_->changed_.set();
}

} // namespace drawbridge::session
