#include "mcp/federated_message.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/utf8.hpp"
#include "mcp/members.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace drawbridge::mcp {

namespace {

using jsonrpc::span;

constexpr std::size_t told_bytes = 100; // of a name or URI in an error

std::string told(std::string_view value) {
    if (value.size() <= told_bytes) return jsonrpc::quote(value);
    return jsonrpc::quote(std::string(value.substr(0, jsonrpc::utf8_border(value, told_bytes))) + "...");
}

// The member that says where a request goes.
struct target {
    enum class kind { none, name, uri };

    kind what = kind::none;
    span at;
    std::string path; // "params.name", for errors
};

target name_target(span at, std::string path) {
    return {target::kind::name, at, std::move(path)};
}

target uri_target(span at, std::string path) {
    return {target::kind::uri, at, std::move(path)};
}

bool is_resource_request(std::string_view method) {
    return method == "resources/read" || method == "resources/subscribe" || method == "resources/unsubscribe";
}

// kind::none with a path: that member is missing, stands twice or cannot be read.
target find_completion_target(std::string_view text, span params) {
    span ref;
    if (!read_members(text, params, {{"ref", &ref}}) || !ref.present()) return {{}, {}, "params.ref"};
    span type;
    span name;
    span uri;
    if (!read_members(text, ref, {{"type", &type}, {"name", &name}, {"uri", &uri}}))
        return {{}, {}, "params.ref"};
    if (jsonrpc::string_equals(type.in(text), "ref/prompt")) return name_target(name, "params.ref.name");
    if (jsonrpc::string_equals(type.in(text), "ref/resource")) return uri_target(uri, "params.ref.uri");
    return {{}, {}, "params.ref.type"};
}

target find_target(std::string_view text, const jsonrpc::envelope& message) {
    const auto& method = message.method_name;
    if (method == "tools/call" || method == "prompts/get")
        return name_target(message.params_name, "params.name");
    if (method == "completion/complete") return find_completion_target(text, message.params);
    span uri;
    if (!read_members(text, message.params, {{"uri", &uri}})) return {{}, {}, "params.uri"};
    return uri_target(uri, "params.uri");
}

routed_call refuse(std::string reason) {
    routed_call out;
    out.reason = std::move(reason);
    return out;
}

routed_call send(std::string server, std::string name, std::string_view text, const jsonrpc::edit& edit) {
    routed_call out;
    out.call = federated_call{std::move(server), jsonrpc::splice(text, {edit}), std::move(name)};
    return out;
}

routed_call route_name(std::span<const std::string> servers, const name_table& table, std::string_view text,
                       span at, std::string_view name) {
    auto found = resolve(servers, table, name);
    if (found.how == name_lookup::found) {
        const auto token = jsonrpc::quote(found.name);
        return send(std::move(found.server), std::move(found.name), text, {at, token});
    }
    if (found.how == name_lookup::unlisted) {
        auto out = refuse(told(name) + " is no name that the server \"" + found.server +
                          "\" lists here; list again and use a name from the list");
        out.ask = std::move(found.server);
        return out;
    }
    return refuse("no server has the name " + told(name) +
                  "; names on this endpoint begin with a server's name and \"__\", as its lists show them");
}

routed_call route_uri(std::span<const std::string> servers, std::string_view text, span at,
                      std::string_view uri) {
    auto found = resolve_uri(servers, uri);
    if (!found)
        return refuse("no server has the resource " + told(uri) +
                      "; URIs on this endpoint begin with drawbridge://SERVER/, as its lists show them");
    // Spelled without escapes, the rest of the token can stay as it is.
    if (at.in(text).find('\\') == std::string_view::npos)
        return send(std::move(found->server), {}, text, {{at.begin + 1, uri.size() - found->uri.size()}, {}});
    const auto token = jsonrpc::quote(found->uri);
    return send(std::move(found->server), {}, text, {at, token});
}

// Collects the edits that put a server's prefix in front of URIs. Of members that stand twice each one is
// edited: nobody knows which of them a client reads.
class uri_editor {
  public:
    uri_editor(std::string_view text, std::string_view server) : text_(text), prefix_(uri_prefix(server)) {}
    uri_editor(const uri_editor&) = delete;
    uri_editor& operator=(const uri_editor&) = delete;

