// Results that a modern server allows to be kept (MCP 2026-07-28 caching: ttlMs, cacheScope). Pure: the time
// is handed in.
#pragma once

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/span.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

// tools/list, prompts/list, resources/list, resources/templates/list, resources/read, server/discover.
bool is_cacheable(std::string_view method);

// Of one server. Bounded: the entry that was used longest ago makes room.
class result_cache {
  public:
    using time_point = std::chrono::steady_clock::time_point; // core::time_point, without its heavy header

    explicit result_cache(std::size_t max_bytes) : max_bytes_(max_bytes) {}
    result_cache(const result_cache&) = delete;
    result_cache& operator=(const result_cache&) = delete;

    // What distinguishes one request from another: the method, and params without `_meta` (cursor, uri, what
    // else there is). Empty: a request that is never answered from the cache (another method, one that
    // carries inputResponses or requestState, or one whose params cannot be told for certain).
    static std::string key_of(std::string_view text, const jsonrpc::envelope& message);

    // Keeps the result of a whole response that is complete, has a ttlMs above 0 and a cacheScope, in place
    // of what was known of this request; a day at most. `agent`: whose it is when it is private. `now`: when
    // it was received. Any other response changes nothing.
    void keep(const std::string& key, std::size_t agent, std::string_view response, time_point now);
    // The response for this request, with the ttlMs that is left of it.
    std::optional<std::string> find(const std::string& key, std::size_t agent, std::string_view id_token,
                                    time_point now);

    // A notification of the server: list_changed of a kind forgets its lists (of resources, what was read,
    // too), resources/updated what was read of that URI and of those above it.
    void invalidate(std::string_view text, const jsonrpc::envelope& message);
    void clear();

    // Another number after each notification that invalidate() understood, and after clear(). A response that
    // was on its way meanwhile may be older than the change: who asked when this was different does not keep
    // it.
    std::uint64_t changes() const { return changes_; }

    std::size_t bytes() const { return bytes_; }
    std::size_t size() const { return entries_.size(); }

  private:
    struct owner { // of an entry: the request, and whose it is when it is private
        std::string key;
        std::optional<std::size_t> agent;
        auto operator<=>(const owner&) const = default;
    };
    struct entry {
        std::string result;
        jsonrpc::span ttl; // the token in it
        time_point until;
        std::list<const owner*>::iterator place; // in used_
    };
    using entries = std::map<owner, entry>;

    static std::size_t size_of(const owner& who, const entry& what);
    entries::iterator erase(entries::iterator which);
    void forget(const owner& who);

    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::uint64_t changes_ = 0;
    entries entries_;
    std::list<const owner*> used_; // keys of entries_, most recently used first
};

} // namespace drawbridge::mcp
