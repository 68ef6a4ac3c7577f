#include "backend/standing.hpp"

namespace drawbridge::backend {
namespace {

constexpr std::string_view session_prefix = "session ";

bool newer(const standing& left, const standing& right) {
    return left.incarnation > right.incarnation;
}

} // namespace

standing summarize(std::span<const standing> links) {
    const standing* serving = nullptr;
    const standing* trying = nullptr;
    standing idle;
    for (const auto& each : links) {
        if (serves(each.now)) {
            // Ready beats degraded: some link serves as it should.
            const bool better = serving == nullptr ||
                                (each.now == serving->now ? newer(each, *serving) : each.now == state::ready);
            if (better) serving = &each;
        } else if (each.now != state::stopped) {
            if (trying == nullptr || newer(each, *trying)) trying = &each;
        } else if (newer(each, idle)) {
            idle = each;
        }
    }
    if (serving != nullptr) return *serving;
    return trying != nullptr ? *trying : idle;
}

std::string agent_key(const client* who) {
    return "agent " + std::to_string(who != nullptr ? who->agent : 0);
}

std::string link_key(config::server::session_sharing how, const client* who) {
    using sharing = config::server::session_sharing;
    const auto agent = agent_key(who);
    const bool has_session = who != nullptr && !who->session.empty();
    switch (how) {
    case sharing::shared:
        return "everybody";
    case sharing::per_agent:
        return agent;
    case sharing::per_session:
        if (who != nullptr && who->speaks == mcp::era::modern) return agent; // it has no session
        return has_session ? std::string(session_prefix) + who->session : "nobody";
    case sharing::automatic:
        break;
    }
    return has_session && who->input_capable ? std::string(session_prefix) + who->session : agent;
}

bool is_exclusive(std::string_view key) {
    return key.starts_with(session_prefix);
}

} // namespace drawbridge::backend
