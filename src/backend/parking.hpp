// Calls of modern clients that a legacy server has interrupted with questions (sampling, elicitation, roots):
// the client was told what is needed, and comes back with the answers in a retry (MCP 2026-07-28, multi
// round-trip requests). Pure: the time is handed in.
#pragma once

#include "core/asio.hpp"
#include "mcp/fault.hpp"
#include "mcp/input_required.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::backend {

class parking {
  public:
    struct question {
        std::string id_token; // the server's
        mcp::input_request what;
    };
    // One call.
    struct place {
        std::vector<question> open;
        std::uint64_t round = 0;        // of the newest interim answer; 0: none yet
        bool away = false;              // the client has been told, and has not come back
        core::time_point expires{};     // while it is away
        std::string end;                // the server's answer to the call, which came meanwhile
        std::optional<mcp::fault> lost; // or why none will come
        std::string progress;           // the newest word of it that came meanwhile
    };

    // A question of the server in this call. Its key is made here.
    void ask(std::uint64_t call, std::string_view id_token, std::string_view method, std::string_view params);
    place* find(std::uint64_t call);
    bool has(std::uint64_t call) const { return places_.contains(call); }
    // The server owes nothing more: how the call ended waits for its client.
    bool has_end(std::uint64_t call) const;
    // The client has been told what is open.
    std::uint64_t send_away(std::uint64_t call, core::time_point expires);
    // It is back with these answers: what the server gets, by its ids. What is still open stays so.
    std::vector<std::pair<std::string, std::string>> take_answers(std::uint64_t call,
                                                                  std::string_view input_responses);
    // The server wants no answer any more.
    void withdraw(std::string_view id_token);
    void erase(std::uint64_t call) { places_.erase(call); }
    void clear() { places_.clear(); }

    // Calls whose client did not come back in time.
    std::vector<std::uint64_t> expired(core::time_point now) const;
    std::optional<core::time_point> next_expiry() const;
    // Calls whose client is away: nobody waits for them now.
    std::size_t away() const;

  private:
    std::map<std::uint64_t, place> places_; // by the call's id on the link
    std::uint64_t last_key_ = 0;
};

// What a place's client is asked.
std::vector<mcp::input_request> wanted(const parking::place& from);

} // namespace drawbridge::backend
