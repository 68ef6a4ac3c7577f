#include "mcp/listen_filter.hpp"

#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/members.hpp"
#include "mcp/meta.hpp"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace drawbridge::mcp {

namespace {

using jsonrpc::edit;
using jsonrpc::span;

// What can change as a list.
struct kind {
    std::string_view member; // of a filter
    std::string_view capability;
    std::string_view notification;
    bool listen_filter::*wanted;
};

constexpr std::array<kind, 3> kinds = {
    {{"toolsListChanged", "tools", "notifications/tools/list_changed", &listen_filter::tools},
     {"promptsListChanged", "prompts", "notifications/prompts/list_changed", &listen_filter::prompts},
     {"resourcesListChanged", "resources", "notifications/resources/list_changed",
      &listen_filter::resources}}};

constexpr std::string_view uris_member = "resourceSubscriptions";
constexpr std::string_view acknowledged = "notifications/subscriptions/acknowledged";

// A member that is not there is not wanted.
bool read_flag(std::string_view token, bool& out) {
    if (!token.empty() && token != "true" && token != "false") return false;
    out = token == "true";
    return true;
}

bool read_uris(std::string_view text, span array, std::set<std::string, std::less<>>& out) {
    if (!array.present()) return true;
    if (text[array.begin] != '[') return false;
    jsonrpc::array_walker elements(text, array.begin);
    span element;
    while (elements.next(element)) {
        auto uri = jsonrpc::unescape(element.in(text));
        if (!uri) return false;
        out.insert(std::move(*uri));
    }
    return !elements.failed();
}

// params.notifications.
std::optional<listen_filter> read_filter(std::string_view text, span params) {
    span filter;
    if (!read_members(text, params, {{"notifications", &filter}})) return std::nullopt;
    span tools;
    span prompts;
    span resources;
    span uris;
    const bool read = read_members(text, filter,
                                   {{kinds[0].member, &tools},
                                    {kinds[1].member, &prompts},
                                    {kinds[2].member, &resources},
                                    {uris_member, &uris}});
    listen_filter out;
    if (!read || !read_flag(tools.in(text), out.tools) || !read_flag(prompts.in(text), out.prompts) ||
        !read_flag(resources.in(text), out.resources))
        return std::nullopt;
    if (!read_uris(text, uris, out.uris)) return std::nullopt;
    return out;
}

std::string filter_json(const listen_filter& filter) {
    std::string out;
    for (const auto& each : kinds) {
        if (!(filter.*each.wanted)) continue;
        out += out.empty() ? '{' : ',';
        jsonrpc::append_quoted(out, each.member);
        out += ":true";
    }
    if (!filter.uris.empty()) {
        out += out.empty() ? '{' : ',';
        jsonrpc::append_quoted(out, uris_member);
        char separator = '[';
        out += ':';
        for (const auto& uri : filter.uris) {
            out += std::exchange(separator, ',');
            jsonrpc::append_quoted(out, uri);
        }
        out += ']';
    }
    return out.empty() ? "{}" : out + '}';
}

// {"tools":{"listChanged":true}}
bool declares(std::string_view capabilities, std::string_view name, std::string_view flag) {
    const std::size_t at = jsonrpc::skip_blank(capabilities, 0);
    span declared;
    span value;
    return read_members(capabilities, {at, capabilities.size() - at}, {{name, &declared}}) &&
           read_members(capabilities, declared, {{flag, &value}}) && value.in(capabilities) == "true";
}

// "io.modelcontextprotocol/subscriptionId":ID
std::string id_member(std::string_view id_token) {
    std::string out = jsonrpc::quote(meta::subscription_id);
    out += ':';
    return out += id_token;
}

// The same in its "_meta".
std::string meta_member(std::string_view id_token) {
    return R"("_meta":{)" + id_member(id_token) + '}';
}

std::string insert_first(std::string_view text, span object, std::string member) {
    const bool alone = text[jsonrpc::skip_blank(text, object.begin + 1)] == '}';
    if (!alone) member += ',';
    return jsonrpc::splice(text, {{{object.begin + 1, 0}, member}});
}

struct removal {
    std::vector<edit> edits;
    bool all = true; // nothing remains of the object
};

// Every member `key` of the object, should there be several: nobody knows which of them is read.
removal remove_member(std::string_view text, span object, std::string_view key) {
    std::vector<span> all; // from the key to the end of the value
    std::vector<bool> keep;
    jsonrpc::object_walker members(text, object.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        all.push_back({each.key.begin, each.value.end() - each.key.begin});
        keep.push_back(!jsonrpc::string_equals(each.key.in(text), key));
    }
    removal out;
    for (std::size_t first = 0; first < all.size();) {
        std::size_t after = first;
        while (after < all.size() && !keep[after])
            ++after;
        out.all = out.all && after == all.size();
        if (after != first) { // with the comma before them, or the one after them at the front
            const std::size_t begin = first == 0 ? all.front().begin : all[first - 1].end();
            const std::size_t end =
                first == 0 && after < all.size() ? all[after].begin : all[after - 1].end();
            out.edits.push_back({{begin, end - begin}, {}});
        }
        first = after + 1;
    }
    return out;
}

} // namespace

