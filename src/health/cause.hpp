// Why a server's state changed: an enumerated word for machines, beside the sentence for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace drawbridge::health {

enum class cause : std::uint8_t {
    wanted, // a client, the configuration or an earlier failure asks for it
    prepared,
    prepare_failed, // no image, no network
    spawned,
    spawn_failed,
    initialized,
    handshake_failed,
    exited,
    killed, // by a signal
    out_of_memory,
    output_closed,
    input_closed,
    unreachable, // the connection failed
    http_error,
    unauthorized,
    check_failed,
    check_slow, // answered, but late
    check_passed,
    silent,         // checks failed `fall` times
    older_revision, // it ended at a question that only newer servers know: it is asked differently
    retry,
    idle,
    session_ended,
    place_needed,
    shutdown,
    drained,
    closed,
    internal
};

inline constexpr std::size_t cause_count = static_cast<std::size_t>(cause::internal) + 1;

std::string_view to_string(cause value);

// How a process ended.
struct exit_note {
    std::optional<int> code;
    int signal = 0; // 0: none
    bool out_of_memory = false;
};

struct reason {
    reason() = default;
    reason(cause what, std::string why) : code(what), text(std::move(why)) {}

    cause code = cause::internal;
    std::string text;     // for people and callers, sanitized, without details of how the server is run
    std::string evidence; // last lines of stderr, sanitized; for the operator only
    std::optional<exit_note> exit;
};

// At most 512 bytes, cut on a character border.
std::string shortened(std::string_view text);

} // namespace drawbridge::health
