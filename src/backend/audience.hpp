// Whom one link serves, and what they asked to be told. It outlives the link: after a restart the new process
// is told the same. Pure but for the ports, which it only hands out.
#pragma once

#include "backend/client.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::backend {

// How far a link is shared (`drawbridge.sessions`). What a server says without saying to whom may only reach
// those who would have seen it anyway.
enum class reach { exclusive, one_agent, everybody };

class audience {
  public:
    explicit audience(reach how_far) : reach_(how_far) {}

    reach shared_by() const { return reach_; }
    bool exclusive() const { return reach_ == reach::exclusive; }

    // Idempotent. A client without a session listens to nothing.
    void join(const client_ref& who);
    // Its subscriptions that nobody else holds: the server may forget them.
    std::vector<std::string> leave(const client& who);
    bool empty() const { return members_.empty(); }

    // True: nobody had it, so the server has to be told.
    bool subscribe(const client& who, std::string uri);
    // True: nobody holds it any more.
    bool unsubscribe(const client& who, const std::string& uri);
    std::vector<std::string> subscriptions() const;

    // MCP logging level by name. True: the server has to be told, because it says less than this now.
    bool set_level(const client& who, std::string_view level);
    // What this client asked for; empty: nothing.
    std::string_view level_of(const client& who) const;
    // The most talkative level that anybody asked for; empty: nobody did.
    std::string_view level() const;

    // A link begins to serve it. True: another one did before, and what was told in between is lost.
    bool take_over() { return std::exchange(served_, true); }

    std::vector<client_ref> everybody() const;
    std::vector<client_ref> subscribers(std::string_view uri) const;
    // The one member; none when there are several.
    client_ref only_member() const;

  private:
    struct member {
        client_ref who;
        std::set<std::string, std::less<>> uris;
        std::optional<std::size_t> level;
    };
    bool anybody_holds(const std::string& uri) const;

    reach reach_;
    bool served_ = false;
    std::map<std::string, member, std::less<>> members_; // by session
};

// The place of a level in RFC 5424's order as MCP names it, "debug" first; none for an unknown one.
std::optional<std::size_t> level_order(std::string_view level);

} // namespace drawbridge::backend
