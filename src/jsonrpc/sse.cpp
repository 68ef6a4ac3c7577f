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
    while (!chunk.empty()) {
        if (after_return_ && chunk.front() == '\n') chunk.remove_prefix(1);
        after_return_ = false;
        const auto end = chunk.find_first_of("\r\n");
        const auto piece = chunk.substr(0, end);
        if (line_.size() + piece.size() > max_bytes_ + field_room)
            line_too_long_ = true;
        else if (!line_too_long_)
            line_.append(piece);
        if (end == std::string_view::npos) return;
        after_return_ = chunk[end] == '\r';
        chunk.remove_prefix(end + 1);
        end_line();
    }
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
        if (data_.size() + value.size() > max_bytes_) {
            too_long_ = true;
            data_.clear();
            return;
        }
        if (std::exchange(has_data_, true)) data_ += '\n';
        data_ += value;
    } else if (name == "event") {
        type_ = value;
    } else if (name == "id") {
        if (value.find('\0') == std::string_view::npos) last_id_ = value;
    } else if (name == "retry") {
        unsigned pause = 0;
        const auto* end = value.data() + value.size();
        const auto [stopped, error] = std::from_chars(value.data(), end, pause);
        if (!value.empty() && error == std::errc() && stopped == end)
            retry_ = std::chrono::milliseconds(pause);
    }
}

void sse_decoder::dispatch() {
    if (std::exchange(too_long_, false))
        ++oversized_;
    else if (!data_.empty())
        ready_.push_back({std::move(data_), last_id_, type_});
    data_.clear();
    type_.clear();
    has_data_ = false;
}

std::optional<sse_message> sse_decoder::next() {
    if (ready_.empty()) return std::nullopt;
    std::optional<sse_message> first(std::move(ready_.front()));
    ready_.pop_front();
    return first;
}

} // namespace drawbridge::jsonrpc
