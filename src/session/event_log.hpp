// One event stream of a session as it was sent: what a slow or a returning reader still needs (MCP Streamable
// HTTP, "Resumability and Redelivery").
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::session {

// Lives on one loop; held by the session and by its present reader.
class event_log : public std::enable_shared_from_this<event_log> {
  public:
    // `kept_bytes`: more than that is dropped, oldest first; what a reader has not had yet ends its reading.
    // `with_ids`: events carry ids of the form STREAM-EVENT, so that the stream can be resumed.
    event_log(core::executor loop, std::uint64_t number, std::size_t kept_bytes, bool with_ids);

    std::uint64_t number() const { return number_; }
    std::size_t bytes() const { return bytes_; }
    bool ended() const { return ended_; }
    bool attached() const { return attached_; }

    // An event without content, from which a client can resume before the first message (2025-11-25 only:
    // older clients fail on it), and the time after which it may try.
    void prime(std::chrono::milliseconds retry);
    // One JSON-RPC message.
    void append(std::string_view message);
    // An event of another type (2024-11-05: "endpoint").
    void append(std::string_view type, std::string_view data);
    // Nothing more will come.
    void end();

    class reader {
      public:
        reader(std::shared_ptr<event_log> from, std::uint64_t turn, std::uint64_t after);
        reader(reader&&) noexcept = default;
        reader& operator=(reader&&) = delete;
        ~reader();

        // What has gathered, or a comment that keeps the connection alive, or nothing at the end.
        core::task<std::optional<std::string>> next();
        // next() returns nothing soon.
        void abandon();

      private:
        std::optional<std::string> gather();

        std::shared_ptr<event_log> log_;
        std::uint64_t turn_;
        std::uint64_t position_; // of the last event that it took
        bool abandoned_ = false;
    };

    // Goes on behind event `after`, or where the reader before stood. That one, if there is one, ends.
    reader attach(std::optional<std::uint64_t> after = std::nullopt);

  private:
    struct entry {
        std::uint64_t number;
        std::string text;
    };
    void keep(std::string text);
    std::string next_id() const;

    std::uint64_t number_;
    std::size_t kept_bytes_;
    bool with_ids_;
    core::event changed_;
    std::deque<entry> entries_;
    std::size_t bytes_ = 0;
    std::uint64_t last_ = 0;     // number of the last event
    std::uint64_t position_ = 0; // of the last event that a reader took
    std::uint64_t turn_ = 0;     // of the present reader
    bool attached_ = false;
    bool overrun_ = false; // the present reader has missed events
    bool ended_ = false;
};

// "STREAM-EVENT" as a client sends it in Last-Event-ID.
struct event_place {
    std::uint64_t stream;
    std::uint64_t event;
};
std::optional<event_place> read_event_id(std::string_view id);

} // namespace drawbridge::session
