#include "mcp/header_schema.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace drawbridge::mcp {

namespace {

using jsonrpc::npos;
using jsonrpc::span;

constexpr std::string_view annotation_key = "x-mcp-header";
constexpr std::size_t told_bytes = 100;

// What a schema's member holds.
enum class keyword : std::uint8_t {
    annotation,
    type,
    properties,
    schemas, // by names that are no keywords
    data,    // of the tool's author: no schema in it
    other    // perhaps a schema, or a list of schemas
};

constexpr std::array<std::pair<std::string_view, keyword>, 13> keywords = {
    {{annotation_key, keyword::annotation},
     {"type", keyword::type},
     {"properties", keyword::properties},
     {"patternProperties", keyword::schemas},
     {"$defs", keyword::schemas},
     {"definitions", keyword::schemas},
     {"dependentSchemas", keyword::schemas},
     {"dependencies", keyword::schemas},
     {"default", keyword::data},
     {"const", keyword::data},
     {"enum", keyword::data},
     {"examples", keyword::data},
     {"example", keyword::data}}};

keyword keyword_of(std::string_view key_token) {
    for (const auto& [name, what] : keywords)
        if (jsonrpc::string_equals(key_token, name)) return what;
    return keyword::other;
}

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

std::optional<header_parameter::type> type_of(std::string_view token) {
    if (jsonrpc::string_equals(token, "string")) return header_parameter::type::string;
    if (jsonrpc::string_equals(token, "integer")) return header_parameter::type::integer;
    if (jsonrpc::string_equals(token, "boolean")) return header_parameter::type::boolean;
    return std::nullopt;
}

// Walks over a schema once. Each step returns the place after what it walked over, npos once there is a
// fault.
class reader {
  public:
    explicit reader(std::string_view text) : text_(text) {}

    header_schema read(span schema) {
        if (object(schema.begin, true) == npos && out_.fault.empty())
            out_.fault = "its inputSchema cannot be read";
        // Which of the two counts is for each reader to guess.
        if (out_.fault.empty() && doubled_ && !out_.parameters.empty())
            out_.fault =
                "its inputSchema has " + std::string(annotation_key) + " and a member that stands twice";
        if (!out_.fault.empty()) out_.parameters.clear();
        return std::move(out_);
    }

  private:
    struct notes {
        span annotation;
        span type;
        bool properties = false;
    };

    std::size_t fail(std::string why) {
        if (out_.fault.empty()) out_.fault = std::move(why);
        return npos;
    }

    std::size_t too_deep() { return fail("its inputSchema is nested too deeply"); }

    // A schema. `reachable`: only `properties` lead to it, so its value can be found among the arguments.
    std::size_t object(std::size_t at, bool reachable) {
        if (depth_ == header_schema::max_depth) return too_deep();
        ++depth_;
        notes found;
        jsonrpc::object_walker members(text_, at);
        span key;
        while (members.next_key(key)) {
            const std::size_t end = member(keyword_of(key.in(text_)), members.at(), reachable, found);
            if (end == npos) return npos;
            members.resume(end);
        }
        --depth_;
        if (members.failed()) return npos;
        if (found.annotation.present() && !take(found, reachable)) return npos;
        return members.end();
    }

    std::size_t member(keyword what, std::size_t at, bool reachable, notes& found) {
        const bool is_object = at < text_.size() && text_[at] == '{';
        switch (what) {
        case keyword::properties:
            doubled_ = std::exchange(found.properties, true) || doubled_;
            return is_object ? by_name(at, reachable) : value(at);
        case keyword::schemas:
            return is_object ? by_name(at, false) : value(at);
        case keyword::other:
            return value(at);
        default:
            break;
        }
        const std::size_t end = jsonrpc::value_end(text_, at);
        if (end == npos || what == keyword::data) return end;
        span& place = what == keyword::type ? found.type : found.annotation;
        doubled_ = doubled_ || place.present();
        place = {at, end - at};
        return end;
    }

