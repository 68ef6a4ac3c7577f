// Events are the same wherever the reads happen to end, and what was written is read again.
#include "jsonrpc/sse.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace drawbridge::jsonrpc;

namespace {

std::vector<std::string> events(std::string_view text, std::size_t piece) {
    sse_decoder decoder(256);
    std::vector<std::string> all;
    while (!text.empty()) {
        decoder.feed(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        while (const auto event = decoder.next())
            all.push_back(event->type + "|" + event->id + "|" + event->data);
    }
    all.push_back(decoder.last_event_id() + "|" + std::to_string(decoder.oversized()));
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    if (events(text, data[0] % 16 + 1) != events(text, text.size() + 1)) std::abort();
    if (text.empty() || text.size() > 200 || text.find_first_of("\r\n") != std::string_view::npos) return 0;
    const auto again = events(sse_event(text, "1-1"), 7);
    if (again.front() != "|1-1|" + std::string(text)) std::abort();
    return 0;
}
