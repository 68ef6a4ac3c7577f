#include "backend/audience.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace drawbridge::backend {
namespace {

constexpr std::array<std::string_view, 8> levels = {"debug", "info",     "notice", "warning",
                                                    "error", "critical", "alert",  "emergency"};

} // namespace

std::optional<std::size_t> level_order(std::string_view level) {
    const auto found = std::find(levels.begin(), levels.end(), level);
    if (found == levels.end()) return std::nullopt;
    return static_cast<std::size_t>(found - levels.begin());
}

void audience::join(const client_ref& who) {
    if (who && !who->session.empty()) members_[who->session].who = who;
}

std::vector<std::string> audience::leave(const client& who) {
    const auto found = members_.find(who.session);
    if (found == members_.end()) return {};
    auto uris = std::move(found->second.uris);
    members_.erase(found);
    std::vector<std::string> forgotten;
    for (const auto& uri : uris)
        if (!anybody_holds(uri)) forgotten.push_back(uri);
    return forgotten;
}

bool audience::anybody_holds(const std::string& uri) const {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const auto& each) { return each.second.uris.contains(uri); });
}

bool audience::subscribe(const client& who, std::string uri) {
    const auto found = members_.find(who.session);
    if (found == members_.end()) return true; // nobody will hear of it: the server may say what it thinks
    const bool first = !anybody_holds(uri);
    found->second.uris.insert(std::move(uri));
    return first;
}

bool audience::unsubscribe(const client& who, const std::string& uri) {
    const auto found = members_.find(who.session);
    if (found != members_.end()) found->second.uris.erase(uri);
    return !anybody_holds(uri);
}

std::vector<std::string> audience::subscriptions() const {
    std::set<std::string> all;
    for (const auto& [session, each] : members_)
        all.insert(each.uris.begin(), each.uris.end());
    return {all.begin(), all.end()};
}

bool audience::set_level(const client& who, std::string_view level) {
    const auto order = level_order(level);
    const auto found = members_.find(who.session);
    if (!order || found == members_.end() || exclusive()) {
        if (order && found != members_.end()) found->second.level = order;
        return true;
    }
    const auto before = level_order(this->level());
    found->second.level = order;
    return !before || *order < *before;
}

std::string_view audience::level_of(const client& who) const {
    const auto found = members_.find(who.session);
    return found != members_.end() && found->second.level ? levels[*found->second.level] : std::string_view();
}

std::string_view audience::level() const {
    std::optional<std::size_t> least;
    for (const auto& [session, each] : members_)
        if (each.level && (!least || *each.level < *least)) least = each.level;
    return least ? levels[*least] : std::string_view();
}

std::vector<client_ref> audience::everybody() const {
    std::vector<client_ref> all;
    for (const auto& [session, each] : members_)
        all.push_back(each.who);
    return all;
}

std::vector<client_ref> audience::subscribers(std::string_view uri) const {
    std::vector<client_ref> some;
    for (const auto& [session, each] : members_)
        if (each.uris.contains(uri)) some.push_back(each.who);
    return some;
}

client_ref audience::only_member() const {
    return members_.size() == 1 ? members_.begin()->second.who : nullptr;
}

} // namespace drawbridge::backend
