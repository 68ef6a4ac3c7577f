// Lines are the same wherever the reads happen to end.
#include "jsonrpc/line_framer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using namespace drawbridge::jsonrpc;

namespace {

std::vector<std::string> lines(std::string_view text, std::size_t piece) {
    line_framer framer(64);
    std::vector<std::string> all;
    auto take = [&](const line_framer::event& event) {
        if (const auto* line = std::get_if<std::string_view>(&event))
            all.emplace_back(*line);
        else
            all.push_back("oversized " + std::to_string(std::get<oversized>(event).bytes));
    };
    while (!text.empty()) {
        const auto n = std::min(piece, text.size());
        std::memcpy(framer.prepare(n).data(), text.data(), n);
        framer.commit(n);
        text.remove_prefix(n);
        while (auto event = framer.next())
            take(*event);
    }
    while (auto event = framer.finish())
        take(*event);
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::size_t piece = data[0] % 16 + 1;
    if (lines(text, piece) != lines(text, text.size() + 1)) std::abort();
    return 0;
}
