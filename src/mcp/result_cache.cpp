#include "mcp/result_cache.hpp"

#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/validate.hpp"
#include "mcp/members.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

namespace drawbridge::mcp {

namespace {

using jsonrpc::span;
using std::chrono::milliseconds;

constexpr std::string_view read_method = "resources/read";
constexpr std::array<std::string_view, 6> cacheable = {"tools/list",     "prompts/list",
                                                       "resources/list", "resources/templates/list",
                                                       read_method,      "server/discover"};

// ttlMs is a number that a server is free to write as it likes: no overflow, and nothing stays for ever.
constexpr milliseconds longest = std::chrono::hours(24);
constexpr std::size_t bookkeeping = 256; // of an entry beside its texts, about

// A key is the method, then names and values of params by name, each with its length before it: no text of a
// client makes one request look like another.
void append_part(std::string& key, std::string_view part) {
    key += ' ';
    key += std::to_string(part.size());
    key += ':';
    key += part;
}

// The next part of what append_part has made, taken off its front.
std::string_view take_part(std::string_view& rest) {
    const std::size_t begin = rest.find(':') + 1;
    std::size_t size = 0;
    if (begin != 0) std::from_chars(rest.data() + 1, rest.data() + begin - 1, size);
    const auto part = rest.substr(begin, size);
    rest.remove_prefix(begin == 0 ? rest.size() : begin + part.size());
    return part;
}

std::string_view method_of(std::string_view key) {
    return key.substr(0, key.find(' '));
}

// A value as a part of a key: the same string spelled in another way is the same. nullopt: unreadable.
std::optional<std::string> value_part(std::string_view token) {
    if (!token.starts_with('"')) return "=" + std::string(token);
    auto text = jsonrpc::unescape(token);
    if (text) text->insert(0, 1, '"');
    return text;
}

std::string_view uri_of(std::string_view key) {
    key.remove_prefix(method_of(key).size());
    while (!key.empty()) {
        const auto name = take_part(key);
        const auto value = take_part(key);
        if (name == "uri" && value.starts_with('"')) return value.substr(1);
    }
    return {};
}

// What was read may contain what lies below it (resources/updated may name a sub-resource).
bool is_part_of(std::string_view updated, std::string_view uri) {
    if (!updated.starts_with(uri)) return false;
    return updated.size() == uri.size() || uri.ends_with('/') ||
           std::string_view("/?#").find(updated[uri.size()]) != std::string_view::npos;
}

// 0 for what is none.
milliseconds read_ttl(std::string_view token) {
    double value = 0;
    const char* const end = token.data() + token.size();
    const auto read = std::from_chars(token.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || !(value >= 1)) return milliseconds(0);
    if (value >= static_cast<double>(longest.count())) return longest;
    return milliseconds(static_cast<milliseconds::rep>(value));
}

struct kept_result {
    span whole;
    span ttl_at;
    milliseconds ttl{};
    bool is_private = true;
};

std::optional<kept_result> read_kept(std::string_view response) {
    const auto message = jsonrpc::scan(response);
    if (message.kind != jsonrpc::message_kind::response || message.error.present()) return std::nullopt;
    kept_result out;
    out.whole = message.result;
    span type;
    span scope;
    const bool read = read_members(response, message.result,
                                   {{"resultType", &type}, {"ttlMs", &out.ttl_at}, {"cacheScope", &scope}});
    // Without a type it is complete (MCP 2026-07-28, Result).
    if (!read || (type.present() && !jsonrpc::string_equals(type.in(response), "complete")))
        return std::nullopt;
    out.ttl = read_ttl(out.ttl_at.in(response));
    out.is_private = jsonrpc::string_equals(scope.in(response), "private");
    const bool scoped = out.is_private || jsonrpc::string_equals(scope.in(response), "public");
    // Others than who asked will get it: what is no JSON ends here.
    if (out.ttl.count() == 0 || !scoped || jsonrpc::find_syntax_fault(response)) return std::nullopt;
    return out;
}

} // namespace

bool is_cacheable(std::string_view method) {
    return std::find(cacheable.begin(), cacheable.end(), method) != cacheable.end();
}

std::string result_cache::key_of(std::string_view text, const jsonrpc::envelope& message) {
    if (message.kind != jsonrpc::message_kind::request || !is_cacheable(message.method_name)) return {};
    std::map<std::string, std::string> params;
    if (message.params.present()) {
        if (text[message.params.begin] != '{') return {};
        jsonrpc::object_walker members(text, message.params.begin);
        jsonrpc::member each;
        while (members.next(each)) {
            auto name = jsonrpc::unescape(each.key.in(text));
            auto value = value_part(each.value.in(text));
            if (!name || !value || *name == "inputResponses" || *name == "requestState") return {};
            if (*name == "_meta") continue;
            if (!params.emplace(std::move(*name), std::move(*value)).second) return {};
        }
        if (members.failed()) return {};
    }
    std::string key = message.method_name;
    for (const auto& [name, value] : params) {
        append_part(key, name);
        append_part(key, value);
    }
    return key;
}

std::size_t result_cache::size_of(const owner& who, const entry& what) {
    return who.key.size() + what.result.size() + bookkeeping;
}

void result_cache::keep(const std::string& key, std::size_t agent, std::string_view response,
                        time_point now) {
    if (key.empty()) return;
    const auto read = read_kept(response);
    if (!read) return;
    // Both: a server that thinks of the scope in another way now does not mean the old result any more.
    forget({key, std::nullopt});
    forget({key, agent});
    owner who{key, read->is_private ? std::optional(agent) : std::nullopt};
    entry what;
    what.result = read->whole.in(response);
    what.ttl = {read->ttl_at.begin - read->whole.begin, read->ttl_at.length};
    what.until = now + read->ttl;
    const std::size_t needed = size_of(who, what);
    if (needed > max_bytes_) return;
    while (bytes_ > max_bytes_ - needed)
        erase(entries_.find(*used_.back()));
    const auto at = entries_.emplace(std::move(who), std::move(what)).first;
    used_.push_front(&at->first);
    at->second.place = used_.begin();
    bytes_ += needed;
}

std::optional<std::string> result_cache::find(const std::string& key, std::size_t agent,
                                              std::string_view id_token, time_point now) {
    if (key.empty()) return std::nullopt;
    for (const auto& whose : {std::optional(agent), std::optional<std::size_t>()}) {
        const auto at = entries_.find({key, whose});
        if (at == entries_.end()) continue;
        const auto& kept = at->second;
        if (now >= kept.until) {
            erase(at);
            continue;
        }
        used_.splice(used_.begin(), used_, kept.place);
        const auto left = std::chrono::duration_cast<milliseconds>(kept.until - now).count();
        const std::string ttl = std::to_string(left);
        return jsonrpc::result_response(id_token, jsonrpc::splice(kept.result, {{kept.ttl, ttl}}));
    }
    return std::nullopt;
}

void result_cache::invalidate(std::string_view text, const jsonrpc::envelope& message) {
    if (message.kind != jsonrpc::message_kind::notification) return;
    const std::string_view name = message.method_name;
    const bool updated = name == "notifications/resources/updated";
    std::string_view family;
    if (name == "notifications/tools/list_changed") family = "tools/";
    if (name == "notifications/prompts/list_changed") family = "prompts/";
    if (name == "notifications/resources/list_changed") family = "resources/";
    if (family.empty() && !updated) return;
    ++changes_;
    std::optional<std::string> uri; // of what was updated; none: it could be any
    if (updated) {
        span at;
        if (read_members(text, message.params, {{"uri", &at}})) uri = jsonrpc::unescape(at.in(text));
    }
    for (auto each = entries_.begin(); each != entries_.end();) {
        const std::string_view key = each->first.key;
        const bool stale = updated ? method_of(key) == read_method && (!uri || is_part_of(*uri, uri_of(key)))
                                   : key.starts_with(family);
        each = stale ? erase(each) : std::next(each);
    }
}

void result_cache::clear() {
    ++changes_;
    bytes_ = 0;
    used_.clear();
    entries_.clear();
}

result_cache::entries::iterator result_cache::erase(entries::iterator which) {
    bytes_ -= size_of(which->first, which->second);
    used_.erase(which->second.place);
    return entries_.erase(which);
}

void result_cache::forget(const owner& who) {
    if (const auto at = entries_.find(who); at != entries_.end()) erase(at);
}

} // namespace drawbridge::mcp
