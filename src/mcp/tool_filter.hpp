// The `tools` allow-list of a server (Gateway 4.1), applied to names and to the answers of tools/list.
// Pure, immutable, safe to share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::mcp {

class tool_filter {
  public:
    // "*" anywhere in the list allows everything; an empty list allows nothing.
    explicit tool_filter(std::vector<std::string> allowed);

    bool all() const { return all_; }
    // `name` unescaped.
    bool allows(std::string_view name) const;

    // The response to a tools/list (the whole message) without the tools that are not allowed; everything
    // else byte for byte as it was. A tool without exactly one readable name is removed. Fails closed: a
    // `tools` that cannot be read as an array becomes []. A message without result.tools (an error) comes
    // back as it is; a text that is no well-formed response comes back empty.
    std::string apply(std::string_view response_text) const;

  private:
    std::vector<std::string> allowed_; // sorted
    bool all_ = false;
};

} // namespace drawbridge::mcp
