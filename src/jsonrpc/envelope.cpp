#include "jsonrpc/envelope.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/validate.hpp"

#include <utility>

namespace drawbridge::jsonrpc {

namespace {

// What one pass over the message has found, before any rule is applied.
struct reading {
    envelope message;
    span version;               // jsonrpc
    std::string_view fault;     // the structure can't be read
    std::string_view duplicate; // the first member that stands twice
    bool id_twice = false;
};

// Walks over an object and returns the place after it, npos if it is not well-formed.
using reader = std::size_t (*)(std::string_view text, std::size_t at, reading& out);

struct slot {
    std::string_view name;
    std::string_view path; // as a person would write it
    span* place;
    reader inside = nullptr; // for an object: walked into instead of stepped over
};

// The slot that a key of this object fills, nullptr for none.
template <std::size_t N>
const slot* find_slot(const slot (&slots)[N], std::string_view key) {
    const std::string_view body = key.substr(1, key.size() - 2);
    for (const auto& candidate : slots) {
        if (body == candidate.name) return &candidate;
    }
    if (body.find('\\') == std::string_view::npos) return nullptr;
    for (const auto& candidate : slots) {
        if (string_equals(key, candidate.name)) return &candidate;
    }
    return nullptr;
}

template <std::size_t N>
std::size_t read_members(std::string_view text, std::size_t at, const slot (&slots)[N], reading& out) {
    object_walker members(text, at);
    span key;
    while (members.next_key(key)) {
        const slot* found = find_slot(slots, key.in(text));
        const std::size_t begin = members.at();
        const bool walk =
            found != nullptr && found->inside != nullptr && begin < text.size() && text[begin] == '{';
        const std::size_t end = walk ? found->inside(text, begin, out) : value_end(text, begin);
        if (end == npos) return npos;
        members.resume(end);
        if (found == nullptr) continue;
        if (!found->place->present())
            *found->place = {begin, end - begin};
        else if (out.duplicate.empty())
            out.duplicate = found->path;
        out.id_twice = out.id_twice || (found->place == &out.message.id && found->place->begin != begin);
    }
    return members.failed() ? npos : members.end();
}

std::size_t read_meta(std::string_view text, std::size_t at, reading& out) {
    const slot slots[] = {{"progressToken", "params._meta.progressToken", &out.message.progress_token}};
    return read_members(text, at, slots, out);
}

std::size_t read_params(std::string_view text, std::size_t at, reading& out) {
    envelope& message = out.message;
    const slot slots[] = {{"name", "params.name", &message.params_name},
                          {"_meta", "params._meta", &message.params_meta, read_meta},
                          {"progressToken", "params.progressToken", &message.notified_token},
                          {"protocolVersion", "params.protocolVersion", &message.protocol_version},
                          {"requestId", "params.requestId", &message.request_id}};
    return read_members(text, at, slots, out);
}

// Everything but a leading array.
reading read_object(std::string_view text, std::size_t at) {
    reading out;
    envelope& message = out.message;
    if (at >= text.size() || text[at] != '{') {
        out.fault = at >= text.size() ? "the message is empty" : "the message is not a JSON object";
        return out;
    }
    const slot slots[] = {
        {"jsonrpc", "jsonrpc", &out.version},  {"id", "id", &message.id},
        {"method", "method", &message.method}, {"params", "params", &message.params, read_params},
        {"result", "result", &message.result}, {"error", "error", &message.error}};
    const std::size_t end = read_members(text, at, slots, out);
    if (end == npos) {
        out.fault = "the message is cut off or not well-formed JSON";
    } else if (skip_blank(text, end) != text.size()) {
        out.fault = "something follows the JSON value of the message";
    }
    if (!out.fault.empty()) out.message = {};
    return out;
}

envelope make_invalid(envelope message, std::string_view fault) {
    message.kind = message_kind::invalid;
    message.fault = fault;
    return message;
}

std::string twice(std::string_view name) {
    return "member \"" + std::string(name) + "\" stands twice";
}

envelope read_batch(std::string_view text, std::size_t at) {
    envelope out;
    const std::size_t end = value_end(text, at);
    if (end == npos || skip_blank(text, end) != text.size()) {
        return make_invalid({}, "the batch is cut off or not well-formed JSON");
    }
    out.kind = message_kind::batch;
    return out;
}

// What the members say it is; the fault where they say nothing or too much.
std::string_view classify(envelope& message, std::string_view text) {
    const bool answer = message.result.present() || message.error.present();
    if (!message.method.present()) {
        if (!answer) return "neither method nor result nor error is there";
        message.kind = message_kind::response;
        return {};
    }
    if (answer) return "method stands beside result or error";
    auto name = unescape(message.method.in(text));
    if (!name) return "method is not a string";
    message.method_name = std::move(*name);
    message.kind = message.id.present() ? message_kind::request : message_kind::notification;
    return {};
}

bool is_integer(std::string_view token) {
    if (token.starts_with('-')) token.remove_prefix(1);
    if (token.empty() || (token.size() > 1 && token.front() == '0')) return false;
    return token.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_valid_id(std::string_view token) {
    return token.starts_with('"') || is_integer(token);
}

// The rules for clients, after the syntax has been checked. Empty: none is broken.
std::string broken_rule(std::string_view text, reading& read, bool id_valid) {
    envelope& message = read.message;
    if (!read.duplicate.empty()) return twice(read.duplicate);
    if (!read.version.present() || !string_equals(read.version.in(text), "2.0"))
        return "jsonrpc is not \"2.0\"";
    if (message.id.present() && !id_valid) return "id is neither a string nor an integer";
    if (const auto fault = classify(message, text); !fault.empty()) return std::string(fault);
    if (message.kind == message_kind::response) {
        if (!message.id.present()) return "a response needs an id";
        if (message.result.present() && message.error.present()) return "result and error exclude each other";
        return {};
    }
    if (message.params.present() && text[message.params.begin] != '{' && text[message.params.begin] != '[') {
        return "params is neither an object nor an array";
    }
    return {};
}

} // namespace

envelope scan(std::string_view text) {
    const std::size_t at = skip_blank(text, 0);
    if (at < text.size() && text[at] == '[') return read_batch(text, at);
    reading read = read_object(text, at);
    envelope& message = read.message;
    if (!read.fault.empty()) return make_invalid({}, read.fault);
    if (!read.duplicate.empty()) {
        if (read.id_twice) message.id = {};
        return make_invalid(std::move(message), twice(read.duplicate));
    }
    if (const auto fault = classify(message, text); !fault.empty())
        return make_invalid(std::move(message), fault);
    if (message.kind == message_kind::request && !is_valid_id(message.id.in(text))) {
        return make_invalid(std::move(message), "id is neither a string nor an integer");
    }
    return std::move(message);
}

parsed parse(std::string_view text) {
    if (auto fault = find_syntax_fault(text)) return {make_invalid({}, *fault), code_parse_error};
    const std::size_t at = skip_blank(text, 0);
    if (text[at] == '[') {
        parsed out{read_batch(text, at), code_invalid_request};
        out.message.fault = "a batch is not accepted, send one message at a time";
        return out;
    }
    reading read = read_object(text, at);
    if (!read.fault.empty()) return {make_invalid({}, read.fault), code_invalid_request};
    const bool id_valid = !read.id_twice && is_valid_id(read.message.id.in(text));
    const std::string fault = broken_rule(text, read, id_valid);
    if (fault.empty()) return {std::move(read.message), 0};
    if (!id_valid) read.message.id = {};
    return {make_invalid(std::move(read.message), fault), code_invalid_request};
}

} // namespace drawbridge::jsonrpc
