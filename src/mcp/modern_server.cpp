#include "mcp/modern_server.hpp"

#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/validate.hpp"
#include "mcp/edit_object.hpp"
#include "mcp/members.hpp"
#include "mcp/meta.hpp"
#include "mcp/revisions.hpp"
#include "version.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace drawbridge::mcp::modern_server {

namespace {

using jsonrpc::edit;
using jsonrpc::span;
using jsonrpc::string_equals;

constexpr std::string_view missing_capability = "-32021";

bool is_server_info(std::string_view key) {
    return string_equals(key, meta::server_info);
}

bool is_tasks(std::string_view key) {
    return string_equals(key, "tasks");
}

bool is_object(std::string_view text, span value) {
    return value.present() && text[value.begin] == '{';
}

bool is_string(std::string_view text, span value) {
    return value.present() && text[value.begin] == '"';
}

// Some servers write "error":null beside a result.
bool has_result(std::string_view text, const jsonrpc::envelope& message) {
    if (message.kind != jsonrpc::message_kind::response || !message.result.present()) return false;
    return !message.error.present() || message.error.in(text) == "null";
}

// --- requests

// What `_meta` says of the caller.
class claims {
  public:
    explicit claims(const caller& who) {
        append_member(keys_, meta::protocol_version, jsonrpc::quote(modern_revision));
        append_member(keys_, meta::client_capabilities, who.capabilities.empty() ? "{}" : who.capabilities);
        append_member(keys_, meta::client_info, who.info.empty() ? gateway_info() : who.info);
        if (!who.log_level.empty()) append_member(keys_, meta::log_level, jsonrpc::quote(who.log_level));
        // Capabilities and info are spelled as a client spelled them, over several lines perhaps.
        jsonrpc::flatten(keys_);
        append_member(member_, "_meta", "{" + keys_ + "}");
    }

    std::string params() const { return "{" + member_ + "}"; }

    // The edits are good as long as this lives. False: no object that could be read.
    bool put_into(std::string_view text, span params, std::vector<edit>& edits) const {
        object_editor editor(text, params, edits);
        jsonrpc::member each;
        bool seen = false;
        while (editor.next(each)) {
            if (!string_equals(each.key.in(text), "_meta")) continue;
            if (std::exchange(seen, true))
                editor.drop();
            else if (!editor.filter(is_reserved_key, keys_))
                return false;
        }
        return editor.finish(seen ? std::string_view() : member_);
    }

  private:
    static std::string gateway_info() {
        return R"({"name":"drawbridge","version":)" + jsonrpc::quote(gateway_version) + "}";
    }

    std::string keys_;   // "io.modelcontextprotocol/protocolVersion":"2026-07-28",...
    std::string member_; // "_meta":{...}
};

// --- responses

// Legacy revisions know only schemas of objects.
bool is_object_schema(std::string_view text, span schema) {
    span type;
    return read_members(text, schema, {{"type", &type}}) && string_equals(type.in(text), "object");
}

bool edit_tools(std::string_view text, span tools, std::vector<edit>& edits) {
    if (text[tools.begin] != '[') return true;
    jsonrpc::array_walker elements(text, tools.begin);
    span tool;
    while (elements.next(tool)) {
        if (!is_object(text, tool)) continue;
        object_editor editor(text, tool, edits);
        jsonrpc::member each;
        while (editor.next(each)) {
            const bool schema = string_equals(each.key.in(text), "outputSchema");
            if (schema && !is_object_schema(text, each.value)) editor.drop();
        }
        if (!editor.finish()) return false;
    }
    return !elements.failed();
}

bool edit_result(std::string_view text, span result, std::string_view method, std::vector<edit>& edits) {
    constexpr std::array<std::string_view, 3> unknown = {"resultType", "ttlMs", "cacheScope"};
    const bool calls = method == "tools/call";
    const bool lists = method == "tools/list";
    object_editor editor(text, result, edits);
    jsonrpc::member each;
    while (editor.next(each)) {
        const auto key = each.key.in(text);
        const auto names = [&](std::string_view name) { return string_equals(key, name); };
        if (std::any_of(unknown.begin(), unknown.end(), names)) {
            editor.drop();
        } else if (names("_meta")) {
            if (!editor.filter(is_server_info, {})) return false;
        } else if (calls && names("structuredContent")) {
            if (!is_object(text, each.value)) editor.drop();
        } else if (lists && names("tools")) {
            if (!edit_tools(text, each.value, edits)) return false;
        }
    }
    return editor.finish();
}

// A tool that needs what the client has not: the model can read why, as of any failing tool. Empty: another
// error.
std::string as_tool_error(std::string_view text, const jsonrpc::envelope& message) {
    span code;
    span said;
    if (!read_members(text, message.error, {{"code", &code}, {"message", &said}})) return {};
    if (code.in(text) != missing_capability) return {};
    const auto why = jsonrpc::unescape(said.in(text));
    std::string result = R"({"content":[{"type":"text","text":)";
    jsonrpc::append_quoted(result, why ? *why : "the tool needs a capability that this client does not have");
    result += R"(}],"isError":true})";
    return jsonrpc::result_response(message.id.in(text), result);
}

// The server's name as legacy clients demand it: an object with both strings.
std::string name_of(std::string_view text, span about, std::string_view fallback_name) {
    span info;
    span name;
    span version;
    const bool read = read_members(text, about, {{meta::server_info, &info}}) &&
                      read_members(text, info, {{"name", &name}, {"version", &version}});
    if (read && is_string(text, name) && is_string(text, version)) return std::string(info.in(text));
    return R"({"name":)" + jsonrpc::quote(fallback_name) + R"(,"version":"unknown"})";
}

} // namespace