    // Calls `act` with each value of member `key`.
    template <class Act>
    void each_member(span object, std::string_view key, Act act) {
        if (!object.present() || text_[object.begin] != '{') return;
        jsonrpc::object_walker members(text_, object.begin);
        jsonrpc::member each;
        while (members.next(each))
            if (jsonrpc::string_equals(each.key.in(text_), key)) act(each.value);
    }

    template <class Act>
    void each_element(span array, Act act) {
        if (!array.present() || text_[array.begin] != '[') return;
        jsonrpc::array_walker elements(text_, array.begin);
        span element;
        while (elements.next(element))
            act(element);
    }

    void uri_of(span object) {
        each_member(object, "uri", [this](span value) {
            if (jsonrpc::unescape(value.in(text_))) edits_.push_back({{value.begin + 1, 0}, prefix_});
        });
    }

    // A content block of any type.
    void block(span object) {
        bool links = false;
        bool embeds = false;
        each_member(object, "type", [&](span value) {
            links = links || jsonrpc::string_equals(value.in(text_), "resource_link");
            embeds = embeds || jsonrpc::string_equals(value.in(text_), "resource");
        });
        if (links) uri_of(object);
        if (embeds) each_member(object, "resource", [this](span value) { uri_of(value); });
    }

    std::string finish(std::string text) const {
        return edits_.empty() ? std::move(text) : jsonrpc::splice(text, edits_);
    }

  private:
    std::string_view text_;
    const std::string prefix_;
    std::vector<jsonrpc::edit> edits_;
};

enum class answer_shape { other, contents, blocks, messages };

answer_shape shape_of(std::string_view method) {
    if (method == "resources/read") return answer_shape::contents;
    if (method == "tools/call" || method == "tasks/result") return answer_shape::blocks;
    return method == "prompts/get" ? answer_shape::messages : answer_shape::other;
}

void edit_result(uri_editor& editor, answer_shape shape, span result) {
    const auto uri = [&](span object) { editor.uri_of(object); };
    const auto block = [&](span object) { editor.block(object); };
    // A message has one block; several are read as well, as later revisions have them elsewhere.
    const auto content = [&](span value) {
        editor.block(value);
        editor.each_element(value, block);
    };
    const auto message = [&](span object) { editor.each_member(object, "content", content); };
    if (shape == answer_shape::contents)
        editor.each_member(result, "contents", [&](span value) { editor.each_element(value, uri); });
    if (shape == answer_shape::blocks)
        editor.each_member(result, "content", [&](span value) { editor.each_element(value, block); });
    if (shape == answer_shape::messages)
        editor.each_member(result, "messages", [&](span value) { editor.each_element(value, message); });
}

} // namespace

bool is_routed(std::string_view method) {
    return method == "tools/call" || method == "prompts/get" || method == "completion/complete" ||
           is_resource_request(method);
}

routed_call route_call(std::span<const std::string> servers, const name_table& table, std::string_view text,
                       const jsonrpc::envelope& message) {
    const auto& method = message.method_name;
    if (!is_routed(method)) return refuse("the method is not one that leads to a single server");
    const auto where = find_target(text, message);
    if (where.what == target::kind::none)
        return refuse(method + " needs " + where.path + ", once, to say which server it is for");
    const auto value = jsonrpc::unescape(where.at.in(text));
    if (!value) return refuse(method + " needs " + where.path + ", a string, to say which server it is for");
    if (where.what == target::kind::uri) return route_uri(servers, text, where.at, *value);
    return route_name(servers, table, text, where.at, *value);
}

std::string rewrite_result(std::string_view server, std::string_view method, std::string response_text) {
    const auto shape = shape_of(method);
    if (shape == answer_shape::other) return response_text;
    const auto message = jsonrpc::scan(response_text);
    if (message.kind != jsonrpc::message_kind::response) return response_text;
    uri_editor editor(response_text, server);
    edit_result(editor, shape, message.result);
    return editor.finish(std::move(response_text));
}

std::string rewrite_notification(std::string_view server, std::string text) {
    const auto message = jsonrpc::scan(text);
    if (message.kind != jsonrpc::message_kind::notification ||
        message.method_name != "notifications/resources/updated")
        return text;
    uri_editor editor(text, server);
    editor.uri_of(message.params);
    return editor.finish(std::move(text));
}

} // namespace drawbridge::mcp
