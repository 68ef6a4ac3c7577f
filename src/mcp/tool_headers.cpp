#include "mcp/tool_headers.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/utf8.hpp"
#include "mcp/edit_array.hpp"
#include "mcp/header_schema.hpp"
#include "mcp/header_value.hpp"
#include "mcp/members.hpp"

#include <algorithm>
#include <cstdint>

namespace drawbridge::mcp {

namespace {

using jsonrpc::edit;
using jsonrpc::span;

constexpr std::size_t told_bytes = 100; // of a parameter's path in an error

// --- numbers

// A number without a limit: `digits` as an integer, times ten to the `exponent`.
struct decimal {
    bool negative = false;
    std::string digits; // no zeros around; empty: zero
    std::int64_t exponent = 0;

    bool operator==(const decimal&) const = default;
};

std::string_view take_digits(std::string_view& text) {
    const auto count = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

// The exponent part of a JSON number, nothing behind it. nullopt: it is none, or beyond all reason.
std::optional<std::int64_t> read_exponent(std::string_view text) {
    if (text.empty()) return 0;
    if (!take(text, 'e') && !take(text, 'E')) return std::nullopt;
    const bool negative = take(text, '-');
    if (!negative) take(text, '+');
    auto digits = take_digits(text);
    if (digits.empty() || !text.empty()) return std::nullopt;
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    if (digits.size() > 9) return std::nullopt;
    std::int64_t value = 0;
    for (const char c : digits)
        value = value * 10 + (c - '0');
    return negative ? -value : value;
}

// nullopt: no JSON number.
std::optional<decimal> read_decimal(std::string_view text) {
    decimal out;
    out.negative = take(text, '-');
    const auto whole = take_digits(text);
    if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return std::nullopt;
    std::string_view fraction;
    if (take(text, '.') && (fraction = take_digits(text)).empty()) return std::nullopt;
    const auto exponent = read_exponent(text);
    if (!exponent) return std::nullopt;
    out.digits.append(whole).append(fraction);
    out.digits.erase(0, out.digits.find_first_not_of('0'));
    const auto used = out.digits.find_last_not_of('0') + 1; // 0 where there is none
    if (used == 0) return decimal{};
    out.exponent = *exponent - static_cast<std::int64_t>(fraction.size()) +
                   static_cast<std::int64_t>(out.digits.size() - used);
    out.digits.resize(used);
    return out;
}

// An integer as decimal digits (42.0 and 4.2e1 are 42); other numbers, and integers that only an exponent can
// tell, as they are spelled.
std::string spell_number(std::string_view token) {
    constexpr std::int64_t max_zeros = 20;
    const auto number = read_decimal(token);
    if (!number || number->exponent < 0 || number->exponent > max_zeros) return std::string(token);
    if (number->digits.empty()) return "0";
    return (number->negative ? "-" : "") + number->digits +
           std::string(static_cast<std::size_t>(number->exponent), '0');
}

bool same_number(std::string_view left, std::string_view right) {
    if (left == right) return true;
    const auto a = read_decimal(left);
    return a && a == read_decimal(right);
}

bool is_number(std::string_view token) {
    return !token.empty() && (token.front() == '-' || (token.front() >= '0' && token.front() <= '9'));
}

// --- arguments

struct argument {
    span value; // not present: there is none, or null
    bool unreadable = false;
};

argument find_argument(std::string_view text, span arguments, const std::vector<std::string>& path) {
    span at = arguments;
    for (const auto& name : path) {
        if (!at.present() || text[at.begin] != '{') return {};
        span inside;
        if (!read_members(text, at, {{name, &inside}})) return {{}, true};
        at = inside;
    }
    if (at.in(text) == "null") return {};
    return {at, false};
}

// As it is told in a header, not encoded; nullopt where a header cannot tell it.
std::optional<std::string> spell(std::string_view token) {
    if (token == "true" || token == "false") return std::string(token);
    if (is_number(token)) return spell_number(token);
    return jsonrpc::unescape(token);
}

bool matches(std::string_view header, std::string_view token) {
    if (is_number(token)) return same_number(header, token);
    return spell(token) == header;
}

std::string told(const header_parameter& parameter) {
    std::string out = "params.arguments";
    for (const auto& name : parameter.path) {
        out += '.';
        out += name;
    }
    if (out.size() <= told_bytes) return out;
    out.resize(jsonrpc::utf8_border(out, told_bytes));
    return out + "...";
}

bool same_name(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

std::optional<std::string> compare(const header_parameter& parameter, const parameter_fields& given,
                                   std::string_view text, span arguments) {
    const std::string header = "Mcp-Param-" + parameter.header;
    const auto names_it = [&](const auto& field) { return same_name(field.first, parameter.header); };
    const auto field = std::find_if(given.begin(), given.end(), names_it);
    if (field != given.end() && std::find_if(field + 1, given.end(), names_it) != given.end())
        return "the header " + header + " stands there several times";
    const auto found = find_argument(text, arguments, parameter.path);
    if (found.unreadable) return told(parameter) + " cannot be read: a member stands twice on the way to it";
    if (!found.value.present()) {
        if (field == given.end()) return std::nullopt;
        return "the header " + header + " is there, but " + told(parameter) +
               " is not; leave the header out where the argument is absent or null";
    }
    const auto token = found.value.in(text);
    if (!spell(token))
        return told(parameter) + " is no string, number or boolean, so the header " + header +
               " cannot tell it";
    if (field == given.end())
        return "the header " + header + " is missing; it has to have the value of " + told(parameter);
    const auto value = decode_header_value(field->second);
    if (!value)
        return "the header " + header +
               " cannot be read: it is neither printable ASCII nor =?base64?...?= around strict Base64 of "
               "UTF-8";
    if (matches(*value, token)) return std::nullopt;
    return "the header " + header + " differs from " + told(parameter);
}

// --- lists

struct listed_tool {
    std::optional<std::string> name;
    std::vector<header_parameter> parameters;
    std::string fault;
};

listed_tool read_tool(std::string_view text, span element) {
    listed_tool out;
    span name;
    span schema;
    if (!read_members(text, element, {{"name", &name}, {"inputSchema", &schema}})) {
        if (text[element.begin] == '{' && may_have_headers(element.in(text)))
            out.fault = "it has x-mcp-header and a member that stands twice";
        return out;
    }
    out.name = jsonrpc::unescape(name.in(text));
    if (!may_have_headers(schema.in(text))) return out;
    auto read = read_header_schema(text, schema);
    out.parameters = std::move(read.parameters);
    out.fault = std::move(read.fault);
    return out;
}

// Every list "tools" of the result, should there be several: nobody knows which of them a client reads.
std::vector<std::vector<span>> read_lists(std::string_view text) {
    const auto message = jsonrpc::scan(text);
    if (message.kind != jsonrpc::message_kind::response || !message.result.present() ||
        text[message.result.begin] != '{')
        return {};
    std::vector<std::vector<span>> out;
    jsonrpc::object_walker members(text, message.result.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        if (!jsonrpc::string_equals(each.key.in(text), "tools") || text[each.value.begin] != '[') continue;
        auto& list = out.emplace_back();
        jsonrpc::array_walker walker(text, each.value.begin);
        span element;
        while (walker.next(element))
            list.push_back(element);
        if (walker.failed()) return {};
    }
    if (members.failed()) return {};
    return out;
}

} // namespace

tool_catalog::page tool_catalog::learn(std::string_view response, bool first) {
    const auto lists = read_lists(response);
    if (lists.empty()) return {std::string(response), {}};
    if (first) tools_.clear();
    page out;
    std::vector<edit> edits;
    for (const auto& list : lists) {
        std::vector<bool> drop;
        for (const auto& element : list) {
            auto tool = read_tool(response, element);
            drop.push_back(!tool.fault.empty());
            if (drop.back()) {
                out.dropped.push_back(tool.name.value_or("a tool without a readable name") + ": " +
                                      tool.fault);
                if (tool.name) tools_.erase(*tool.name);
            } else if (tool.name) {
                tools_.insert_or_assign(std::move(*tool.name), std::move(tool.parameters));
            }
        }
        remove_elements(list, drop, edits);
    }
    out.response = jsonrpc::splice(response, edits);
    return out;
}

void tool_catalog::forget() {
    tools_.clear();
}

const std::vector<header_parameter>* tool_catalog::find(std::string_view tool) const {
    const auto found = tools_.find(tool);
    return found == tools_.end() ? nullptr : &found->second;
}

parameter_fields make_parameter_fields(const std::vector<header_parameter>& known, std::string_view text,
                                       span arguments) {
    parameter_fields out;
    for (const auto& parameter : known) {
        const auto found = find_argument(text, arguments, parameter.path);
        if (!found.value.present()) continue;
        const auto value = spell(found.value.in(text));
        if (value) out.emplace_back(parameter.header, encode_header_value(*value));
    }
    return out;
}

void append_unknown_fields(parameter_fields& fields, const std::vector<header_parameter>* known,
                           const parameter_fields& given) {
    for (const auto& field : given) {
        const bool is_known =
            known != nullptr && std::any_of(known->begin(), known->end(), [&](const auto& parameter) {
                return same_name(field.first, parameter.header);
            });
        if (!is_known) fields.push_back(field);
    }
}

std::optional<std::string> compare_parameter_fields(const std::vector<header_parameter>& known,
                                                    const parameter_fields& given, std::string_view text,
                                                    span arguments) {
    for (const auto& parameter : known)
        if (auto why = compare(parameter, given, text, arguments)) return why;
    return std::nullopt;
}

} // namespace drawbridge::mcp
