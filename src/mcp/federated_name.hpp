// What tools, prompts and resources of one server are called on the unified endpoint /mcp, and the way back.
// A name says which server it belongs to and depends on nothing but the server's and its own: adding or
// removing another server never changes it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

// Clients take [a-zA-Z0-9_-]{1,64} as the name of a tool.
inline constexpr std::size_t federated_name_limit = 64;

// "server__name" where that is a name clients take. Otherwise the half that stands in the way is shortened:
// other characters become '_', the end becomes "_0" and ten characters of a hash. So does a server's name
// that holds "__" or ends with '_', because the first "__" is where the two halves meet, and any half that
// looks shortened already. No two (server, name) pairs share a federated name, short of a collision of 50
// hash bits.
std::string federated_name(std::string_view server, std::string_view name);

// What the names of a server's tools begin with, "__" included. (A long server's long names begin with a
// shorter form of it.)
std::string name_prefix(std::string_view server);

// The names that cannot be read back from their federated form, as the servers' lists told them.
// Lives on one loop; what a server can make it hold is bounded: the oldest names of the same server go.
class name_table {
  public:
    static constexpr std::size_t bytes_per_server = 1024 * 1024;

    // Names that can be read back are not kept.
    void learn(std::string_view server, std::string_view name);
    std::optional<std::string> find(std::string_view server, std::string_view federated) const;
    void forget(std::string_view server);

  private:
    struct shelf {
        std::map<std::string, std::string, std::less<>> names; // by federated name
        std::deque<std::string> order;                         // federated names, oldest first
        std::size_t bytes = 0;
    };
    std::map<std::string, shelf, std::less<>> shelves_; // by server
};

enum class name_lookup : std::uint8_t {
    found,
    unlisted, // of `server`, but it is a shortened name that the table does not hold: list that server first
    unknown   // no server's, or not the way a name of that server is written
};

struct resolved_name {
    name_lookup how = name_lookup::unknown;
    std::string server; // unless unknown
    std::string name;   // what the server calls it; if found
};

// `servers`: the configured names, in any order. That the server has such a tool is not known for a name that
// is not shortened.
resolved_name resolve(std::span<const std::string> servers, const name_table& table,
                      std::string_view federated);

// "drawbridge://SERVER/", the server's name percent-encoded where a URI asks for it. A federated URI or URI
// template is this and then the original, verbatim: "server__" in front would make a scheme that is none.
std::string uri_prefix(std::string_view server);
std::string federated_uri(std::string_view server, std::string_view uri);

struct resolved_uri {
    std::string server;
    std::string uri; // what the server calls it
};
// Also for URI templates.
std::optional<resolved_uri> resolve_uri(std::span<const std::string> servers, std::string_view federated);

} // namespace drawbridge::mcp
