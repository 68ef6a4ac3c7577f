#include "config/position.hpp"

#include "config/scanner.hpp"

#include <algorithm>
#include <cstdio>

namespace drawbridge::config {

namespace {

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

void append_quoted(std::string& out, std::string_view key) {
    out += "[\"";
    for (const char c : key) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
            out += escaped;
        } else {
            out += c;
        }
    }
    out += "\"]";
}

} // namespace

std::string member(std::string_view path, std::string_view key) {
    std::string out(path);
    if (!key.empty() && std::all_of(key.begin(), key.end(), plain)) {
        if (!out.empty()) out += '.';
        out += key;
    } else {
        append_quoted(out, key);
    }
    return out;
}

std::string element(std::string_view path, std::size_t index) {
    return std::string(path) + '[' + std::to_string(index) + ']';
}

locator::locator(std::string_view document) {
    for (std::size_t i = 0; i < document.size(); ++i)
        if (document[i] == '\n') line_starts_.push_back(i + 1);
}

place locator::offset(std::size_t byte) const {
    const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), byte);
    const auto line = static_cast<std::size_t>(after - line_starts_.begin());
    return {line, byte - line_starts_[line - 1] + 1};
}

const locator::bytes* locator::nearest(std::string_view path) const {
    for (;;) {
        if (const auto found = places_.find(std::string(path)); found != places_.end()) return &found->second;
        if (path.empty()) return nullptr;
        const auto cut = path.find_last_of(".[");
        path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
    }
}

place locator::value(std::string_view path) const {
    const auto* found = nearest(path);
    return found == nullptr ? place{} : offset(found->value);
}

place locator::key(std::string_view path) const {
    const auto* found = nearest(path);
    if (found == nullptr) return {};
    return offset(found->key == std::string_view::npos ? found->value : found->key);
}

void locator::remember_value(const std::string& path, std::size_t byte) {
    places_[path].value = byte;
}

void locator::remember_key(const std::string& path, std::size_t byte) {
    places_[path].key = byte;
}

scan_result scan(std::string_view document) {
    return scanner(document).run();
}

} // namespace drawbridge::config
