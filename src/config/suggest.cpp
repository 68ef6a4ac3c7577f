#include "config/suggest.hpp"

#include <algorithm>

namespace drawbridge::config {

namespace {

std::string folded(std::string_view word) {
    std::string out;
    for (const char c : word)
        if (c != '_' && c != '-') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

} // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
    const auto a = folded(left);
    const auto b = folded(right);
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j)
        d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates) {
    if (word.size() > 64) // nobody meant one of ours
        return {};
    std::string_view best;
    std::size_t best_distance = 0;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(word, candidate);
        const auto limit = std::max<std::size_t>(1, std::min<std::size_t>(3, candidate.size() / 3));
        if (distance <= limit && (best.empty() || distance < best_distance)) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string join(const std::vector<std::string_view>& words) {
    std::string out;
    for (const auto word : words) {
        if (!out.empty()) out += ", ";
        out += word;
    }
    return out;
}

} // namespace drawbridge::config
