#include "config/reader.hpp"

#include "config/suggest.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>

namespace drawbridge::config {

namespace json = boost::json;

namespace {

std::string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

std::string_view kind_name(const json::value& value) {
    switch (value.kind()) {
    case json::kind::null:
        return "null";
    case json::kind::bool_:
        return "true or false";
    case json::kind::string:
        return "a string";
    case json::kind::array:
        return "an array";
    case json::kind::object:
        return "an object";
    default:
        return "a number";
    }
}

std::string spelled(double number) {
    auto text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (!text.empty() && text.back() == '.') text.pop_back();
    return text;
}

} // namespace

std::string wrong_kind(std::string_view wanted, const json::value& value) {
    return "must be " + std::string(wanted) + ", but is " + std::string(kind_name(value));
}

std::optional<std::int64_t> as_integer(const json::value& value) {
    if (const auto* whole = value.if_int64()) return *whole;
    const auto* real = value.if_double();
    if (real != nullptr && std::trunc(*real) == *real && std::fabs(*real) <= 9007199254740992.0)
        return static_cast<std::int64_t>(*real);
    return std::nullopt;
}

std::string out_of_range(range allowed) {
    auto text =
        "must be an integer from " + std::to_string(allowed.least) + " to " + std::to_string(allowed.most);
    if (!allowed.unit.empty()) text += " (" + std::string(allowed.unit) + ')';
    return text;
}

void context::error(const std::string& path, std::string message, std::string suggestion) {
    const auto at = where_.value(path);
    errors_.push_back({path, at.line, at.column, std::move(message), std::move(suggestion)});
}

void context::error(const std::string& path, fault what) {
    error(path, std::move(what.message), std::move(what.suggestion));
}

void context::error_at_key(const std::string& path, std::string message, std::string suggestion) {
    const auto at = where_.key(path);
    errors_.push_back({path, at.line, at.column, std::move(message), std::move(suggestion)});
}

void context::warning(const std::string& path, std::string message, std::string suggestion) {
    const auto at = where_.key(path);
    warnings_.push_back({path, at.line, at.column, std::move(message), std::move(suggestion)});
}

void context::expand_all(json::value& root) {
    expand_value(root, "");
}

void context::expand_value(json::value& value, const std::string& path) {
    if (auto* object = value.if_object()) {
        for (auto& one : *object)
            expand_value(one.value(), member(path, std::string_view(one.key().data(), one.key().size())));
    } else if (auto* array = value.if_array()) {
        for (std::size_t i = 0; i < array->size(); ++i)
            expand_value((*array)[i], element(path, i));
    } else if (value.is_string()) {
        expand_string(value, path);
    }
}

void context::expand_string(json::value& value, const std::string& path) {
    auto& text = value.get_string();
    if (view(text).find('\0') != std::string_view::npos) {
        error(path, "holds a NUL character (\\u0000), which no program accepts", "remove it");
        origins_[&value] = origin::undefined;
        return;
    }
    if (view(text).find("${") == std::string_view::npos) return;
    auto result = expand(view(text), lookup_);
    for (const auto& name : result.undefined)
        error(path, "undefined environment variable referenced: " + name,
              "set " + name + " in the gateway's environment, or remove the reference");
    if (result.from != origin::literal) origins_[&value] = result.from;
    text.assign(result.value.data(), result.value.size());
}

origin context::from(const json::value& value) const {
    const auto found = origins_.find(&value);
    return found == origins_.end() ? origin::literal : found->second;
}

void context::finish(reading& out) {
    if (!inert_.empty()) {
        std::vector<std::string_view> names(inert_.begin(), inert_.end());
        warning(inert_.front(), "accepted, but without effect in this version: " + join(names),
                "remove what you don't need");
        warnings_.back().path.clear();
    }
    const auto earlier = [](const problem& a, const problem& b) {
        return a.line != b.line ? a.line < b.line : a.column < b.column;
    };
    std::stable_sort(errors_.begin(), errors_.end(), earlier);
    std::stable_sort(warnings_.begin(), warnings_.end(), earlier);
    out.errors.insert(out.errors.end(), errors_.begin(), errors_.end());
    out.warnings.insert(out.warnings.end(), warnings_.begin(), warnings_.end());
}

object_reader::object_reader(context& shared, const json::object& object, std::string path)
    : shared_(shared)
    , object_(object)
    , path_(std::move(path)) {}

bool object_reader::has(std::string_view key) const {
    return object_.contains(json::string_view(key.data(), key.size()));
}

const json::value* object_reader::take(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
    return object_.if_contains(json::string_view(key.data(), key.size()));
}

std::optional<std::string> object_reader::text(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return std::nullopt;
    const auto* string = value->if_string();
    if (string == nullptr) {
        shared_.error(path_of(key), wrong_kind("a string", *value), "put the value in double quotes");
        return std::nullopt;
    }
    if (shared_.from(*value) == origin::undefined) return std::nullopt;
    return std::string(view(*string));
}

std::optional<std::string> object_reader::nonblank_text(std::string_view key) {
    auto value = text(key);
    if (value && blank(*value)) {
        shared_.error(path_of(key), "must not be empty or blank", "give a value, or leave the field out");
        return std::nullopt;
    }
    return value;
}

std::optional<bool> object_reader::boolean(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return std::nullopt;
    const auto* given = value->if_bool();
    if (given == nullptr) {
        shared_.error(path_of(key), wrong_kind("true or false", *value),
                      "write true or false, without quotes");
        return std::nullopt;
    }
    return *given;
}

std::optional<std::int64_t> object_reader::integer(std::string_view key, range allowed) {
    const auto* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
        shared_.error(path_of(key), wrong_kind("an integer", *value), "write a number, without quotes");
        return std::nullopt;
    }
    const auto given = as_integer(*value);
    if (!given || *given < allowed.least || *given > allowed.most) {
        shared_.error(path_of(key), out_of_range(allowed), "choose a value in this range");
        return std::nullopt;
    }
    return given;
}

