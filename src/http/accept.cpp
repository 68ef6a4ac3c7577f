#include "http/accept.hpp"

#include <algorithm>
#include <cctype>

namespace drawbridge::http {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool same(std::string_view given, std::string_view lower) {
    return std::equal(given.begin(), given.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

bool refused(std::string_view parameters) {
    while (!parameters.empty()) {
        const auto end = parameters.find(';');
        const auto one = trimmed(parameters.substr(0, end));
        if (same(one, "q=0") || same(one, "q=0.0") || same(one, "q=0.00") || same(one, "q=0.000"))
            return true;
        if (end == std::string_view::npos) break;
        parameters.remove_prefix(end + 1);
    }
    return false;
}

} // namespace

accepted read_accept(std::string_view header) {
    accepted found;
    found.json = trimmed(header).empty();
    while (!header.empty()) {
        const auto comma = header.find(',');
        const auto item = header.substr(0, comma);
        const auto semicolon = item.find(';');
        const auto type = trimmed(item.substr(0, semicolon));
        const bool wanted = semicolon == std::string_view::npos || !refused(item.substr(semicolon + 1));
        if (wanted) {
            found.json |= same(type, "application/json") || same(type, "application/*") || same(type, "*/*");
            found.events |= same(type, "text/event-stream");
        }
        if (comma == std::string_view::npos) break;
        header.remove_prefix(comma + 1);
    }
    return found;
}

} // namespace drawbridge::http
