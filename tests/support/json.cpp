#include "support/json.hpp"

#include <boost/json.hpp>

#include <doctest/doctest.h>

namespace drawbridge::test {

boost::json::value parse(std::string_view text) {
    boost::system::error_code error;
    auto value = boost::json::parse({text.data(), text.size()}, error);
    CAPTURE(text);
    REQUIRE_MESSAGE(!error, "not JSON: " << error.message());
    return value;
}

const boost::json::value* find(const boost::json::value& in, std::string_view path) {
    const auto* here = &in;
    while (!path.empty()) {
        const auto dot = path.find('.');
        const auto step = path.substr(0, dot);
        path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
        if (const auto* object = here->if_object()) {
            here = object->if_contains({step.data(), step.size()});
        } else if (const auto* array = here->if_array()) {
            const auto index = static_cast<std::size_t>(std::stoul(std::string(step)));
            here = index < array->size() ? &(*array)[index] : nullptr;
        } else {
            here = nullptr;
        }
        if (!here) return nullptr;
    }
    return here;
}

std::string text_at(const boost::json::value& in, std::string_view path) {
    const auto* found = find(in, path);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::int64_t number_at(const boost::json::value& in, std::string_view path) {
    const auto* found = find(in, path);
    return found && found->is_int64() ? found->as_int64() : -1;
}

std::string json_string(std::string_view text) {
    return boost::json::serialize(boost::json::string(text.data(), text.size()));
}

} // namespace drawbridge::test
