#include "mcp/tool_filter.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/edit_array.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace drawbridge::mcp {

namespace {

using jsonrpc::edit;
using jsonrpc::span;

// The tool's name; nullopt unless the element is an object with exactly one member "name" that is a string.
std::optional<std::string> read_name(std::string_view text, span element) {
    if (text[element.begin] != '{') return std::nullopt;
    jsonrpc::object_walker members(text, element.begin);
    jsonrpc::member each;
    span name;
    while (members.next(each)) {
        if (!jsonrpc::string_equals(each.key.in(text), "name")) continue;
        if (name.present()) return std::nullopt;
        name = each.value;
    }
    if (members.failed() || !name.present()) return std::nullopt;
    return jsonrpc::unescape(name.in(text));
}

void edit_tools(const tool_filter& filter, std::string_view text, span tools, std::vector<edit>& edits) {
    std::vector<span> elements;
    std::vector<bool> drop;
    bool readable = text[tools.begin] == '[';
    if (readable) {
        jsonrpc::array_walker walker(text, tools.begin);
        span element;
        while (walker.next(element)) {
            const auto name = read_name(text, element);
            elements.push_back(element);
            drop.push_back(!name || !filter.allows(*name));
        }
        readable = !walker.failed();
    }
    if (!readable) {
        edits.push_back({tools, "[]"});
        return;
    }
    remove_elements(elements, drop, edits);
}

} // namespace

tool_filter::tool_filter(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {
    std::sort(allowed_.begin(), allowed_.end());
    all_ = std::binary_search(allowed_.begin(), allowed_.end(), std::string_view("*"));
}

bool tool_filter::allows(std::string_view name) const {
    return all_ || std::binary_search(allowed_.begin(), allowed_.end(), name);
}

std::string tool_filter::apply(std::string_view response_text) const {
    if (all_) return std::string(response_text);
    const auto message = jsonrpc::scan(response_text);
    if (message.kind != jsonrpc::message_kind::response) return {};
    if (!message.result.present() || response_text[message.result.begin] != '{')
        return std::string(response_text);
    std::vector<edit> edits;
    jsonrpc::object_walker members(response_text, message.result.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        // Every one, should there be several: nobody knows which of them a client reads.
        if (jsonrpc::string_equals(each.key.in(response_text), "tools")) {
            edit_tools(*this, response_text, each.value, edits);
        }
    }
    if (members.failed()) return {};
    return jsonrpc::splice(response_text, edits);
}

} // namespace drawbridge::mcp
