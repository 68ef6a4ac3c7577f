#include "integration/canary.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

namespace drawbridge::test::canaries {
namespace {

std::string around(const std::string& text, const std::string& key) {
    const auto at = text.find(key);
    if (at == text.npos) return " (in base64)";
    const auto from = std::max<std::size_t>(text.rfind('\n', at) + 1, at < 160 ? 0 : at - 160);
    return ": " + text.substr(from, at - from) + "<here>";
}

} // namespace

std::string file_text(const std::filesystem::path& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string base64(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        unsigned bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8U | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out += at + i > text.size() ? '=' : digits[bits >> (18 - 6 * i) & 63U];
    }
    return out;
}

// Letters and digits as a generator of keys makes them: no escaping changes them, so they are found in every
// spelling but base64.
std::string random_key() {
    constexpr std::string_view signs = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static std::random_device device;
    std::string key;
    while (key.size() < 24)
        key += signs[device() % signs.size()];
    return key + "7q"; // a digit and a letter in any case
}

bool canary::is_in(std::string_view text) const {
    if (text.find(key) != text.npos) return true;
    for (std::size_t before = 0; before < 3; ++before) {
        const auto coded = base64(std::string(before, ' ') + key);
        const auto first = (before * 8 + 5) / 6;
        const auto last = (before + key.size()) * 8 / 6;
        if (text.find(coded.substr(first, last - first)) != text.npos) return true;
    }
    return false;
}

void evidence::add(std::string where, std::string text) {
    const std::lock_guard lock(mutex_);
    said_.emplace_back(std::move(where), std::move(text));
}

void evidence::add(const std::string& where, const http_answer& answer) {
    std::string text;
    for (const auto& [name, value] : answer.headers)
        text += name + ": " + value + "\n";
    add(where, text + answer.body);
}

std::string evidence::leaks(const std::vector<canary>& canaries) const {
    std::set<std::string> found;
    for (const auto& [where, text] : said_)
        for (const auto& each : canaries)
            if (each.is_in(text)) found.insert(each.place + " in " + where + around(text, each.key));
    std::string all;
    for (const auto& line : found)
        all += line + "\n";
    return all;
}

temporary_folder::temporary_folder() {
    std::string pattern = "/tmp/drawbridge-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
}

temporary_folder::~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void temporary_folder::collect(evidence& into) const {
    std::error_code ignored;
    for (const auto& each : std::filesystem::recursive_directory_iterator(path_, ignored)) {
        into.add("name of a file", each.path().string());
        if (each.is_regular_file(ignored)) into.add("file " + each.path().string(), file_text(each.path()));
    }
}

} // namespace drawbridge::test::canaries
