#include "backend/pending.hpp"

#include <charconv>

namespace drawbridge::backend {

std::uint64_t pending::add(entry call) {
    const auto id = ++last_id_;
    deadlines_.emplace(call.deadline, id);
    entries_.emplace(id, std::move(call));
    return id;
}

std::optional<pending::entry> pending::take(std::uint64_t id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return std::nullopt;
    std::optional<entry> taken(std::move(found->second));
    deadlines_.erase({taken->deadline, id});
    entries_.erase(found);
    return taken;
}

std::optional<pending::entry> pending::take(std::string_view id_token) {
    std::uint64_t id = 0;
    const auto* end = id_token.data() + id_token.size();
    const auto [stopped, error] = std::from_chars(id_token.data(), end, id);
    if (error != std::errc() || stopped != end || id_token.front() == '0') return std::nullopt;
    return take(id);
}

std::vector<pending::numbered_entry> pending::expire(core::time_point now) {
    std::vector<numbered_entry> expired;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        const auto id = deadlines_.begin()->second;
        expired.emplace_back(id, std::move(*take(id)));
    }
    return expired;
}

std::vector<pending::entry> pending::take_all() {
    std::vector<entry> all;
    all.reserve(entries_.size());
    for (auto& [id, call] : entries_)
        all.push_back(std::move(call));
    entries_.clear();
    deadlines_.clear();
    return all;
}

std::optional<core::time_point> pending::next_deadline() const {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.begin()->first;
}

} // namespace drawbridge::backend
