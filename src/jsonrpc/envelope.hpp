// A JSON-RPC message seen from outside: what it is, and where the parts stand that the gateway has to read or
// replace. Pure. Nothing is copied but the method's name; spans point into the text and live as long as it
// does.
#pragma once

#include "jsonrpc/span.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace drawbridge::jsonrpc {

enum class message_kind : std::uint8_t {
    request,      // method and id
    notification, // method, no id
    response,     // result or error, no method
    batch,        // the text is an array
    invalid       // anything else; envelope::fault says why
};

struct envelope {
    message_kind kind = message_kind::invalid;

    // Tokens of the message, spelled as they came (strings with their quotes).
    span id;
    span method;
    span params;
    span result;
    span error;
    std::string method_name; // unescaped; empty when there is no method

    // Members of an object `params`.
    span params_name;      // params.name (tools/call, prompts/get)
    span params_meta;      // params._meta
    span progress_token;   // params._meta.progressToken: what a request asks progress for
    span notified_token;   // params.progressToken: what a notifications/progress reports on
    span protocol_version; // params.protocolVersion (initialize)
    span request_id;       // params.requestId (notifications/cancelled)

    // Why it is invalid, for humans. Never quotes the content.
    std::string fault;
};

// For what backends send. Structural: brackets balanced and of the right kind, strings terminated, exactly
// one value (blanks around it are fine), none of the members above twice, and method not beside result or
// error. Member `jsonrpc` may be missing, a response's id may be null or missing, and a response may have
// both result and error. Numbers and literals below the members above are not looked at. Any depth,
// iterative, never throws anything but bad_alloc. The spans of an invalid message are set where its structure
// could be read, so that a pending id in it can be answered; an id that stands twice is not told.
envelope scan(std::string_view text);

struct parsed {
    envelope message; // on an error: kind invalid or batch, fault set
    int code = 0;     // 0, code_parse_error or code_invalid_request
};

// For what clients send. Strict: the whole text is validated as JSON (UTF-8 included, at most 256 levels
// deep), then
//  - `jsonrpc` is "2.0";
//  - an id is a string or an integer of any size, kept as it is spelled; null, booleans, fractions,
//    exponents, arrays and objects are refused;
//  - method is a string; params is an object or an array where present;
//  - a response has an id and exactly one of result and error;
//  - none of jsonrpc, id, method, params, result, error, params.name, params._meta, params.protocolVersion,
//    params.requestId, params.progressToken and params._meta.progressToken stands twice, however the keys are
//    spelled: a filter that reads the first and a server that reads the last would disagree;
//  - a batch (kind batch) is refused.
// On code_invalid_request the id's span is set whenever a valid id could be read, so that the error can carry
// it.
parsed parse(std::string_view text);

} // namespace drawbridge::jsonrpc
