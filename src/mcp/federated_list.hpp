// The lists of many servers as one, for the unified endpoint. Pure.
#pragma once

#include "mcp/federated_name.hpp"
#include "mcp/tool_filter.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

enum class list_kind : std::uint8_t { tools, prompts, resources, templates };

std::string_view list_method(list_kind kind); // "resources/templates/list"
std::optional<list_kind> list_kind_of(std::string_view method);

// The member of a merged list's `_meta` that names servers whose items are missing, wholly or in part:
// [{"server":"...","detail":"..."}]. The prefix is ours, as MCP wants it of keys in `_meta`.
inline constexpr std::string_view unavailable_key = "drawbridge/unavailableServers";

// The token of result.nextCursor with its quotes, to be asked for the next page as params.cursor. Empty when
// there is none, when it is "" or no string, or stands twice. How many pages are enough is for the caller.
std::string next_cursor(std::string_view response_text);

class list_merge {
  public:
    // `learns`: keeps every name that cannot be read back, also those that a filter hides, so that a call to
    // them is refused for what it is. Not owned, may be null.
    explicit list_merge(list_kind kind, name_table* learns = nullptr) : kind_(kind), learns_(learns) {}

    // A page of a server: a whole response message. Names and URIs become federated ones, everything else of
    // an item stays byte for byte. Tools that `tools` does not allow are left out; so are items without
    // exactly one readable name (and URI), and tools and prompts whose name this server has listed before:
    // clients refuse a whole list for one of these.
    // False: it is an error or cannot be read, nothing was added, and the server counts as failed. It has to
    // be valid JSON to the last byte, or it would spoil the list for all. A server that does not know the
    // method (-32601) has an empty list, which is no failure.
    bool add(std::string_view server, std::string_view response_text, const tool_filter& tools);

    // The server did not answer. `detail` is for the client: no secrets. The first one told is kept. Pages
    // that came before stay in the list.
    void failed(std::string_view server, std::string_view detail);

    // {"tools":[...],"_meta":{...}}, by server in the order of their names, whoever answered first; without
    // `_meta` when nobody failed.
    std::string result() const;

  private:
    struct part {
        std::string items; // with a comma before each
        std::set<std::string> names;
    };

    void add_item(part& into, std::string_view server, std::string_view item, const tool_filter& tools);

    list_kind kind_;
    name_table* learns_;
    std::map<std::string, part, std::less<>> parts_;
    std::map<std::string, std::string, std::less<>> failures_; // detail by server
};

} // namespace drawbridge::mcp
