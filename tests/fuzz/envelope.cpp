// What clients send is read strictly, what servers send structurally: whatever the strict reader accepts, the
// other reads the same.
#include "jsonrpc/envelope.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace drawbridge::jsonrpc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto strict = parse(text);
    const auto loose = scan(text);
    if (strict.code != 0) return 0;
    const auto& message = strict.message;
    const bool same = message.kind == loose.kind && message.id == loose.id &&
                      message.params == loose.params && message.method_name == loose.method_name &&
                      message.result == loose.result && message.progress_token == loose.progress_token;
    if (!same) std::abort();
    return 0;
}
