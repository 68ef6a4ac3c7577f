// Server-Sent Events, both ways (WHATWG HTML, "Interpreting an event stream"). Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::jsonrpc {

// One event. `id` and `type` are left out when they are empty; data with line breaks becomes several lines,
// empty data one empty line.
std::string sse_event(std::string_view data, std::string_view id = {}, std::string_view type = {});
std::string sse_comment(std::string_view text);
// How long a client waits before it connects again.
std::string sse_retry(std::chrono::milliseconds pause);

struct sse_message {
    std::string data;
    std::string id;   // the last that the stream named
    std::string type; // empty: "message"
};

// Bytes in, events out. Memory is bounded: an event of more than `max_bytes` of data is skipped and counted.
// Time is linear in what is fed, however small the pieces are.
class sse_decoder {
  public:
    explicit sse_decoder(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    void feed(std::string_view chunk);
    // The next whole event that has data, in order; none: more has to be read.
    std::optional<sse_message> next();
    // To be called before the first bytes of another connection: what the one before left unfinished is
    // dropped. The last id, the pause, the counts and whole events that wait are kept.
    void restart();

    // Where the stream can be resumed: the id of the last whole event, also of one without data or skipped.
    const std::string& last_event_id() const { return last_id_; }
    // Counts as soon as its line is there.
    std::optional<std::chrono::milliseconds> retry() const { return retry_; }
    std::size_t oversized() const { return oversized_; }
    std::uint64_t oversized_bytes() const { return oversized_bytes_; } // all lines of the skipped events

  private:
    void take_piece(std::string_view piece);
    void end_line();
    void take_field(std::string_view name, std::string_view value);
    void dispatch();
    void forget_event();

    std::size_t max_bytes_;
    std::string line_;
    bool line_too_long_ = false;
    bool after_return_ = false; // the last character was CR: LF belongs to it
    bool begun_ = false;        // a byte order mark may stand in front
    std::string data_;
    bool has_data_ = false;
    bool too_long_ = false;
    std::string type_;
    std::string id_;      // as the lines up to here say
    std::string last_id_; // as the events up to here say
    std::optional<std::chrono::milliseconds> retry_;
    std::uint64_t event_bytes_ = 0;
    std::size_t oversized_ = 0;
    std::uint64_t oversized_bytes_ = 0;
    std::deque<sse_message> ready_;
};

} // namespace drawbridge::jsonrpc
