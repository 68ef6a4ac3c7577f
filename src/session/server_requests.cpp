#include "session/server_requests.hpp"

#include <charconv>
#include <utility>

namespace drawbridge::session {
namespace {

std::uint64_t number(std::string_view token) {
    std::uint64_t value = 0;
    const auto* end = token.data() + token.size();
    const auto [stopped, error] = std::from_chars(token.data(), end, value);
    return error == std::errc() && stopped == end ? value : 0; // 0 is never given
}

} // namespace

std::uint64_t server_requests::add(origin from) {
    open_.emplace(++last_, std::move(from));
    return last_;
}

const server_requests::origin* server_requests::find(std::string_view id_token) const {
    const auto found = open_.find(number(id_token));
    return found == open_.end() ? nullptr : &found->second;
}

std::optional<server_requests::origin> server_requests::take(std::string_view id_token) {
    const auto found = open_.find(number(id_token));
    if (found == open_.end()) return std::nullopt;
    std::optional<origin> taken(std::move(found->second));
    open_.erase(found);
    return taken;
}

std::optional<std::uint64_t> server_requests::take(std::size_t upstream, std::uint64_t link,
                                                   std::string_view id_token) {
    for (auto each = open_.begin(); each != open_.end(); ++each) {
        const auto& from = each->second;
        if (from.upstream != upstream || from.link != link || from.id_token != id_token) continue;
        const auto id = each->first;
        open_.erase(each);
        return id;
    }
    return std::nullopt;
}

std::vector<std::uint64_t> server_requests::take_all(std::size_t upstream, std::uint64_t link) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, from] : open_)
        if (from.upstream == upstream && from.link == link) ids.push_back(id);
    for (const auto id : ids)
        open_.erase(id);
    return ids;
}

} // namespace drawbridge::session
