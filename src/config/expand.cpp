#include "config/expand.hpp"

#include <algorithm>

namespace drawbridge::config {

namespace {

bool name_start(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool name_part(char c) {
    return name_start(c) || (c >= '0' && c <= '9');
}

// The name in a text that begins with "${"; empty where this is no variable.
std::string_view variable_name(std::string_view text) {
    std::size_t end = 2;
    if (end >= text.size() || !name_start(text[end])) return {};
    while (end < text.size() && name_part(text[end]))
        ++end;
    if (end >= text.size() || text[end] != '}') return {};
    return text.substr(2, end - 2);
}

} // namespace

expansion expand(std::string_view text, const environment& lookup) {
    expansion out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto dollar = text.find("${", at);
        out.value += text.substr(at, dollar == std::string_view::npos ? dollar : dollar - at);
        if (dollar == std::string_view::npos) break;
        const auto rest = text.substr(dollar);
        if (rest.substr(0, 3) == "${{") {
            const auto close = rest.find("}}");
            const auto length = close == std::string_view::npos ? std::size_t{3} : close + 2;
            out.value += rest.substr(0, length);
            at = dollar + length;
            continue;
        }
        const auto name = variable_name(rest);
        if (name.empty()) {
            out.value += "${";
            at = dollar + 2;
            continue;
        }
        at = dollar + name.size() + 3;
        if (auto value = lookup(name)) {
            out.value += *value;
            if (out.from == origin::literal)
                out.from = name.size() + 3 == text.size() ? origin::whole : origin::mixed;
        } else if (std::find(out.undefined.begin(), out.undefined.end(), name) == out.undefined.end()) {
            out.undefined.emplace_back(name);
        }
    }
    if (!out.undefined.empty()) out.from = origin::undefined;
    return out;
}

} // namespace drawbridge::config
