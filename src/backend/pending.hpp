// The calls that a server owes an answer, by the id that the link gave them. Pure: the time is handed in.
#pragma once

#include "backend/call.hpp"
#include "core/asio.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
        bool own = false;                // the gateway asks, not a client
        std::string subscribes;          // the URI that this call subscribes to, if it does
        std::string text;                // what was sent, where it may have to be sent once more
        unsigned rounds = 0;             // how often it was
        std::string cache_key;           // of a result that may be kept
        std::uint64_t cache_changes = 0; // how often results were outdated before it was asked
        std::string digest;              // of a modern client's call to a server that may ask it something
        bool sent = false;               // the server has been given it
        bool unchanged = false;          // it goes to the server with its caller's own id and token
        mcp::parameter_fields mirrored;  // Mcp-Param-* of a modern client
        reply_sink::sender reply;
        core::time_point since;
        core::time_point deadline;
    };
    using numbered_entry = std::pair<std::uint64_t, entry>;

    // What add gave; nullopt: it can be none of ours, which are whole numbers.
    static std::optional<std::uint64_t> number_of(std::string_view id_token);
    std::uint64_t add(entry call);
    std::uint64_t last() const { return last_id_; } // that add gave
    std::optional<entry> take(std::uint64_t id);
    // By the token of a response: only a whole number as we write them can be one of ours.
    std::optional<entry> take(std::string_view id_token);
    // A call that goes on: for its progress. By the token that we gave it, or by its caller.
    entry* find(std::string_view id_token);
    entry* find(std::uint64_t id);
    bool has(std::uint64_t id) const { return entries_.contains(id); }
    std::optional<std::uint64_t> find(const client& from, std::uint64_t ticket) const;
    std::vector<std::uint64_t> of(const client& from) const;
    // The only caller that waits; none when there are several, or none.
    client_ref only_caller() const;
    // The only call of a client of which this is true; 0 when there are several, or none.
    std::uint64_t only(bool (*what)(const entry&)) const;
    bool any(bool (*what)(const entry&)) const;
    // Its time does not run until it is given another deadline.
    void set_deadline(std::uint64_t id, core::time_point deadline);
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

// The message as the server gets it: the link's number stands for the caller's id and for its progress token.
// It is unique on the link, and finds the call.
std::string with_number(const pending::entry& call, std::string_view text, std::uint64_t id);

} // namespace drawbridge::backend
