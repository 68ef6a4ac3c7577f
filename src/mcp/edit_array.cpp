#include "mcp/edit_array.hpp"

#include <cstddef>

namespace drawbridge::mcp {
namespace {

using jsonrpc::span;

// Elements [first, after) with the comma before them, or the one after them at the front of the array.
jsonrpc::edit remove_run(const std::vector<span>& all, std::size_t first, std::size_t after) {
    const std::size_t begin = first == 0 ? all.front().begin : all[first - 1].end();
    const std::size_t end = first == 0 && after < all.size() ? all[after].begin : all[after - 1].end();
    return {{begin, end - begin}, {}};
}

} // namespace

void remove_elements(const std::vector<span>& all, const std::vector<bool>& drop,
                     std::vector<jsonrpc::edit>& edits) {
    for (std::size_t first = 0; first < all.size();) {
        std::size_t after = first;
        while (after < all.size() && drop[after])
            ++after;
        if (after != first) edits.push_back(remove_run(all, first, after));
        first = after + 1;
    }
}

} // namespace drawbridge::mcp
