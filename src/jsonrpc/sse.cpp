#include "jsonrpc/sse.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace drawbridge::jsonrpc {
namespace {

constexpr std::size_t field_room = 1024; // of a line beside its data: names, ids, types
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

} // namespace

std::string sse_event(std::string_view data, std::string_view id, std::string_view type) {
    std::string out;
    out.reserve(data.size() + id.size() + type.size() + 32);
    if (!id.empty()) out.append("id: ").append(id).append("\n");
    if (!type.empty()) out.append("event: ").append(type).append("\n");
    for (;;) {
        const auto end = data.find_first_of("\r\n");
        out.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == std::string_view::npos) break;
        const bool pair = data[end] == '\r' && end + 1 < data.size() && data[end + 1] == '\n';
        data.remove_prefix(end + (pair ? 2 : 1));
    }
    return out + "\n";
}

std::string sse_comment(std::string_view text) {
    return ": " + std::string(text) + "\n\n";
}

std::string sse_retry(std::chrono::milliseconds pause) {
    return "retry: " + std::to_string(pause.count()) + "\n";
}

void sse_decoder::feed(std::string_view chunk) {
    if (chunk.empty()) return;
    std::size_t at = after_return_ && chunk.front() == '\n' ? 1 : 0;
    after_return_ = false;
    // Each search goes on where the one before ended: a line without the other kind of end costs nothing.
    auto line_feed = chunk.find('\n', at);
    auto carriage_return = chunk.find('\r', at);
    while (at < chunk.size()) {
        const auto end = std::min({line_feed, carriage_return, chunk.size()});
        take_piece(chunk.substr(at, end - at));
        if (end == chunk.size()) return;
        at = end + 1;
        if (end == carriage_return) {
            after_return_ = at == chunk.size();
            if (line_feed == at) ++at;
            carriage_return = chunk.find('\r', at);
        }
        if (line_feed < at) line_feed = chunk.find('\n', at);
        end_line();
    }
}

void sse_decoder::take_piece(std::string_view piece) {
    event_bytes_ += piece.size();
    if (line_.size() + piece.size() > max_bytes_ + field_room)
        line_too_long_ = true;
    else if (!line_too_long_)
        line_.append(piece);
}

void sse_decoder::end_line() {
    auto line = std::exchange(line_, std::string());
    std::string_view text = line;
    if (!std::exchange(begun_, true) && text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    if (std::exchange(line_too_long_, false)) {
        too_long_ = true;
    } else if (text.empty()) {
        dispatch();
    } else if (text.front() != ':') {
        const auto colon = text.find(':');
        auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        take_field(text.substr(0, colon), value);
    }
}

void sse_decoder::take_field(std::string_view name, std::string_view value) {
    if (name == "data") {
        if (data_.size() + (has_data_ ? 1 : 0) + value.size() > max_bytes_) {
            too_long_ = true;
            data_ = std::string();
        }
        if (too_long_) return;
        if (std::exchange(has_data_, true)) data_ += '\n';
        data_ += value;
    } else if (name == "event") {
        type_ = value;
    } else if (name == "id") {
        if (value.find('\0') == std::string_view::npos) id_ = value;
    } else if (name == "retry") {
        unsigned pause = 0;
        const auto* end = value.data() + value.size();
        const auto [stopped, error] = std::from_chars(value.data(), end, pause);
        if (!value.empty() && error == std::errc() && stopped == end)
            retry_ = std::chrono::milliseconds(pause);
    }
}

void sse_decoder::dispatch() {
    last_id_ = id_; // not before: what breaks off in an event has to be sent again
    if (std::exchange(too_long_, false)) {
        ++oversized_;
        oversized_bytes_ += event_bytes_;
    } else if (!data_.empty()) {
        ready_.push_back({std::move(data_), last_id_, type_});
    }
    forget_event();
}

void sse_decoder::forget_event() {
    data_ = std::string(); // with its memory
    has_data_ = false;
    type_.clear();
    event_bytes_ = 0;
}

void sse_decoder::restart() {
    line_ = std::string();
    line_too_long_ = false;
    after_return_ = false;
    begun_ = false;
    too_long_ = false;
    id_ = last_id_;
    forget_event();
}

std::optional<sse_message> sse_decoder::next() {
    if (ready_.empty()) return std::nullopt;
    std::optional<sse_message> first(std::move(ready_.front()));
    ready_.pop_front();
    return first;
}

} // namespace drawbridge::jsonrpc
