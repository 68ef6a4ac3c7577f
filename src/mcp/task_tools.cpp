#include "mcp/task_tools.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/edit_array.hpp"
#include "mcp/members.hpp"

#include <algorithm>
#include <vector>

namespace drawbridge::mcp {
namespace {

using jsonrpc::span;

bool needs_task(std::string_view text, span tool) {
    span execution;
    span support;
    return read_members(text, tool, {{"execution", &execution}}) &&
           read_members(text, execution, {{"taskSupport", &support}}) &&
           jsonrpc::string_equals(support.in(text), "required");
}

} // namespace

std::string without_task_tools(std::string_view response) {
    constexpr std::string_view sign = "taskSupport"; // few lists have it
    std::string whole(response);
    span tools;
    const auto message = jsonrpc::scan(response);
    if (response.find(sign) == std::string_view::npos ||
        !read_members(response, message.result, {{"tools", &tools}}) || !tools.present() ||
        response[tools.begin] != '[')
        return whole;
    std::vector<span> all;
    std::vector<bool> drop;
    jsonrpc::array_walker walker(response, tools.begin);
    span each;
    while (walker.next(each)) {
        all.push_back(each);
        drop.push_back(needs_task(response, each));
    }
    if (walker.failed()) return whole;
    std::vector<jsonrpc::edit> edits;
    remove_elements(all, drop, edits);
    return jsonrpc::splice(response, edits);
}

} // namespace drawbridge::mcp
