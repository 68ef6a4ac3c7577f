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
        std::string id_token; // the caller's id, as spelled
        std::string method;
        reply_sink::sender reply;
        core::time_point since;
        core::time_point deadline;
    };
    using numbered_entry = std::pair<std::uint64_t, entry>;

    std::uint64_t add(entry call);
    std::optional<entry> take(std::uint64_t id);
    // By the token of a response: only a whole number as we write them can be one of ours.
    std::optional<entry> take(std::string_view id_token);
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
