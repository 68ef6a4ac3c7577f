#include "mcp/url_elicitation.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/members.hpp"

#include <optional>
#include <string>
#include <utility>

namespace drawbridge::mcp {
namespace {

using jsonrpc::span;

constexpr std::string_view error_code = "-32042";
constexpr std::string_view key_prefix = "url-";

bool is_string(std::string_view text, span value) {
    return value.present() && text[value.begin] == '"';
}

// Its params as elicitation/create has them: the mode is said there.
std::optional<std::string> read_params(std::string_view text, span element) {
    span mode;
    span url;
    span words;
    if (!read_members(text, element, {{"mode", &mode}, {"url", &url}, {"message", &words}}))
        return std::nullopt;
    if (!is_string(text, url) || !is_string(text, words)) return std::nullopt;
    if (!mode.present())
        return R"({"mode":"url",)" + std::string(text.substr(element.begin + 1, element.length - 1));
    if (!jsonrpc::string_equals(mode.in(text), "url")) return std::nullopt;
    return std::string(element.in(text));
}

} // namespace

std::vector<input_request> read_url_elicitations(std::string_view text, const jsonrpc::envelope& message) {
    span code;
    span data;
    span elicitations;
    if (!read_members(text, message.error, {{"code", &code}, {"data", &data}}) || code.in(text) != error_code)
        return {};
    if (!read_members(text, data, {{"elicitations", &elicitations}}) || !elicitations.present() ||
        text[elicitations.begin] != '[')
        return {};
    std::vector<input_request> out;
    jsonrpc::array_walker walker(text, elicitations.begin);
    span each;
    while (walker.next(each)) {
        auto params = read_params(text, each);
        if (!params || out.size() == max_input_requests) return {};
        input_request request;
        request.key = std::string(key_prefix) + std::to_string(out.size() + 1);
        request.method = "elicitation/create";
        request.params = std::move(*params);
        out.push_back(std::move(request));
    }
    return walker.failed() ? std::vector<input_request>() : out;
}

bool declines_url(std::string_view input_responses) {
    const auto begin = jsonrpc::skip_blank(input_responses, 0);
    if (begin >= input_responses.size() || input_responses[begin] != '{') return false;
    jsonrpc::object_walker members(input_responses, begin);
    jsonrpc::member each;
    bool declined = false;
    while (members.next(each)) {
        const auto key = jsonrpc::unescape(each.key.in(input_responses));
        if (!key || !key->starts_with(key_prefix)) continue;
        span action;
        const bool read = read_members(input_responses, each.value, {{"action", &action}});
        declined = declined || !read || !jsonrpc::string_equals(action.in(input_responses), "accept");
    }
    return declined && !members.failed();
}

} // namespace drawbridge::mcp
