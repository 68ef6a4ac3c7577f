#include "mcp/input_required.hpp"

#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/members.hpp"
#include "mcp/meta.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace drawbridge::mcp {

namespace {

using jsonrpc::span;

constexpr std::string_view elicitation_method = "elicitation/create";
constexpr std::string_view sampling_method = "sampling/createMessage";
constexpr std::string_view roots_method = "roots/list";

span whole(std::string_view text) {
    const auto begin = jsonrpc::skip_blank(text, 0);
    return {begin, text.size() - begin};
}

bool is_object(std::string_view text, span value) {
    return value.present() && text[value.begin] == '{';
}

// null is what some serializers write for "not there".
bool is_given(std::string_view text, span value) {
    return value.present() && value.in(text) != "null";
}

// Both go into lines for servers on stdio.
std::string one_line(std::string_view raw) {
    std::string out(raw);
    if (jsonrpc::has_line_break(out)) jsonrpc::flatten(out);
    return out;
}

void append_member(std::string& object, std::string_view key_token, std::string_view value) {
    if (object.size() > 1) object += ',';
    object += key_token;
    object += ':';
    object += value;
}

// The object without the members that `drop` names, however often and however spelled, and still without its
// closing brace. Values stay byte for byte. False: it is no object that can be walked.
bool copy_open(std::string_view text, span object, std::initializer_list<std::string_view> drop,
               std::string& out) {
    out = "{";
    if (!is_object(text, object)) return false;
    jsonrpc::object_walker members(text, object.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        const auto key = each.key.in(text);
        const bool dropped = std::any_of(drop.begin(), drop.end(),
                                         [&](auto name) { return jsonrpc::string_equals(key, name); });
        if (!dropped) append_member(out, key, each.value.in(text));
    }
    return !members.failed();
}

// A legacy server's params as its modern client gets them; empty: none that can be read.
std::string modern_params(std::string_view params) {
    std::string out = "{";
    const auto object = whole(params);
    if (!is_object(params, object)) return {};
    jsonrpc::object_walker members(params, object.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        const auto key = each.key.in(params);
        if (jsonrpc::string_equals(key, "elicitationId")) continue;
        if (!jsonrpc::string_equals(key, "_meta")) {
            append_member(out, key, each.value.in(params));
            continue;
        }
        std::string meta;
        if (!copy_open(params, each.value, {"progressToken"}, meta) || meta.size() == 1) continue;
        append_member(out, key, meta + "}");
    }
    if (members.failed()) return {};
    return out + "}";
}

// The capability's declaration; not present where it is none, or not one that all would read alike.
span declared(std::string_view capabilities, std::string_view name) {
    span value;
    const bool read = read_members(capabilities, whole(capabilities), {{name, &value}});
    return read && is_object(capabilities, value) ? value : span();
}

// False with the mode, or with what is lacking when the mode is none that is known.
bool allows_elicitation(std::string_view capabilities, std::string_view params, std::string& missing) {
    const auto elicitation = declared(capabilities, "elicitation");
    missing = R"({"elicitation":{}})";
    span mode;
    if (!params.empty() && !read_members(params, whole(params), {{"mode", &mode}})) return false;
    const bool by_url = mode.present() && jsonrpc::string_equals(mode.in(params), "url");
    if (by_url) missing = R"({"elicitation":{"url":{}}})";
    if (is_given(params, mode) && !by_url && !jsonrpc::string_equals(mode.in(params), "form")) return false;
    if (!elicitation.present()) return false;
    span form;
    span url;
    if (!read_members(capabilities, elicitation, {{"form", &form}, {"url", &url}})) return false;
    if (by_url) return is_object(capabilities, url);
    missing = R"({"elicitation":{"form":{}}})";
    return is_object(capabilities, form) || !is_given(capabilities, url);
}

bool allows_sampling(std::string_view capabilities, std::string_view params, std::string& missing) {
    const auto sampling = declared(capabilities, "sampling");
    missing = R"({"sampling":{}})";
    span tools;
    span choice;
    if (!params.empty() && !read_members(params, whole(params), {{"tools", &tools}, {"toolChoice", &choice}}))
        return false;
    if (!is_given(params, tools) && !is_given(params, choice)) return sampling.present();
    missing = R"({"sampling":{"tools":{}}})";
    span declared_tools;
    return read_members(capabilities, sampling, {{"tools", &declared_tools}}) &&
           is_object(capabilities, declared_tools);
}

std::optional<input_request> read_request(std::string_view text, const jsonrpc::member& entry) {
    input_request out;
    span method;
    span params;
    auto key = jsonrpc::unescape(entry.key.in(text));
    if (!key || !read_members(text, entry.value, {{"method", &method}, {"params", &params}}))
        return std::nullopt;
    auto name = jsonrpc::unescape(method.in(text));
    if (!name || !is_input_method(*name)) return std::nullopt;
    if (is_given(text, params)) {
        if (!is_object(text, params)) return std::nullopt;
        out.params = one_line(params.in(text));
    }
    out.key = std::move(*key);
    out.method = std::move(*name);
    return out;
}

std::optional<std::vector<input_request>> read_requests(std::string_view text, span object) {
    std::vector<input_request> out;
    if (!is_given(text, object)) return out;
    if (!is_object(text, object)) return std::nullopt;
    std::set<std::string> keys;
    jsonrpc::object_walker members(text, object.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        auto request = read_request(text, each);
        if (!request || out.size() == max_input_requests || !keys.insert(request->key).second)
            return std::nullopt;
        out.push_back(std::move(*request));
    }
    if (members.failed()) return std::nullopt;
    return out;
}

} // namespace

