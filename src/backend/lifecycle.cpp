#include "backend/lifecycle.hpp"

namespace drawbridge::backend {
namespace {

struct rule {
    state from;
    event what;
    state to;
};

constexpr rule rules[] = {
    {state::stopped, event::start, state::pulling},
    {state::pulling, event::image_ready, state::starting},
    {state::pulling, event::image_failed, state::backoff},
    {state::starting, event::spawned, state::initializing},
    {state::starting, event::spawn_failed, state::backoff},
    {state::initializing, event::initialized, state::ready},
    {state::initializing, event::initialize_failed, state::backoff},
    {state::initializing, event::era_shown, state::pulling},
    {state::ready, event::probe_failed, state::degraded},
    {state::ready, event::lost, state::backoff},
    {state::degraded, event::probe_ok, state::ready},
    {state::degraded, event::lost, state::backoff},
    {state::backoff, event::retry, state::pulling},
    // On the way out a lost backend is gone all the same: there is nothing to wait for.
    {state::draining, event::lost, state::stopping},
    {state::draining, event::initialize_failed, state::stopping},
    {state::draining, event::era_shown, state::stopping},
    {state::draining, event::spawn_failed, state::stopping},
    {state::draining, event::drained, state::stopping},
    {state::stopping, event::closed, state::stopped},
};

} // namespace

std::optional<state> next(state now, event what) {
    if (what == event::drain && now != state::draining && now != state::stopping) return state::draining;
    for (const auto& each : rules)
        if (each.from == now && each.what == what) return each.to;
    return std::nullopt;
}

status next_status(status before, state entered) {
    switch (entered) {
    case state::ready:
    case state::degraded:
        return status::running;
    case state::backoff:
        return status::error;
    case state::stopped:
        return status::stopped;
    case state::pulling:
    case state::starting:
    case state::initializing:
    case state::draining:
    case state::stopping:
        break;
    }
    return before;
}

std::string_view to_string(state value) {
    switch (value) {
    case state::stopped:
        return "stopped";
    case state::pulling:
        return "pulling";
    case state::starting:
        return "starting";
    case state::initializing:
        return "initializing";
    case state::ready:
        return "ready";
    case state::degraded:
        return "degraded";
    case state::backoff:
        return "backoff";
    case state::draining:
        return "draining";
    case state::stopping:
        return "stopping";
    }
    return "unknown";
}

std::string_view to_string(status value) {
    switch (value) {
    case status::stopped:
        return "stopped";
    case status::running:
        return "running";
    case status::error:
        return "error";
    }
    return "unknown";
}

} // namespace drawbridge::backend