std::string client_capabilities(std::string_view declared) {
    if (jsonrpc::find_syntax_fault(declared)) return "{}";
    // A server that checks its client's declaration would refuse all of it for one of these.
    constexpr std::array<std::string_view, 5> objects = {"roots", "sampling", "elicitation", "experimental",
                                                         "extensions"};
    std::array<bool, objects.size()> seen{};
    std::vector<edit> edits;
    const std::size_t begin = jsonrpc::skip_blank(declared, 0);
    object_editor editor(declared, {begin, declared.size() - begin}, edits);
    jsonrpc::member each;
    while (editor.next(each)) {
        const auto key = each.key.in(declared);
        const auto names = [&](std::string_view name) { return string_equals(key, name); };
        const auto known = std::find_if(objects.begin(), objects.end(), names);
        if (known != objects.end()) {
            const bool usable = is_object(declared, each.value);
            if (!usable || std::exchange(seen[static_cast<std::size_t>(known - objects.begin())], true))
                editor.drop();
            else if (known == objects.begin())
                editor.replace("{}"); // nobody can tell a change of roots
        } else if (is_tasks(key)) {
            editor.drop();
        }
    }
    if (!editor.finish()) return "{}";
    auto told = jsonrpc::splice(declared, edits);
    jsonrpc::flatten(told);
    return told.substr(begin, told.find_last_of('}') + 1 - begin);
}

std::string request(std::string_view text, const jsonrpc::envelope& message, const caller& who) {
    if (!message.method.present()) return std::string(text);
    const claims about(who);
    if (!message.params.present()) {
        const std::string params = R"(,"params":)" + about.params();
        return jsonrpc::splice(text, {{{text.find_last_of('}'), 0}, params}});
    }
    std::vector<edit> edits;
    if (!about.put_into(text, message.params, edits)) return std::string(text);
    return jsonrpc::splice(text, edits);
}

std::string own_params(std::string_view raw_params, const caller& who) {
    const claims about(who);
    std::vector<edit> edits;
    const std::size_t begin = jsonrpc::skip_blank(raw_params, 0);
    if (!about.put_into(raw_params, {begin, raw_params.size() - begin}, edits)) return about.params();
    return jsonrpc::splice(raw_params, edits);
}

std::string response(std::string_view text, const jsonrpc::envelope& message, std::string_view method,
                     std::string_view /*revision: all of them know the same of what is changed here*/) {
    if (!has_result(text, message)) {
        const bool failed = message.kind == jsonrpc::message_kind::response && method == "tools/call";
        auto told = failed ? as_tool_error(text, message) : std::string();
        return told.empty() ? std::string(text) : told;
    }
    std::vector<edit> edits;
    // What can't be read goes as it came, as between a server and a client of one revision.
    if (!edit_result(text, message.result, method, edits)) return std::string(text);
    return jsonrpc::splice(text, edits);
}

std::optional<std::string> initialize_result(std::string_view response, std::string_view fallback_name) {
    if (jsonrpc::find_syntax_fault(response)) return std::nullopt;
    const auto message = jsonrpc::scan(response);
    if (!has_result(response, message) || type_of(response, message) != result_type::complete)
        return std::nullopt;
    span versions;
    span capabilities;
    span instructions;
    span about;
    const bool read = read_members(response, message.result,
                                   {{"supportedVersions", &versions},
                                    {"capabilities", &capabilities},
                                    {"instructions", &instructions},
                                    {"_meta", &about}});
    if (!read || !versions.in(response).starts_with('[') || !is_object(response, capabilities))
        return std::nullopt;
    std::string members;
    append_member(members, "protocolVersion", jsonrpc::quote(latest_legacy_revision));
    append_member(members, "capabilities", without(capabilities.in(response), is_tasks));
    append_member(members, "serverInfo", name_of(response, about, fallback_name));
    if (is_string(response, instructions)) append_member(members, "instructions", instructions.in(response));
    return "{" + members + "}";
}

result_type type_of(std::string_view text, const jsonrpc::envelope& message) {
    if (!has_result(text, message)) return result_type::complete;
    span type;
    if (!read_members(text, message.result, {{"resultType", &type}})) return result_type::unknown;
    if (!type.present() || string_equals(type.in(text), "complete")) return result_type::complete;
    return string_equals(type.in(text), "input_required") ? result_type::input_required
                                                          : result_type::unknown;
}

} // namespace drawbridge::mcp::modern_server