std::optional<listen_filter> read_listen_filter(std::string_view text, const jsonrpc::envelope& message) {
    if (message.kind != jsonrpc::message_kind::request) return std::nullopt;
    return read_filter(text, message.params);
}

listen_filter honoured(const listen_filter& wanted, std::string_view server_capabilities) {
    listen_filter out;
    for (const auto& each : kinds) {
        out.*each.wanted =
            wanted.*each.wanted && declares(server_capabilities, each.capability, "listChanged");
    }
    if (!wanted.uris.empty() && declares(server_capabilities, "resources", "subscribe"))
        out.uris = wanted.uris;
    return out;
}

std::string listen_params(const listen_filter& filter) {
    return R"({"notifications":)" + filter_json(filter) + '}';
}

std::string acknowledgement(std::string_view id_token, const listen_filter& honoured) {
    return jsonrpc::notification(acknowledged, '{' + meta_member(id_token) + R"(,"notifications":)" +
                                                   filter_json(honoured) + '}');
}

std::optional<listen_filter> read_acknowledgement(std::string_view text, const jsonrpc::envelope& message) {
    if (message.kind != jsonrpc::message_kind::notification || message.method_name != acknowledged)
        return std::nullopt;
    return read_filter(text, message.params);
}

std::string_view subscription_of(std::string_view text, const jsonrpc::envelope& message) {
    span id;
    if (message.kind != jsonrpc::message_kind::notification ||
        !read_members(text, message.params_meta, {{meta::subscription_id, &id}}))
        return {};
    return id.in(text);
}

bool wants(const listen_filter& filter, std::string_view text, const jsonrpc::envelope& message) {
    if (message.kind != jsonrpc::message_kind::notification) return false;
    for (const auto& each : kinds)
        if (message.method_name == each.notification) return filter.*each.wanted;
    span at;
    if (message.method_name != "notifications/resources/updated" || filter.uris.empty() ||
        !read_members(text, message.params, {{"uri", &at}}))
        return false;
    const auto uri = jsonrpc::unescape(at.in(text));
    return uri && filter.uris.contains(*uri);
}

std::string tagged(std::string_view text, const jsonrpc::envelope& message, std::string_view id_token) {
    if (message.kind != jsonrpc::message_kind::notification) return std::string(text);
    const span params = message.params;
    const span inner = message.params_meta;
    if (!params.present()) {
        const std::string added = R"(,"params":{)" + meta_member(id_token) + '}';
        return jsonrpc::splice(text, {{{message.method.end(), 0}, added}});
    }
    // What stands there against the schema makes room: without the tag nobody could use the message.
    if (text[params.begin] != '{') {
        const std::string instead = '{' + meta_member(id_token) + '}';
        return jsonrpc::splice(text, {{params, instead}});
    }
    if (!inner.present()) return insert_first(text, params, meta_member(id_token));
    if (text[inner.begin] != '{') {
        const std::string instead = '{' + id_member(id_token) + '}';
        return jsonrpc::splice(text, {{inner, instead}});
    }
    std::vector<edit> edits;
    jsonrpc::object_walker members(text, inner.begin);
    jsonrpc::member each;
    while (members.next(each))
        if (jsonrpc::string_equals(each.key.in(text), meta::subscription_id))
            edits.push_back({each.value, id_token});
    return edits.empty() ? insert_first(text, inner, id_member(id_token)) : jsonrpc::splice(text, edits);
}

std::string untagged(std::string_view text, const jsonrpc::envelope& message) {
    const span inner = message.params_meta;
    if (message.kind != jsonrpc::message_kind::notification || !inner.present() || text[inner.begin] != '{')
        return std::string(text);
    auto found = remove_member(text, inner, meta::subscription_id);
    if (found.edits.empty()) return std::string(text);
    if (found.all) found = remove_member(text, message.params, "_meta");
    return jsonrpc::splice(text, found.edits);
}

std::string listen_end(std::string_view id_token) {
    return jsonrpc::result_response(id_token, R"({"resultType":"complete",)" + meta_member(id_token) + '}');
}

} // namespace drawbridge::mcp
