#include "backend/pending.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/splice.hpp"

#include <charconv>

namespace drawbridge::backend {

std::optional<std::uint64_t> pending::number_of(std::string_view id_token) {
    std::uint64_t id = 0;
    const auto* end = id_token.data() + id_token.size();
    const auto [stopped, error] = std::from_chars(id_token.data(), end, id);
    if (error != std::errc() || stopped != end || id_token.front() == '0') return std::nullopt;
    return id;
}

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
    const auto id = number_of(id_token);
    return id ? take(*id) : std::nullopt;
}

pending::entry* pending::find(std::string_view id_token) {
    const auto id = number_of(id_token);
    return id ? find(*id) : nullptr;
}

pending::entry* pending::find(std::uint64_t id) {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
}

std::uint64_t pending::only(bool (*what)(const entry&)) const {
    std::uint64_t only = 0;
    for (const auto& [id, call] : entries_) {
        if (call.own || !what(call)) continue;
        if (only != 0) return 0;
        only = id;
    }
    return only;
}

bool pending::any(bool (*what)(const entry&)) const {
    for (const auto& [id, call] : entries_)
        if (!call.own && what(call)) return true;
    return false;
}

void pending::set_deadline(std::uint64_t id, core::time_point deadline) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    deadlines_.erase({found->second.deadline, id});
    found->second.deadline = deadline;
    deadlines_.emplace(deadline, id);
}

std::optional<std::uint64_t> pending::find(const client& from, std::uint64_t ticket) const {
    for (const auto& [id, call] : entries_)
        if (call.from.get() == &from && call.ticket == ticket) return id;
    return std::nullopt;
}

std::vector<std::uint64_t> pending::of(const client& from) const {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, call] : entries_)
        if (call.from.get() == &from) ids.push_back(id);
    return ids;
}

client_ref pending::only_caller() const {
    client_ref only;
    for (const auto& [id, call] : entries_) {
        if (!call.from) continue;
        if (only && only != call.from) return nullptr;
        only = call.from;
    }
    return only;
}

void pending::postpone(core::duration by) {
    deadlines_.clear();
    for (auto& [id, call] : entries_) {
        if (call.deadline != core::time_point::max()) call.deadline += by;
        deadlines_.emplace(call.deadline, id);
    }
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

std::string with_number(const pending::entry& call, std::string_view text, std::uint64_t id) {
    if (call.unchanged) return std::string(text);
    const auto number = std::to_string(id);
    const auto message = jsonrpc::scan(text);
    return message.progress_token.present()
               ? jsonrpc::splice(text, {{message.id, number}, {message.progress_token, number}})
               : jsonrpc::splice(text, {{message.id, number}});
}

} // namespace drawbridge::backend
