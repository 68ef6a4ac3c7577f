// Multi round-trip requests of MCP 2026-07-28: what a server needs from its client in the middle of a call,
// as a result (modern) or as requests of the server (legacy), and the answers back. Pure.
#pragma once

#include "jsonrpc/envelope.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::mcp {

// elicitation/create, sampling/createMessage or roots/list.
struct input_request {
    std::string key;    // of the entry; not escaped
    std::string method; // unescaped
    std::string params; // raw JSON object; empty: none
};

bool is_input_method(std::string_view method);

// True when a client with these capabilities (raw JSON) can be asked this: sampling (with tools only where
// sampling.tools is declared), elicitation (an empty declaration means mode "form"; mode "url" only where
// `url` is declared) or roots. Fills `missing` with the capability that it lacks as raw JSON
// ({"sampling":{}}) otherwise.
bool can_be_asked(std::string_view capabilities, std::string_view method, std::string_view params,
                  std::string& missing);

// --- a legacy server's requests, for a modern client

// {"jsonrpc":"2.0","id":ID,"result":{"resultType":"input_required","inputRequests":{...},"requestState":"..."}}
// with _meta.serverInfo where `server_info` (raw JSON) is not empty; inputRequests and requestState only
// where there are some. Of params the gateway's business is taken out: _meta.progressToken and elicitationId.
std::string input_required_response(std::string_view id_token, std::span<const input_request> wanted,
                                    std::string_view request_state, std::string_view server_info);

// The client's answers (raw JSON object `inputResponses`) by key: raw results, each on one line. Keys that
// nobody asked for are left out, and so are a key that stands twice and a value that is no object: they are
// asked for again.
std::map<std::string, std::string> read_input_responses(std::string_view input_responses,
                                                        std::span<const input_request> wanted);

// --- a modern server's result, for a legacy client

struct needed_input {
    std::vector<input_request> requests;
    std::string state_token; // the token of requestState as it was spelled; empty: none
};
// More than a client could be asked.
inline constexpr std::size_t max_input_requests = 64;

// nullopt: it is no input_required, or one that can't be read (neither requests nor state, a request of
// another kind, a key twice, or more than max_input_requests).
std::optional<needed_input> read_input_required(std::string_view text, const jsonrpc::envelope& message);

// The params (raw JSON; may be empty) as a legacy client knows them: since 2025-11-25 mode "url" has an
// elicitationId, which 2026-07-28 dropped.
std::string legacy_params(const input_request& what, std::string_view elicitation_id);

// The call once more, with the answers to this round only and the state byte for byte. `text`: the call as it
// was sent first (it may hold inputResponses and requestState of an earlier round, which are replaced).
std::string retry_request(std::string_view text, const jsonrpc::envelope& message,
                          const std::map<std::string, std::string>& answers, std::string_view state_token);

// The result (raw JSON, one line) in a client's answer to a server's request; a refusal (JSON-RPC error)
// becomes
// {"action":"decline"} for elicitation. nullopt: an error that can't be told as a result.
std::optional<std::string> answer_as_result(std::string_view text, const jsonrpc::envelope& message,
                                            std::string_view method);

} // namespace drawbridge::mcp
