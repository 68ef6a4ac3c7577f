#include "backend/rounds.hpp"

#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"

#include <utility>

namespace drawbridge::backend {

std::vector<std::string> rounds::begin(pending::entry call, mcp::needed_input needs,
                                       core::time_point deadline) {
    std::vector<std::string> requests;
    const auto number = ++last_;
    for (const auto& each : needs.requests) {
        const auto name = "input-" + std::to_string(++last_question_);
        auto id = jsonrpc::quote(name);
        requests.push_back(jsonrpc::request(id, each.method, mcp::legacy_params(each, name)));
        asked_.emplace(std::move(id), question{number, each.key, each.method});
    }
    waiting one;
    one.call = std::move(call);
    one.needs = std::move(needs);
    one.deadline = deadline;
    calls_.emplace(number, std::move(one));
    return requests;
}

std::optional<rounds::waiting> rounds::answer(std::string_view id_token, std::string_view text,
                                              const jsonrpc::envelope& message) {
    const auto found = asked_.find(id_token);
    if (found == asked_.end()) return std::nullopt;
    const auto asked = std::move(found->second);
    asked_.erase(found);
    const auto place = calls_.find(asked.call);
    if (place == calls_.end()) return std::nullopt;
    if (auto result = mcp::answer_as_result(text, message, asked.method))
        place->second.answers[asked.key] = std::move(*result);
    else
        place->second.refused = true;
    for (const auto& [id, each] : asked_)
        if (each.call == asked.call) return std::nullopt; // others are still open
    std::optional<waiting> complete(std::move(place->second));
    calls_.erase(place);
    return complete;
}

template <class Predicate>
std::vector<rounds::waiting> rounds::take_if(Predicate which) {
    std::vector<waiting> taken;
    for (auto each = calls_.begin(); each != calls_.end();) {
        if (!which(each->second)) {
            ++each;
            continue;
        }
        taken.push_back(std::move(each->second));
        std::erase_if(asked_, [&](const auto& asked) {
            if (asked.second.call != each->first) return false;
            taken.back().open.push_back(asked.first);
            return true;
        });
        each = calls_.erase(each);
    }
    return taken;
}

std::optional<rounds::waiting> rounds::take(const client& from, std::uint64_t ticket) {
    auto taken = take_if(
        [&](const waiting& each) { return each.call.from.get() == &from && each.call.ticket == ticket; });
    if (taken.empty()) return std::nullopt;
    return std::move(taken.front());
}

std::vector<rounds::waiting> rounds::take_of(const client& from) {
    return take_if([&](const waiting& each) { return each.call.from.get() == &from; });
}

std::vector<rounds::waiting> rounds::take_expired(core::time_point now) {
    return take_if([&](const waiting& each) { return each.deadline <= now; });
}

std::vector<rounds::waiting> rounds::take_all() {
    return take_if([](const waiting&) { return true; });
}

std::optional<core::time_point> rounds::next_deadline() const {
    std::optional<core::time_point> next;
    for (const auto& [number, each] : calls_)
        if (!next || each.deadline < *next) next = each.deadline;
    return next;
}

} // namespace drawbridge::backend
