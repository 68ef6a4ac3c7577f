// The sessions of the gateway: found by an id that nobody can guess, bound to the agent that opened them.
#pragma once

#include "core/alarm.hpp"
#include "core/asio.hpp"
#include "session/session.hpp"
#include "telemetry/log.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace drawbridge::session {

struct store_settings {
    std::chrono::seconds timeout{6 * 3600}; // without a request, a call or an open stream
    std::size_t max_sessions = 10000;
    std::size_t max_sessions_per_agent = 10000;
    std::uint64_t* open = nullptr; // a gauge of open sessions, which outlives the store; null: none
};

// Lives on one loop.
class store {
  public:
    store(core::executor loop, store_settings settings, telemetry::log log);

    // Room for one more session of this agent? The longest idle one is ended for it, if one has been idle for
    // minutes. A fault: no room.
    std::optional<mcp::fault> admit(std::size_t agent);
    void insert(std::shared_ptr<session> one);
    // Nothing for an unknown or ended session, and for another agent's.
    std::shared_ptr<session> find(std::string_view id, std::size_t agent) const;
    void end(const session& one, std::string_view why);
    void end_all();

    std::size_t size() const { return sessions_.size(); }

    // 128 random bits in hexadecimal.
    static std::string make_id();

  private:
    void look_for_expired();
    std::size_t count(std::size_t agent) const;

    core::executor loop_;
    store_settings settings_;
    telemetry::log log_;
    std::unordered_map<std::string, std::shared_ptr<session>> sessions_;
    std::unordered_map<std::size_t, std::size_t> by_agent_;
    core::alarm sweep_;
};

} // namespace drawbridge::session
