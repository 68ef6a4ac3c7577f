#include "session/store.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace drawbridge::session {
namespace {

using namespace std::chrono_literals;

constexpr auto evictable_after = 5min;

} // namespace

std::string store::make_id() {
    std::array<unsigned char, 16> bytes{};
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const auto n = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
        if (n > 0)
            filled += static_cast<std::size_t>(n);
        else if (errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id;
    for (const auto byte : bytes) {
        id += digits[byte >> 4U];
        id += digits[byte & 15U];
    }
    return id;
}

store::store(core::executor loop, store_settings settings, telemetry::log log)
    : loop_(loop)
    , settings_(settings)
    , log_(std::move(log))
    , sweep_(loop) {}

std::size_t store::count(std::size_t agent) const {
    const auto found = by_agent_.find(agent);
    return found == by_agent_.end() ? 0 : found->second;
}

std::optional<mcp::fault> store::admit(std::size_t agent) {
    const bool full = sessions_.size() >= settings_.max_sessions;
    const bool agent_full = count(agent) >= settings_.max_sessions_per_agent;
    if (!full && !agent_full) return std::nullopt;
    std::shared_ptr<session> idle;
    for (const auto& [id, each] : sessions_) {
        if (each->busy() || (agent_full && each->agent() != agent)) continue;
        if (!idle || each->last_seen() < idle->last_seen()) idle = each;
    }
    if (idle && core::clock::now() - idle->last_seen() >= evictable_after) {
        end(*idle, "it was idle, and its place was needed");
        return std::nullopt;
    }
    mcp::fault none(mcp::fault_kind::too_many_sessions,
                    full ? "the gateway has as many sessions as it may have (maxSessions)"
                         : "this agent has as many sessions as it may have (maxSessionsPerAgent)");
    none.retry_after = 10s;
    return none;
}

void store::insert(std::shared_ptr<session> one) {
    ++by_agent_[one->agent()];
    const auto id = one->id();
    sessions_.emplace(id, std::move(one));
    if (settings_.open != nullptr) *settings_.open = sessions_.size();
    if (!sweep_.is_set()) look_for_expired();
}

std::shared_ptr<session> store::find(std::string_view id, std::size_t agent) const {
    const auto found = sessions_.find(std::string(id));
    if (found == sessions_.end() || found->second->agent() != agent) return nullptr;
    return found->second;
}

void store::end(const session& one, std::string_view why) {
    const auto found = sessions_.find(one.id());
    if (found == sessions_.end()) return;
    const auto ended = std::move(found->second);
    sessions_.erase(found);
    if (settings_.open != nullptr) *settings_.open = sessions_.size();
    if (--by_agent_[ended->agent()] == 0) by_agent_.erase(ended->agent());
    log_.debug("a session ended: ", why);
    ended->close();
}

void store::end_all() {
    sweep_.call_off();
    while (!sessions_.empty())
        end(*sessions_.begin()->second, "the gateway is shutting down");
}

void store::look_for_expired() {
    const auto now = core::clock::now();
    std::vector<std::shared_ptr<session>> expired;
    for (const auto& [id, each] : sessions_)
        if (!each->busy() && now - each->last_seen() >= settings_.timeout) expired.push_back(each);
    for (const auto& each : expired)
        end(*each, "nobody used it for sessionTimeout");
    if (sessions_.empty()) return;
    const auto pause = std::clamp<core::duration>(settings_.timeout / 4, 1s, 60s);
    sweep_.set(now + pause, [this] { look_for_expired(); });
}

} // namespace drawbridge::session
