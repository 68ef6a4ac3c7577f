// One initialized connection to an MCP server: a process on stdio, or a session with an HTTP server.
//
// A link is an actor that belongs to one backend actor and lives on its loop. The backend runs it, hands it
// calls and tells it to stop; the link tells the backend what becomes of it, by messages. It has no opinion
// about restarts.
#pragma once

#include "backend/dialogue.hpp"
#include "backend/link_report.hpp"
#include "core/asio.hpp"

#include <functional>

namespace drawbridge::backend {

class link {
  public:
    using reporter = std::function<void(link_report)>;

    virtual ~link() = default;

    // The link's whole life. The backend spawns it once and joins it; returns after `closed` was reported.
    virtual core::task<> run() = 0;
    // Ends it: calls in flight are answered with an error, then it closes in order.
    virtual void stop() = 0;
    // Ends it as lost: the backend has found that the server is not there any more.
    virtual void give_up(health::cause code, std::string why) = 0;
    // What is said over it. Calls may be handed in once `initialized` was reported.
    virtual dialogue& talk() = 0;
};

} // namespace drawbridge::backend
