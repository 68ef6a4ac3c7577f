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
class sse_decoder {
  public:
    explicit sse_decoder(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    void feed(std::string_view chunk);
    // The next whole event that has data, in order; none: more has to be read.
    std::optional<sse_message> next();

    // Also of events without data, from which a stream can be resumed.
    const std::string& last_event_id() const { return last_id_; }
    std::optional<std::chrono::milliseconds> retry() const { return retry_; }
    std::size_t oversized() const { return oversized_; }

  private:
    void end_line();
    void take_field(std::string_view name, std::string_view value);
    void dispatch();

    std::size_t max_bytes_;
    std::string line_;
    bool line_too_long_ = false;
    bool after_return_ = false; // the last character was CR: LF belongs to it
    bool begun_ = false;        // a byte order mark may stand in front
    std::string data_;
    bool has_data_ = false;
    bool too_long_ = false;
    std::string type_;
    std::string last_id_;
    std::optional<std::chrono::milliseconds> retry_;
    std::size_t oversized_ = 0;
    std::deque<sse_message> ready_;
};

} // namespace drawbridge::jsonrpc
