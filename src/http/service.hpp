// What a connection asks: first about the head alone, then about the whole request.
#pragma once

#include "core/asio.hpp"
#include "core/gate.hpp"
#include "http/message.hpp"
#include "mcp/fault.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace drawbridge::http {

// A body that is written piece by piece while it comes into being: an event stream.
class body_source {
  public:
    // Destroyed when the body has been written or the client is gone.
    virtual ~body_source() = default;
    // Waits for the next piece, never longer than a keep-alive's interval; nullopt: the end.
    virtual core::task<std::optional<std::string>> next() = 0;
    // The client is gone: next() returns nullopt soon.
    virtual void abandon() = 0;
};

// A response and, for what counts as in flight, the pass that is given back when it has been written.
// With a `stream` the response's body is empty, and what the stream says follows the head.
struct reply {
    explicit reply(response what) : answer(std::move(what)) {}
    reply(response what, core::gate::pass counted) : answer(std::move(what)), pass(std::move(counted)) {}

    response answer;
    std::unique_ptr<body_source> stream;
    core::gate::pass pass;
};

class service {
  public:
    virtual ~service() = default;

    // Refuses what can be refused before the body is read: no route, no credentials, a wrong media type.
    // Notes in the head who calls.
    virtual std::optional<response> screen(request_head& head) = 0;
    virtual core::task<reply> serve(request_head head, std::string body) = 0;
};

// An error that concerns no particular JSON-RPC request, or one whose id could not be read.
response fault_response(const mcp::fault& what, std::string_view server = {}, std::string_view id_token = {});

} // namespace drawbridge::http
