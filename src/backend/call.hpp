// A request on its way to a server, and its way back.
#pragma once

#include "backend/client.hpp"
#include "core/asio.hpp"
#include "core/sink.hpp"
#include "jsonrpc/span.hpp"
#include "mcp/fault.hpp"
#include "mcp/sealed_state.hpp"
#include "mcp/tool_headers.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace drawbridge::backend {

// How a call ended: the server's whole response with the caller's id in it, or a fault of the gateway.
// Default: the answer was lost, which is what a caller is told when a call is dropped on the way.
struct outcome {
    outcome()
        : failure(mcp::fault(mcp::fault_kind::answer_lost, "the call was dropped inside the gateway")) {}
    explicit outcome(std::string text) : response(std::move(text)) {}
    explicit outcome(mcp::fault what) : failure(std::move(what)) {}

    // What the response says, as far as it is looked at.
    enum class kind : std::uint8_t { result, tool_error, error };

    std::string response; // empty beside no failure: the caller cancelled, and gets nothing
    std::optional<mcp::fault> failure;
    kind says = kind::result;
};

// Messages (progress, log, requests of the server), then exactly one outcome.
using reply_sink = core::sink<std::string, outcome>;

// Moves from the connection to the backend to the link that serves it. Deadlines are set by the link:
// toolTimeout runs only while the server owes an answer (Gateway 5.3.2).
struct call {
    call(std::string message, jsonrpc::span id_place, std::string method_name, reply_sink::sender answer)
        : text(std::move(message))
        , id(id_place)
        , method(std::move(method_name))
        , reply(std::move(answer)) {}

    std::string text; // the whole message, on one line
    jsonrpc::span id; // where the caller's id stands in it
    std::string method;
    reply_sink::sender reply;
    jsonrpc::span progress_token; // where it stands in the text, if the caller wants progress
    client_ref from;              // empty: the gateway itself
    std::uint64_t ticket = 0;     // names the call in a cancellation; unique for each client
    std::string traceparent;      // for a server that is reached over HTTP; empty: the call is not traced
    std::string tracestate;

    // Of a modern client (2026-07-28).
    mcp::parameter_fields mirrored;           // Mcp-Param-* as they came
    std::optional<std::string> request_state; // unescaped; of a retry
    std::string input_responses;              // raw JSON object; of a retry
    std::optional<mcp::parked_state> resumes; // the call that the retry goes on with, where it is ours
};

} // namespace drawbridge::backend
