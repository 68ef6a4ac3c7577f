// Who calls a server: what decides which link serves the call, and where the server's own messages go.
#pragma once

#include "jsonrpc/envelope.hpp"
#include "mcp/revisions.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace drawbridge::backend {

// Where a link leaves what a server says outside the answers to calls: its requests (sampling, elicitation,
// roots) and its notifications. Belongs to one session. Called on the session's loop, in the order in which
// the server spoke, answers to calls included.
class port {
  public:
    virtual ~port() = default;

    // `link` is the incarnation that speaks: an answer has to name it, so that a later process never gets it.
    virtual void deliver(std::uint64_t link, std::string text, const jsonrpc::envelope& message) = 0;
    // What this link asked needs no answer any more.
    virtual void link_lost(std::uint64_t link) = 0;
};

// Immutable; shared by the session and the messages that it sends.
struct client {
    std::size_t agent = 0;           // place of its agent id in the configuration; never the id itself
    std::string session;             // unique in this process; empty: a request without a session
    std::string capabilities = "{}"; // raw JSON, as the client declared them
    std::string info;                // raw JSON clientInfo; empty: the gateway speaks for itself
    std::string revision;            // the MCP revision it asked for
    bool input_capable = false;      // declares sampling, elicitation, roots or tasks
    mcp::era speaks = mcp::era::legacy;
    std::string log_level;      // of a modern client: which log messages it wants; empty: none
    bool listens = false;       // it only wants to be told of changes (subscriptions/listen)
    std::weak_ptr<port> target; // expired: nobody listens
};
using client_ref = std::shared_ptr<const client>;

} // namespace drawbridge::backend
