#include "jsonrpc/splice.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace drawbridge::jsonrpc {

namespace {

bool before(const edit& a, const edit& b) {
    return a.at.begin < b.at.begin;
}

std::string splice_sorted(std::string_view text, std::span<const edit> edits) {
    std::size_t size = text.size();
    for (const auto& each : edits)
        size += each.with.size();
    std::string out;
    out.reserve(size);
    std::size_t done = 0;
    for (const auto& each : edits) {
        const bool fits = each.at.begin >= done && each.at.begin <= text.size() &&
                          each.at.length <= text.size() - each.at.begin;
        assert(fits && "edits overlap or reach beyond the text");
        if (!fits) continue;
        out.append(text, done, each.at.begin - done);
        out.append(each.with);
        done = each.at.end();
    }
    out.append(text, done);
    return out;
}

} // namespace

std::string splice(std::string_view text, std::span<const edit> edits) {
    if (std::is_sorted(edits.begin(), edits.end(), before)) return splice_sorted(text, edits);
    std::vector<edit> sorted(edits.begin(), edits.end());
    std::stable_sort(sorted.begin(), sorted.end(), before);
    return splice_sorted(text, sorted);
}

std::string splice(std::string_view text, std::initializer_list<edit> edits) {
    return splice(text, std::span<const edit>(edits.begin(), edits.size()));
}

} // namespace drawbridge::jsonrpc