bool is_input_method(std::string_view method) {
    return method == elicitation_method || method == sampling_method || method == roots_method;
}

bool can_be_asked(std::string_view capabilities, std::string_view method, std::string_view params,
                  std::string& missing) {
    std::string lacking = "{}";
    bool able = false;
    if (method == elicitation_method) {
        able = allows_elicitation(capabilities, params, lacking);
    } else if (method == sampling_method) {
        able = allows_sampling(capabilities, params, lacking);
    } else if (method == roots_method) {
        lacking = R"({"roots":{}})";
        able = declared(capabilities, "roots").present();
    }
    if (!able) missing = std::move(lacking);
    return able;
}

std::string input_required_response(std::string_view id_token, std::span<const input_request> wanted,
                                    std::string_view request_state, std::string_view server_info) {
    std::string requests = "{";
    for (const auto& each : wanted) {
        std::string entry = "{";
        append_member(entry, R"("method")", jsonrpc::quote(each.method));
        const auto params = modern_params(each.params);
        if (!params.empty()) append_member(entry, R"("params")", params);
        append_member(requests, jsonrpc::quote(each.key), entry + "}");
    }
    std::string result = R"({"resultType":"input_required")";
    if (requests.size() > 1) append_member(result, R"("inputRequests")", requests + "}");
    if (!request_state.empty()) append_member(result, R"("requestState")", jsonrpc::quote(request_state));
    if (!server_info.empty()) {
        std::string names = "{";
        append_member(names, jsonrpc::quote(meta::server_info), server_info);
        append_member(result, R"("_meta")", names + "}");
    }
    return jsonrpc::result_response(id_token, result + "}");
}

std::map<std::string, std::string> read_input_responses(std::string_view input_responses,
                                                        std::span<const input_request> wanted) {
    std::map<std::string, std::string> out;
    const auto object = whole(input_responses);
    if (!is_object(input_responses, object)) return out;
    std::map<std::string_view, span> found; // by wanted key
    std::set<std::string_view> twice;
    for (const auto& each : wanted)
        found.emplace(each.key, span());
    jsonrpc::object_walker members(input_responses, object.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        const auto key = jsonrpc::unescape(each.key.in(input_responses));
        const auto place = key ? found.find(*key) : found.end();
        if (place == found.end()) continue;
        if (place->second.present()) twice.insert(place->first);
        place->second = each.value;
    }
    if (members.failed()) return out;
    for (const auto& [key, value] : found)
        if (is_object(input_responses, value) && !twice.contains(key))
            out.emplace(key, one_line(value.in(input_responses)));
    return out;
}

std::optional<needed_input> read_input_required(std::string_view text, const jsonrpc::envelope& message) {
    span type;
    span requests;
    span state;
    if (message.kind != jsonrpc::message_kind::response || message.error.present()) return std::nullopt;
    if (!read_members(text, message.result,
                      {{"resultType", &type}, {"inputRequests", &requests}, {"requestState", &state}}))
        return std::nullopt;
    if (!jsonrpc::string_equals(type.in(text), "input_required")) return std::nullopt;
    needed_input out;
    if (is_given(text, state)) {
        // It goes back unread, but only as what it has to be.
        if (!jsonrpc::unescape(state.in(text))) return std::nullopt;
        out.state_token = std::string(state.in(text));
    }
    auto read = read_requests(text, requests);
    if (!read || (read->empty() && out.state_token.empty())) return std::nullopt;
    out.requests = std::move(*read);
    return out;
}

std::string legacy_params(const input_request& what, std::string_view elicitation_id) {
    span mode;
    span id;
    const auto object = whole(what.params);
    if (what.method != elicitation_method ||
        !read_members(what.params, object, {{"mode", &mode}, {"elicitationId", &id}}))
        return what.params;
    if (id.present() || !jsonrpc::string_equals(mode.in(what.params), "url")) return what.params;
    std::string out;
    if (!copy_open(what.params, object, {}, out)) return what.params;
    append_member(out, R"("elicitationId")", jsonrpc::quote(elicitation_id));
    return out + "}";
}

std::string retry_request(std::string_view text, const jsonrpc::envelope& message,
                          const std::map<std::string, std::string>& answers, std::string_view state_token) {
    std::string params = "{";
    const bool has_params = message.params.present();
    if (has_params && !copy_open(text, message.params, {"inputResponses", "requestState"}, params))
        return std::string(text);
    if (!answers.empty()) {
        std::string responses = "{";
        for (const auto& [key, result] : answers)
            append_member(responses, jsonrpc::quote(key), result);
        append_member(params, R"("inputResponses")", responses + "}");
    }
    if (!state_token.empty()) append_member(params, R"("requestState")", state_token);
    params += '}';
    if (has_params) return jsonrpc::splice(text, {{message.params, params}});
    return jsonrpc::splice(text, {{{message.method.end(), 0}, R"(,"params":)" + params}});
}

std::optional<std::string> answer_as_result(std::string_view text, const jsonrpc::envelope& message,
                                            std::string_view method) {
    if (message.kind != jsonrpc::message_kind::response) return std::nullopt;
    if (message.error.present()) {
        if (method != elicitation_method) return std::nullopt;
        return R"({"action":"decline"})";
    }
    if (!is_object(text, message.result)) return std::nullopt;
    return one_line(message.result.in(text));
}

} // namespace drawbridge::mcp
