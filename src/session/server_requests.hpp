// What servers have asked of a client, under the ids that the session gave it: ids of different servers, and
// of one server before and after a restart, collide. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::session {

class server_requests {
  public:
    struct origin {
        std::size_t upstream = 0;
        std::uint64_t link = 0; // incarnation that asked
        std::string id_token;   // the server's, as spelled
        std::string progress_token;
    };

    // The id towards the client, a whole number.
    std::uint64_t add(origin from);
    // By the id in a client's answer, as spelled.
    std::optional<origin> take(std::string_view id_token);
    const origin* find(std::string_view id_token) const;
    // The id towards the client of what a server withdraws.
    std::optional<std::uint64_t> take(std::size_t upstream, std::uint64_t link, std::string_view id_token);
    // Of a link that is gone.
    std::vector<std::uint64_t> take_all(std::size_t upstream, std::uint64_t link);

    std::size_t size() const { return open_.size(); }

  private:
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, origin> open_;
};

} // namespace drawbridge::session
