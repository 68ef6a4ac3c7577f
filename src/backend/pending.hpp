// The calls that a server owes an answer, by the id that the link gave them. Pure: the time is handed in.
#pragma once

#include "backend/call.hpp"
#include "core/asio.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace drawbridge::backend {

// Ids are never used twice in a link's life, so a late answer to a call that is gone finds nobody: it can't
// reach another caller.
class pending {
  public:
    struct entry {
        std::string id_token;       // the caller's id, as spelled
        std::string progress_token; // the caller's, as spelled; empty: it wants no progress
        std::string method;
        client_ref from;
        std::uint64_t ticket = 0;
        bool own = false;       // the gateway asks, not a client
        std::string subscribes; // the URI that this call subscribes to, if it does
        reply_sink::sender reply;
        core::time_point since;
        core::time_point deadline;
    };
    using numbered_entry = std::pair<std::uint64_t, entry>;

    std::uint64_t add(entry call);
    std::optional<entry> take(std::uint64_t id);
    // By the token of a response: only a whole number as we write them can be one of ours.
    std::optional<entry> take(std::string_view id_token);
    // A call that goes on: for its progress. By the token that we gave it, or by its caller.
    entry* find(std::string_view id_token);
    bool has(std::uint64_t id) const { return entries_.contains(id); }
    std::optional<std::uint64_t> find(const client& from, std::uint64_t ticket) const;
    std::vector<std::uint64_t> of(const client& from) const;
    // The only caller that waits; none when there are several, or none.
    client_ref only_caller() const;
    // The time did not count: a client was asked in between.
    void postpone(core::duration by);
    // Those whose deadline has passed, earliest first.
    std::vector<numbered_entry> expire(core::time_point now);
    std::vector<entry> take_all();

    std::optional<core::time_point> next_deadline() const;
    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }

  private:
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, entry> entries_;
    std::set<std::pair<core::time_point, std::uint64_t>> deadlines_;
};

} // namespace drawbridge::backend
