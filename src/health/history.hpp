// What has happened to a server: the newest transitions, and true counts of all of them. Pure.
#pragma once

#include "health/status.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace drawbridge::health {

// A transition as it is kept and told.
struct record {
    record(std::uint64_t number, std::string server_name, transition what)
        : sequence(number)
        , server(std::move(server_name))
        , change(std::move(what)) {}

    std::uint64_t sequence; // of all transitions of this gateway, from 1
    std::string server;
    transition change;
};
using record_ref = std::shared_ptr<const record>;

struct history {
    static constexpr std::size_t kept = 64;

    std::deque<record_ref> recent; // oldest first
    std::uint64_t total = 0;
    std::array<std::uint64_t, cause_count> by_cause{};

    void add(record_ref what) {
        ++total;
        ++by_cause[static_cast<std::size_t>(what->change.why.code)];
        recent.push_back(std::move(what));
        if (recent.size() > kept) recent.pop_front();
    }
};

} // namespace drawbridge::health