    // Schemas by name.
    std::size_t by_name(std::size_t at, bool reachable) {
        if (depth_ == header_schema::max_depth) return too_deep();
        ++depth_;
        jsonrpc::object_walker members(text_, at);
        std::set<std::string> names;
        span key;
        while (members.next_key(key)) {
            const std::size_t begin = members.at();
            std::size_t end = npos;
            if (reachable && begin < text_.size() && text_[begin] == '{') {
                auto name = jsonrpc::unescape(key.in(text_));
                if (!name) return npos;
                doubled_ = !names.insert(*name).second || doubled_;
                path_.push_back(std::move(*name));
                end = object(begin, true);
                path_.pop_back();
            } else {
                end = value(begin);
            }
            if (end == npos) return npos;
            members.resume(end);
        }
        --depth_;
        return members.failed() ? npos : members.end();
    }

    // Anything: schemas in it cannot be reached.
    std::size_t value(std::size_t at) {
        if (at < text_.size() && text_[at] == '{') return object(at, false);
        if (at < text_.size() && text_[at] == '[') return array(at);
        return jsonrpc::value_end(text_, at);
    }

    std::size_t array(std::size_t at) {
        if (depth_ == header_schema::max_depth) return too_deep();
        ++depth_;
        at = jsonrpc::skip_blank(text_, at + 1);
        bool more = at >= text_.size() || text_[at] != ']';
        while (more) {
            const std::size_t end = value(at);
            if (end == npos) return npos;
            at = jsonrpc::skip_blank(text_, end);
            more = at < text_.size() && text_[at] == ',';
            if (more) at = jsonrpc::skip_blank(text_, at + 1);
        }
        --depth_;
        return at < text_.size() && text_[at] == ']' ? at + 1 : npos;
    }

    // The annotation of the schema at path_. False: it is invalid.
    bool take(const notes& found, bool reachable) {
        const std::string what(annotation_key);
        const auto token = found.annotation.in(text_);
        auto header = jsonrpc::unescape(token);
        if (!header) return refuse(what + " is no string");
        if (header->empty()) return refuse(what + " is empty");
        const auto told =
            what + " " + jsonrpc::quote(header->substr(0, jsonrpc::utf8_border(*header, told_bytes)));
        if (!is_token(*header)) return refuse(told + " is no name of an HTTP header");
        if (!reachable || path_.empty())
            return refuse(told + " stands where \"properties\" alone do not lead");
        const auto type = type_of(found.type.in(text_));
        if (!type) return refuse(told + " stands at a type other than string, integer and boolean");
        if (!names_.insert(lower(*header)).second) return refuse(told + " stands at several parameters");
        std::size_t bytes = header->size();
        for (const auto& name : path_)
            bytes += name.size();
        if (path_.size() > header_schema::max_path_names || bytes > header_schema::max_path_bytes)
            return refuse(told + " stands at a parameter that is nested too deeply or has too long a name");
        if (out_.parameters.size() == header_schema::max_parameters)
            return refuse("more than " + std::to_string(header_schema::max_parameters) + " parameters have " +
                          what);
        out_.parameters.push_back({std::move(*header), path_, *type});
        return true;
    }

    bool refuse(std::string why) {
        fail(std::move(why));
        return false;
    }

    std::string_view text_;
    header_schema out_;
    std::vector<std::string> path_; // names of properties, from the root to the schema that is walked over
    std::set<std::string> names_;   // of headers, in lower case
    std::size_t depth_ = 0;
    bool doubled_ = false; // a member stands twice whose second value could hide the first
};

} // namespace

bool may_have_headers(std::string_view schema) {
    // As it is, or spelled with escapes.
    return schema.find(annotation_key) != npos || schema.find("\\u") != npos;
}

header_schema read_header_schema(std::string_view text, span schema) {
    if (!schema.present() || text[schema.begin] != '{') return {};
    return reader(text).read(schema);
}

} // namespace drawbridge::mcp