std::optional<double> object_reader::number(std::string_view key, double least, double most) {
    const auto* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
        shared_.error(path_of(key), wrong_kind("a number", *value), "write a number, without quotes");
        return std::nullopt;
    }
    const auto given = value->to_number<double>();
    if (!(given >= least && given <= most)) {
        shared_.error(path_of(key), "must be a number from " + spelled(least) + " to " + spelled(most),
                      "choose a value in this range");
        return std::nullopt;
    }
    return given;
}

std::optional<std::size_t> object_reader::word(std::string_view key,
                                               const std::vector<std::string_view>& words) {
    const auto given = text(key);
    if (!given) return std::nullopt;
    const auto found = std::find(words.begin(), words.end(), std::string_view(*given));
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    const auto near =
        shared_.from(*take(key)) == origin::literal ? closest(*given, words) : std::string_view();
    shared_.error(path_of(key), "must be one of: " + join(words),
                  near.empty() ? "choose one of these words" : "did you mean \"" + std::string(near) + "\"?");
    return std::nullopt;
}

std::optional<std::vector<text_item>> object_reader::texts(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return std::nullopt;
    const auto* array = value->if_array();
    if (array == nullptr) {
        shared_.error(path_of(key), wrong_kind("an array of strings", *value), "write [\"...\", \"...\"]");
        return std::nullopt;
    }
    std::vector<text_item> out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto& one = (*array)[i];
        const auto where = element(path_of(key), i);
        if (const auto* string = one.if_string())
            out.push_back({"", std::string(view(*string)), where, shared_.from(one)});
        else
            shared_.error(where, wrong_kind("a string", one), "put the value in double quotes");
    }
    return out;
}

std::optional<std::vector<text_item>> object_reader::nonblank_texts(std::string_view key) {
    auto items = texts(key);
    if (items)
        for (const auto& one : *items)
            if (one.from != origin::undefined && blank(one.value))
                shared_.error(one.path, "must not be empty or blank", "give a value, or remove this entry");
    return items;
}

std::optional<std::vector<text_item>> object_reader::text_map(std::string_view key) {
    const auto* map = object(key);
    if (map == nullptr) return std::nullopt;
    std::vector<text_item> out;
    for (const auto& one : *map) {
        const std::string name(one.key().data(), one.key().size());
        const auto where = member(path_of(key), name);
        if (const auto* string = one.value().if_string())
            out.push_back({name, std::string(view(*string)), where, shared_.from(one.value())});
        else
            shared_.error(where, wrong_kind("a string", one.value()), "put the value in double quotes");
    }
    return out;
}

const json::object* object_reader::object(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return nullptr;
    if (const auto* given = value->if_object()) return given;
    shared_.error(path_of(key), wrong_kind("an object", *value), "write {...}");
    return nullptr;
}

bool object_reader::require(std::string_view key, std::string suggestion) {
    if (take(key) != nullptr) return true;
    shared_.error(path_of(key), "required field is missing", std::move(suggestion));
    return false;
}

void object_reader::refuse(std::string_view key, std::string message, std::string suggestion) {
    if (take(key) != nullptr) shared_.error_at_key(path_of(key), std::move(message), std::move(suggestion));
}

void object_reader::finish() {
    for (const auto& one : object_) {
        const std::string_view key(one.key().data(), one.key().size());
        if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
        const auto near = closest(key, known_);
        shared_.error_at_key(path_of(key), "unknown field",
                             near.empty() ? "remove it, or check its name against the documentation"
                                          : "did you mean \"" + std::string(near) + "\"?");
    }
}

} // namespace drawbridge::config
