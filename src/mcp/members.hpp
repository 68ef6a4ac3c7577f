// Reading members of an object that is not trusted: one that stands twice is as good as unreadable, because
// nobody knows which of the two the other side reads.
#pragma once

#include "jsonrpc/skip.hpp"
#include "jsonrpc/span.hpp"
#include "jsonrpc/text.hpp"

#include <initializer_list>
#include <string_view>

namespace drawbridge::mcp {

struct wanted_member {
    std::string_view key;
    jsonrpc::span* value; // set where the member stands; not present otherwise
};

// False when `object` is none, cannot be walked, or has a wanted member twice, however the keys are spelled.
inline bool read_members(std::string_view text, jsonrpc::span object,
                         std::initializer_list<wanted_member> wanted) {
    if (!object.present() || text[object.begin] != '{') return false;
    jsonrpc::object_walker members(text, object.begin);
    jsonrpc::member each;
    while (members.next(each)) {
        for (const auto& want : wanted) {
            if (!jsonrpc::string_equals(each.key.in(text), want.key)) continue;
            if (want.value->present()) return false;
            *want.value = each.value;
        }
    }
    return !members.failed();
}

} // namespace drawbridge::mcp
