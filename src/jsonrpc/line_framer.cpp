#include "jsonrpc/line_framer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace drawbridge::jsonrpc {

line_framer::line_framer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

std::span<char> line_framer::prepare(std::size_t n) {
    make_room(n);
    return {buffer_.get() + end_, capacity_ - end_};
}

void line_framer::commit(std::size_t n) {
    assert(n <= capacity_ - end_);
    end_ += n;
}

std::optional<line_framer::event> line_framer::next() {
    while (scanned_ < end_) {
        const char* from = buffer_.get() + scanned_;
        const auto* found = static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
        if (found == nullptr) break;
        const std::size_t begin = begin_;
        const auto line_break = static_cast<std::size_t>(found - buffer_.get());
        begin_ = scanned_ = line_break + 1;
        if (discarding_) {
            discard({buffer_.get() + begin, line_break - begin});
            return end_of_oversized();
        }
        if (auto out = line_at(begin, line_break)) return out;
    }
    scanned_ = end_;
    // One byte more may be the "\r" of a line that just fits.
    const std::size_t open = end_ - begin_;
    const bool fits = open <= max_bytes_ || (open == max_bytes_ + 1 && buffer_[end_ - 1] == '\r');
    if (discarding_ || !fits) {
        discard({buffer_.get() + begin_, open});
        begin_ = scanned_ = end_;
    }
    return std::nullopt;
}

std::optional<line_framer::event> line_framer::finish() {
    const std::size_t begin = std::exchange(begin_, end_);
    scanned_ = end_;
    if (!discarding_) return line_at(begin, end_);
    discard({buffer_.get() + begin, end_ - begin});
    return end_of_oversized();
}

// The line [begin, end): an event, or nothing for an empty one.
std::optional<line_framer::event> line_framer::line_at(std::size_t begin, std::size_t end) {
    const std::string_view whole(buffer_.get() + begin, end - begin);
    const auto line = whole.ends_with('\r') ? whole.substr(0, whole.size() - 1) : whole;
    if (line.empty()) return std::nullopt;
    if (line.size() <= max_bytes_) return event(line);
    discard(whole);
    return end_of_oversized();
}

void line_framer::discard(std::string_view piece) {
    if (!std::exchange(discarding_, true)) scanner_ = std::make_unique<id_scanner>();
    if (piece.empty()) return;
    scanner_->feed(piece);
    discarded_ += piece.size();
    last_ = piece.back();
}

std::optional<line_framer::event> line_framer::end_of_oversized() {
    oversized out;
    out.bytes = discarded_ - (last_ == '\r' ? 1 : 0);
    out.id = scanner_->id();
    out.is_response = scanner_->is_response();
    scanner_.reset();
    discarding_ = false;
    discarded_ = 0;
    last_ = 0;
    return event(std::move(out));
}

// n free bytes at the end: by starting over when nothing is held, by moving what is held to the front, or by
// growing.
void line_framer::make_room(std::size_t n) {
    const std::size_t held = end_ - begin_;
    const std::size_t idle_limit = std::max(n, kept_bytes);
    if (held == 0) {
        begin_ = scanned_ = end_ = 0;
        if (capacity_ > idle_limit) {
            buffer_.reset();
            capacity_ = 0;
        }
    }
    if (capacity_ - end_ >= n) return;
    if (begin_ != 0 && capacity_ - held >= n) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, held);
    } else {
        const std::size_t limit = std::max(max_bytes_ + 2 + n, held + n);
        const std::size_t wanted = std::min(std::max(held + n, capacity_ * 4), limit);
        auto bigger = std::make_unique_for_overwrite<char[]>(wanted);
        if (held != 0) std::memcpy(bigger.get(), buffer_.get() + begin_, held);
        buffer_ = std::move(bigger);
        capacity_ = wanted;
    }
    scanned_ -= begin_;
    begin_ = 0;
    end_ = held;
}

} // namespace drawbridge::jsonrpc
