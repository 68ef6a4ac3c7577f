#include "mcp/modern_request.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/header_value.hpp"
#include "mcp/members.hpp"
#include "mcp/meta.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace drawbridge::mcp {

namespace {

using jsonrpc::span;

constexpr unsigned bad_request = 400;

constexpr std::array<std::string_view, 8> log_levels = {"debug", "info",     "notice", "warning",
                                                        "error", "critical", "alert",  "emergency"};

refusal invalid(std::string why) {
    return {bad_request, jsonrpc::code_invalid_params, std::move(why)};
}

refusal mismatch(std::string why) {
    return {bad_request, jsonrpc::code_header_mismatch, std::move(why)};
}

bool is_object(std::string_view text, span value) {
    return value.present() && text[value.begin] == '{';
}

std::string meta_path(std::string_view key) {
    return "params._meta[\"" + std::string(key) + "\"]";
}

// Raw JSON, on one line.
std::string copy_of(std::string_view text, span value) {
    std::string out(value.in(text));
    jsonrpc::flatten(out);
    return out;
}

// --- the era

enum class claim : std::uint8_t { none, modern, other };

// Also where it stands twice: that is a modern message with a fault.
claim find_claim(std::string_view text, span meta) {
    if (!is_object(text, meta)) return claim::none;
    auto out = claim::none;
    jsonrpc::object_walker members(text, meta.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        if (!jsonrpc::string_equals(each.key.in(text), meta::protocol_version)) continue;
        const auto version = jsonrpc::unescape(each.value.in(text));
        if (version && is_modern_revision(*version)) return claim::modern;
        out = claim::other;
    }
    return out;
}

// --- params._meta

struct meta_members {
    span version;
    span capabilities;
    span info;
    span level;
};

std::optional<refusal> find_members(std::string_view text, const jsonrpc::envelope& message,
                                    meta_members& out) {
    if (!message.params_meta.present()) return std::nullopt;
    if (!is_object(text, message.params_meta)) return invalid("params._meta is no object");
    if (read_members(text, message.params_meta,
                     {{meta::protocol_version, &out.version},
                      {meta::client_capabilities, &out.capabilities},
                      {meta::client_info, &out.info},
                      {meta::log_level, &out.level}}))
        return std::nullopt;
    return invalid("params._meta has a member twice; send each once");
}

std::optional<refusal> find_missing(const jsonrpc::envelope& message, const meta_members& found) {
    std::string missing;
    if (!found.version.present()) missing = meta::protocol_version;
    if (!found.capabilities.present()) {
        if (!missing.empty()) missing += " and ";
        missing += meta::client_capabilities;
    }
    if (missing.empty()) return std::nullopt;
    const std::string where =
        message.params_meta.present() ? "params._meta has no " : "there is no params._meta with ";
    return invalid(where + missing + "; MCP " + std::string(modern_revision) +
                   " needs this in every request");
}

std::optional<refusal> check_version(std::string_view text, const jsonrpc::envelope& message,
                                     const mirrored_headers& headers, const meta_members& found) {
    if (!found.version.present()) {
        if (message.method_name != "initialize") return find_missing(message, found);
        return mismatch("the header MCP-Protocol-Version names " + std::string(modern_revision) +
                        ", which has no initialize; send the header of an older revision or none");
    }
    const auto version = jsonrpc::unescape(found.version.in(text));
    if (!version) return invalid(meta_path(meta::protocol_version) + " is no string");
    if (!headers.protocol_version)
        return mismatch("the header MCP-Protocol-Version is missing; it has to have the value of " +
                        meta_path(meta::protocol_version));
    if (*headers.protocol_version != *version)
        return mismatch("the header MCP-Protocol-Version differs from " + meta_path(meta::protocol_version));
    if (is_modern_revision(*version)) return std::nullopt;
    return refusal(bad_request, jsonrpc::code_unsupported_version,
                   is_legacy_revision(*version)
                       ? "this revision begins with initialize and has no version in params._meta"
                       : "the protocol version is not supported; choose one of data.supported",
                   R"({"supported":)" + std::string(supported_revisions_json) + R"(,"requested":)" +
                       jsonrpc::quote(*version) + "}");
}

// Implementation needs both; a server that is told of the client would refuse it otherwise.
bool is_implementation(std::string_view text, span value) {
    span name;
    span version;
    return read_members(text, value, {{"name", &name}, {"version", &version}}) &&
           jsonrpc::unescape(name.in(text)) && jsonrpc::unescape(version.in(text));
}

std::optional<refusal> read_meta(std::string_view text, const meta_members& found, modern_request& out) {
    if (!is_object(text, found.capabilities))
        return invalid(meta_path(meta::client_capabilities) + " is no object");
    out.capabilities = copy_of(text, found.capabilities);
    if (found.info.present()) {
        if (!is_implementation(text, found.info))
            return invalid(meta_path(meta::client_info) + " is no object with the strings name and version");
        out.info = copy_of(text, found.info);
    }
    if (!found.level.present()) return std::nullopt;
    auto level = jsonrpc::unescape(found.level.in(text));
    if (!level || std::find(log_levels.begin(), log_levels.end(), *level) == log_levels.end())
        return invalid(meta_path(meta::log_level) +
                       " is none of debug, info, notice, warning, error, critical, alert and emergency");
    out.log_level = std::move(*level);
    return std::nullopt;
}

// --- headers

// The member of params that Mcp-Name repeats; empty: none.
std::string_view named_by(std::string_view method) {
    if (method == "tools/call" || method == "prompts/get") return "name";
    if (method == "resources/read") return "uri";
    if (method == "tasks/get" || method == "tasks/update" || method == "tasks/cancel") return "taskId";
    return {};
}

std::optional<refusal> check_method(const jsonrpc::envelope& message, const mirrored_headers& headers) {
    if (!headers.method)
        return mismatch("the header Mcp-Method is missing; it has to have the value of method");
    if (*headers.method != message.method_name) return mismatch("the header Mcp-Method differs from method");
    return std::nullopt;
}

std::optional<refusal> check_name(std::string_view text, const jsonrpc::envelope& message,
                                  const mirrored_headers& headers) {
    const auto member = named_by(message.method_name);
    if (member.empty()) return std::nullopt;
    const std::string path = "params." + std::string(member);
    span at;
    if (!read_members(text, message.params, {{member, &at}})) return invalid(path + " stands twice");
    const auto value = jsonrpc::unescape(at.in(text));
    if (!value) return invalid(message.method_name + " needs " + path + ", a string");
    if (!headers.name) return mismatch("the header Mcp-Name is missing; it has to have the value of " + path);
    const auto name = decode_header_value(*headers.name);
    if (!name)
        return mismatch(
            "the header Mcp-Name cannot be read: it is neither printable ASCII nor =?base64?...?= "
            "around strict Base64 of UTF-8");
    if (*name != *value) return mismatch("the header Mcp-Name differs from " + path);
    return std::nullopt;
}

// --- answers to what a server asked (multi round-trip requests)

bool may_be_asked_back(std::string_view method) {
    return method == "tools/call" || method == "prompts/get" || method == "resources/read";
}

std::optional<refusal> read_answers(std::string_view text, const jsonrpc::envelope& message,
                                    modern_request& out) {
    if (!may_be_asked_back(message.method_name)) return std::nullopt;
    span responses;
    span state;
    if (!read_members(text, message.params, {{"inputResponses", &responses}, {"requestState", &state}}))
        return invalid("params.inputResponses or params.requestState stands twice");
    if (responses.present()) {
        if (!is_object(text, responses)) return invalid("params.inputResponses is no object");
        out.input_responses = copy_of(text, responses);
    }
    if (!state.present()) return std::nullopt;
    auto value = jsonrpc::unescape(state.in(text));
    if (!value) return invalid("params.requestState is no string");
    out.request_state = std::move(*value);
    out.has_request_state = true;
    return std::nullopt;
}

} // namespace

