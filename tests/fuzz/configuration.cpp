// Any text is either a configuration or a list of faults.
#include "config/read.hpp"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

using namespace drawbridge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto variable = [](std::string_view name) -> std::optional<std::string> {
        return name.size() % 2 == 0 ? std::optional<std::string>("value") : std::nullopt;
    };
    const auto read = config::read(text, variable);
    if (!read.value && read.errors.empty()) std::abort();
    return 0;
}
