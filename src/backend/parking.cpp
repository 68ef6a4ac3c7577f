#include "backend/parking.hpp"

#include <algorithm>

namespace drawbridge::backend {

std::vector<mcp::input_request> wanted(const parking::place& from) {
    std::vector<mcp::input_request> all;
    for (const auto& each : from.open)
        all.push_back(each.what);
    return all;
}

void parking::ask(std::uint64_t call, std::string_view id_token, std::string_view method,
                  std::string_view params) {
    question asked;
    asked.id_token = std::string(id_token);
    asked.what.key = "input-" + std::to_string(++last_key_);
    asked.what.method = std::string(method);
    asked.what.params = std::string(params);
    places_[call].open.push_back(std::move(asked));
}

parking::place* parking::find(std::uint64_t call) {
    const auto found = places_.find(call);
    return found == places_.end() ? nullptr : &found->second;
}

bool parking::has_end(std::uint64_t call) const {
    const auto found = places_.find(call);
    return found != places_.end() && (!found->second.end.empty() || found->second.lost);
}

std::uint64_t parking::send_away(std::uint64_t call, core::time_point expires) {
    auto& here = places_[call];
    here.away = true;
    here.expires = expires;
    return ++here.round;
}

std::vector<std::pair<std::string, std::string>> parking::take_answers(std::uint64_t call,
                                                                       std::string_view input_responses) {
    std::vector<std::pair<std::string, std::string>> answers;
    auto* here = find(call);
    if (here == nullptr) return answers;
    here->away = false;
    const auto asked = wanted(*here);
    auto given = mcp::read_input_responses(input_responses, asked);
    std::erase_if(here->open, [&](const question& each) {
        const auto found = given.find(each.what.key);
        if (found == given.end()) return false;
        answers.emplace_back(each.id_token, std::move(found->second));
        return true;
    });
    return answers;
}

void parking::withdraw(std::string_view id_token) {
    for (auto& [call, here] : places_)
        std::erase_if(here.open, [&](const question& each) { return each.id_token == id_token; });
}

std::size_t parking::away() const {
    const auto count =
        std::count_if(places_.begin(), places_.end(), [](const auto& each) { return each.second.away; });
    return static_cast<std::size_t>(count);
}

std::vector<std::uint64_t> parking::expired(core::time_point now) const {
    std::vector<std::uint64_t> calls;
    for (const auto& [call, here] : places_)
        if (here.away && here.expires <= now) calls.push_back(call);
    return calls;
}

std::optional<core::time_point> parking::next_expiry() const {
    std::optional<core::time_point> next;
    for (const auto& [call, here] : places_)
        if (here.away && (!next || here.expires < *next)) next = here.expires;
    return next;
}

} // namespace drawbridge::backend
