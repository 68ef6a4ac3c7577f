// What becomes of a link.
#pragma once

#include "health/cause.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace drawbridge::backend {

// What a link tells its backend, in this order: spawned, initialized, lost; or spawned, failed; or failed;
// and closed always last, when nothing of it is left.
struct link_report {
    enum class kind { spawned, initialized, failed, lost, closed };

    link_report(std::uint64_t number, kind happened, std::string why)
        : incarnation(number)
        , what(happened)
        , reason(std::move(why)) {}

    std::uint64_t incarnation;
    kind what;
    std::string reason; // for people, sanitized, without details of how the server is run
    // failed: it ended at the first question, which older servers may do. It is not in error: it is asked
    // differently next time (MCP 2026-07-28, versioning).
    bool shows_era = false;
    std::string evidence; // last lines of stderr, sanitized; for the log and the operator only
    health::cause code = health::cause::internal;
    std::optional<health::exit_note> exit; // how the process ended, as far as it is known by now
};

} // namespace drawbridge::backend