std::optional<std::string> mirrored_name(std::string_view text, const jsonrpc::envelope& message) {
    const auto member = named_by(message.method_name);
    if (member.empty()) return std::nullopt;
    return jsonrpc::unescape(jsonrpc::find_member(text, message.params, member).in(text));
}

era era_of(std::string_view text, const jsonrpc::envelope& message, const mirrored_headers& headers) {
    const auto said = find_claim(text, message.params_meta);
    // An initialize of a session is not refused for what it has in _meta.
    if (said == claim::modern || (said == claim::other && message.method_name != "initialize"))
        return era::modern;
    return headers.protocol_version && is_modern_revision(*headers.protocol_version) ? era::modern
                                                                                     : era::legacy;
}

std::string refusal::response(std::string_view id_token) const {
    std::string out = R"({"jsonrpc":"2.0")";
    if (!id_token.empty()) {
        out += R"(,"id":)";
        out += id_token;
    }
    out += R"(,"error":{"code":)" + std::to_string(code) + R"(,"message":)";
    jsonrpc::append_quoted(out, message);
    if (!data.empty()) {
        out += R"(,"data":)";
        out += data;
    }
    return out += "}}";
}

// The version first: what the rest has to look like is a question of the version.
std::optional<refusal> read_modern_request(std::string_view text, const jsonrpc::envelope& message,
                                           const mirrored_headers& headers, modern_request& out) {
    meta_members found;
    if (auto why = find_members(text, message, found)) return why;
    if (auto why = check_version(text, message, headers, found)) return why;
    if (auto why = find_missing(message, found)) return why;
    if (auto why = read_meta(text, found, out)) return why;
    if (auto why = check_method(message, headers)) return why;
    if (auto why = check_name(text, message, headers)) return why;
    return read_answers(text, message, out);
}

bool is_removed_method(std::string_view method) {
    constexpr std::array<std::string_view, 9> removed = {"initialize",
                                                         "ping",
                                                         "logging/setLevel",
                                                         "resources/subscribe",
                                                         "resources/unsubscribe",
                                                         "notifications/initialized",
                                                         "notifications/roots/list_changed",
                                                         "tasks/list",
                                                         "tasks/result"};
    return std::find(removed.begin(), removed.end(), method) != removed.end();
}

unsigned status_of_error(int code) {
    if (code == jsonrpc::code_method_not_found) return 404;
    if (code == jsonrpc::code_header_mismatch || code == jsonrpc::code_missing_capability ||
        code == jsonrpc::code_unsupported_version)
        return bad_request;
    return 200;
}

} // namespace drawbridge::mcp
