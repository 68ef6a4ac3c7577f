#include "mcp/federated_list.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/utf8.hpp"
#include "jsonrpc/validate.hpp"
#include "mcp/members.hpp"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace drawbridge::mcp {

namespace {

using jsonrpc::span;

struct shape {
    std::string_view method;
    std::string_view member;
    std::string_view uri; // an item's member that has to be federated beside its name; empty: none
};

// In the order of list_kind.
constexpr std::array<shape, 4> shapes = {{{"tools/list", "tools", ""},
                                          {"prompts/list", "prompts", ""},
                                          {"resources/list", "resources", "uri"},
                                          {"resources/templates/list", "resourceTemplates", "uriTemplate"}}};

const shape& shape_of(list_kind kind) {
    return shapes[static_cast<std::size_t>(kind)];
}

constexpr std::size_t told_bytes = 200; // of a server's error message

// What an error says, for the client of another server's tools: short.
std::string explain(std::string_view text, span error, std::string_view method) {
    std::string out = "it answered " + std::string(method) + " with an error";
    span message;
    if (!read_members(text, error, {{"message", &message}}) || !message.present()) return out;
    const auto said = jsonrpc::unescape(message.in(text));
    if (!said || said->empty()) return out;
    out += ": ";
    return out.append(*said, 0, jsonrpc::utf8_border(*said, told_bytes));
}

// Where a list stands in a response; not present: there is nothing to list. Or why it cannot be used.
struct list_place {
    span items;
    std::string fault;
};

list_place find_list(std::string_view text, const shape& what) {
    list_place out;
    const std::string answer = "its answer to " + std::string(what.method);
    if (jsonrpc::find_syntax_fault(text)) {
        out.fault = answer + " is not valid JSON";
        return out;
    }
    const auto message = jsonrpc::scan(text);
    if (message.kind != jsonrpc::message_kind::response) {
        out.fault = answer + " is no valid response";
        return out;
    }
    if (message.error.present()) {
        span code;
        const bool read = read_members(text, message.error, {{"code", &code}});
        const bool unknown = read && code.in(text) == std::to_string(jsonrpc::code_method_not_found);
        if (!unknown || message.result.present()) out.fault = explain(text, message.error, what.method);
        return out;
    }
    const bool read = read_members(text, message.result, {{what.member, &out.items}});
    if (!read || !out.items.present() || text[out.items.begin] != '[') {
        out.items = {};
        out.fault = answer + " has no readable list \"" + std::string(what.member) + "\"";
    }
    return out;
}

std::optional<std::vector<std::string_view>> read_elements(std::string_view text, span array) {
    std::vector<std::string_view> out;
    jsonrpc::array_walker walker(text, array.begin);
    span element;
    while (walker.next(element))
        out.push_back(element.in(text));
    if (walker.failed()) return std::nullopt;
    return out;
}

struct item_places {
    std::string name;
    span name_at;
    span uri_at; // not present in kinds without
};

std::optional<item_places> read_item(std::string_view item, const shape& what) {
    item_places out;
    const span whole{0, item.size()};
    const bool has_uri = !what.uri.empty();
    const bool read = has_uri ? read_members(item, whole, {{"name", &out.name_at}, {what.uri, &out.uri_at}})
                              : read_members(item, whole, {{"name", &out.name_at}});
    if (!read) return std::nullopt;
    auto name = jsonrpc::unescape(out.name_at.in(item));
    if (!name || (has_uri && !jsonrpc::unescape(out.uri_at.in(item)))) return std::nullopt;
    out.name = std::move(*name);
    return out;
}

} // namespace

std::string_view list_method(list_kind kind) {
    return shape_of(kind).method;
}

std::optional<list_kind> list_kind_of(std::string_view method) {
    for (std::size_t i = 0; i < shapes.size(); ++i)
        if (shapes[i].method == method) return static_cast<list_kind>(i);
    return std::nullopt;
}

std::string next_cursor(std::string_view response_text) {
    const auto message = jsonrpc::scan(response_text);
    if (message.kind != jsonrpc::message_kind::response) return {};
    span cursor;
    if (!read_members(response_text, message.result, {{"nextCursor", &cursor}})) return {};
    const auto token = cursor.in(response_text);
    const auto value = jsonrpc::unescape(token);
    return value && !value->empty() ? std::string(token) : std::string();
}

bool list_merge::add(std::string_view server, std::string_view response_text, const tool_filter& tools) {
    auto place = find_list(response_text, shape_of(kind_));
    if (!place.fault.empty()) {
        failed(server, place.fault);
        return false;
    }
    if (!place.items.present()) return true;
    const auto items = read_elements(response_text, place.items);
    if (!items) {
        failed(server, "its answer to " + std::string(list_method(kind_)) + " cannot be read");
        return false;
    }
    auto& into = parts_[std::string(server)];
    for (const auto item : *items)
        add_item(into, server, item, tools);
    return true;
}

void list_merge::add_item(part& into, std::string_view server, std::string_view item,
                          const tool_filter& tools) {
    const auto read = read_item(item, shape_of(kind_));
    if (!read) return;
    const auto federated = federated_name(server, read->name);
    // Resources go by their URI: two may have one name.
    if (!read->uri_at.present()) {
        if (learns_ != nullptr) learns_->learn(server, read->name);
        if (kind_ == list_kind::tools && !tools.allows(read->name)) return;
        if (!into.names.insert(federated).second) return;
    }
    const std::string token = jsonrpc::quote(federated);
    std::vector<jsonrpc::edit> edits = {{read->name_at, token}};
    const std::string prefix = uri_prefix(server);
    // Right after the quote: the rest of the URI stays as it is spelled.
    if (read->uri_at.present()) edits.push_back({{read->uri_at.begin + 1, 0}, prefix});
    into.items += ',';
    into.items += jsonrpc::splice(item, edits);
}

void list_merge::failed(std::string_view server, std::string_view detail) {
    failures_.emplace(server, detail);
}

std::string list_merge::result() const {
    std::string out = "{";
    jsonrpc::append_quoted(out, shape_of(kind_).member);
    out += ":[";
    bool first = true;
    for (const auto& [server, listed] : parts_) {
        if (listed.items.empty()) continue;
        out.append(listed.items, first ? 1 : 0);
        first = false;
    }
    out += ']';
    if (failures_.empty()) return out += '}';
    out += R"(,"_meta":{)";
    jsonrpc::append_quoted(out, unavailable_key);
    char separator = '[';
    out += ':';
    for (const auto& [server, detail] : failures_) {
        out += separator;
        out += R"({"server":)";
        jsonrpc::append_quoted(out, server);
        out += R"(,"detail":)";
        jsonrpc::append_quoted(out, detail);
        out += '}';
        separator = ',';
    }
    return out += "]}}";
}

} // namespace drawbridge::mcp
