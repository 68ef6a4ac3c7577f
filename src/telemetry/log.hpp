// The gateway's own log: one line per record on stderr, written by a thread of its own. Boost.Log stays in
// log.cpp.
//
// A `log` is a handle to copy around; a `log_backend` is made once, in app, before the loops, and outlives
// them. Writing never blocks and never fails: the queue is bounded, what does not fit is dropped and counted,
// and a stderr that is blocked or closed only costs lines. Never hand a secret to it (see sanitize.hpp).
#pragma once

#include <atomic>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::telemetry {

enum class severity : std::uint8_t { debug, info, warning, error, critical };

// "debug", "info", "warning", "error", "critical"; "warn" is read too.
std::string_view to_string(severity level);
std::optional<severity> parse_severity(std::string_view name);

enum class log_format : std::uint8_t {
    automatic, // readable on a terminal, systemd where JOURNAL_STREAM names this stderr, else plain
    readable,  // local time, level, [labels], text; coloured on a terminal unless NO_COLOR is set
    systemd,   // "<N>" priority, no time: the journal has its own
    plain,     // like readable with UTC ISO 8601 time, no colour
    json       // an object on each line: time, level, message, and the labels that are known
};

// "auto", "readable", "systemd", "plain", "json".
std::optional<log_format> parse_log_format(std::string_view name);

// What a line is about; empty: not known. Short names and numbers that the caller chose. Never a session id:
// whoever has one can speak for its session.
struct log_labels {
    std::string server;
    std::string session;
    std::string request;
};

namespace detail {

// What handles and the backend share. Handles may outlive the backend; they are silent then.
struct log_channel;
inline constexpr std::uint8_t level_off = 255;

void write(const std::shared_ptr<log_channel>& channel, const std::shared_ptr<const log_labels>& labels,
           severity level, std::string_view text) noexcept;

template <class Part>
void append(std::string& out, const Part& part) {
    if constexpr (std::convertible_to<const Part&, std::string_view>) {
        out.append(std::string_view(part));
    } else if constexpr (std::same_as<Part, char>) {
        out.push_back(part);
    } else if constexpr (std::same_as<Part, bool>) {
        out.append(part ? "true" : "false");
    } else {
        static_assert(std::integral<Part>, "a log line is made of text, characters and integers");
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof digits, part).ptr;
        out.append(digits, end);
    }
}

} // namespace detail

class log {
  public:
    log() = default; // writes nothing

    // One load; test it before building anything costly.
    bool enabled(severity level) const noexcept {
        return level_ != nullptr &&
               static_cast<std::uint8_t>(level) >= level_->load(std::memory_order_relaxed);
    }
    // Any thread. Line breaks and control characters are escaped, and the text is cut at 8 KiB.
    void write(severity level, std::string_view text) const noexcept {
        if (enabled(level)) detail::write(channel_, labels_, level, text);
    }

    // The parts (text, char, integers, bool) one after another, put together only if the level is on.
    template <class... Parts>
    void debug(const Parts&... parts) const {
        write_parts(severity::debug, parts...);
    }
    template <class... Parts>
    void info(const Parts&... parts) const {
        write_parts(severity::info, parts...);
    }
    template <class... Parts>
    void warning(const Parts&... parts) const {
        write_parts(severity::warning, parts...);
    }
    template <class... Parts>
    void error(const Parts&... parts) const {
        write_parts(severity::error, parts...);
    }
    template <class... Parts>
    void critical(const Parts&... parts) const {
        write_parts(severity::critical, parts...);
    }

    // Lines of all handles lost so far because the queue was full.
    std::uint64_t dropped() const noexcept;

    // The same log with this label on every line, beside those it has: [server session request]. An empty one
    // is taken off. Each allocates once: made where a server, session or request begins, not for every line.
    log for_server(std::string_view name) const;
    log for_session(std::string_view label) const;
    log for_request(std::string_view label) const;

  private:
    friend class log_backend;

    log with(std::string log_labels::*which, std::string_view label) const;

    template <class... Parts>
    void write_parts(severity level, const Parts&... parts) const {
        if (!enabled(level)) return;
        if constexpr (sizeof...(Parts) == 1 && (std::convertible_to<const Parts&, std::string_view> && ...)) {
            detail::write(channel_, labels_, level, std::string_view(parts...));
        } else {
            std::string text;
            text.reserve(128);
            (detail::append(text, parts), ...);
            detail::write(channel_, labels_, level, text);
        }
    }

    std::shared_ptr<detail::log_channel> channel_;
    const std::atomic<std::uint8_t>* level_ = nullptr; // inside *channel_
    std::shared_ptr<const log_labels> labels_;         // null: none
};

struct log_options {
    severity level = severity::info;
    log_format format = log_format::automatic;
    int descriptor = 2;                          // duplicated; the caller keeps its own
    std::chrono::milliseconds flush_limit{2000}; // how long the destructor waits for queued lines
};

class log_backend {
  public:
    // Registers a sink with Boost.Log's core and starts its thread (all signals blocked in it).
    explicit log_backend(const log_options& options = {});
    // Unregisters it, writes what is queued for at most flush_limit, and stops. If stderr blocks for longer,
    // the rest is lost; nothing waits for it.
    ~log_backend();
    log_backend(const log_backend&) = delete;
    log_backend& operator=(const log_backend&) = delete;

    log handle() const;
    void set_level(severity level);
    // Lines lost so far because the queue was full. Also reported in the log: "N log lines dropped".
    std::uint64_t dropped() const;
    // Waits until everything written before is out; false if that took longer than `limit`.
    bool flush(std::chrono::milliseconds limit);

  private:
    struct implementation;
    std::unique_ptr<implementation> impl_;
};

} // namespace drawbridge::telemetry
