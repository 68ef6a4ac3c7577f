// What a connection asks: first about the head alone, then about the whole request.
#pragma once

#include "core/asio.hpp"
#include "core/gate.hpp"
#include "http/message.hpp"
#include "mcp/fault.hpp"

#include <optional>
#include <string>
#include <utility>

namespace drawbridge::http {

// A response and, for what counts as in flight, the pass that is given back when it has been written.
struct reply {
    explicit reply(response what) : answer(std::move(what)) {}
    reply(response what, core::gate::pass counted) : answer(std::move(what)), pass(std::move(counted)) {}

    response answer;
    core::gate::pass pass;
};

class service {
  public:
    virtual ~service() = default;

    // Refuses what can be refused before the body is read: no route, no credentials, a wrong media type.
    virtual std::optional<response> screen(const request_head& head) = 0;
    virtual core::task<reply> serve(request_head head, std::string body) = 0;
};

// An error that concerns no particular JSON-RPC request, or one whose id could not be read.
response fault_response(const mcp::fault& what, std::string_view server = {}, std::string_view id_token = {});

} // namespace drawbridge::http
