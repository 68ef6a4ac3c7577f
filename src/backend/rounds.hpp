// Calls of legacy clients that a modern server answered with questions (MCP 2026-07-28, multi round-trip
// requests): the client is asked as it knows it, and the call is made once more with its answers. Pure: the
// time is handed in.
#pragma once

#include "backend/pending.hpp"
#include "core/asio.hpp"
#include "jsonrpc/envelope.hpp"
#include "mcp/input_required.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::backend {

class rounds {
  public:
    struct waiting {
        pending::entry call;
        mcp::needed_input needs;
        std::map<std::string, std::string> answers; // raw results by key
        core::time_point deadline{};
        std::vector<std::string> open; // of one that is taken away: ids that nobody has answered
        bool refused = false;          // the client does not give what the server needs
    };

    // The requests for the client, with ids that no server uses.
    std::vector<std::string> begin(pending::entry call, mcp::needed_input needs, core::time_point deadline);
    bool knows(std::string_view id_token) const { return asked_.contains(id_token); }
    // A client's answer. With the last one the call comes back.
    std::optional<waiting> answer(std::string_view id_token, std::string_view text,
                                  const jsonrpc::envelope& message);

    std::optional<waiting> take(const client& from, std::uint64_t ticket);
    std::vector<waiting> take_of(const client& from);
    std::vector<waiting> take_expired(core::time_point now);
    std::vector<waiting> take_all();

    std::optional<core::time_point> next_deadline() const;
    std::size_t size() const { return calls_.size(); }

  private:
    struct question {
        std::uint64_t call;
        std::string key;
        std::string method;
    };
    template <class Predicate>
    std::vector<waiting> take_if(Predicate which);

    std::map<std::uint64_t, waiting> calls_;
    std::map<std::string, question, std::less<>> asked_; // by id token
    std::uint64_t last_ = 0;
    std::uint64_t last_question_ = 0;
};

} // namespace drawbridge::backend
