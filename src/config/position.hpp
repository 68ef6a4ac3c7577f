// Where things stand in the text of a JSON document. One strict scan finds the first fault of syntax, every
// repeated key and the place of every value; the DOM parser then only meets text that is known to be sound.
#pragma once

#include "config/read.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace drawbridge::config {

// Deeper documents are refused (the DOM parser's own limit).
inline constexpr std::size_t max_depth = 32;

// Paths as people write them: `mcpServers.github.mounts[0]`; a key with other characters than letters,
// digits,
// '_' and '-' stands quoted: `mcpServers["my.server"]`, so that two paths are never the same text.
std::string member(std::string_view path, std::string_view key);
std::string element(std::string_view path, std::size_t index);

// 1-based; 0 where there is none. Columns count bytes.
struct place {
    std::size_t line = 0;
    std::size_t column = 0;
};

class locator {
  public:
    locator() = default;
    explicit locator(std::string_view document); // copies only the places of the lines

    // The place of a value, or of the nearest enclosing one where the path itself does not exist.
    place value(std::string_view path) const;
    // The place of the key of a member; of the value where there is no key.
    place key(std::string_view path) const;
    place offset(std::size_t byte) const;

    void remember_value(const std::string& path, std::size_t byte);
    void remember_key(const std::string& path, std::size_t byte);

  private:
    struct bytes {
        std::size_t value = std::string_view::npos;
        std::size_t key = std::string_view::npos;
    };

    const bytes* nearest(std::string_view path) const;

    std::vector<std::size_t> line_starts_{0};
    std::unordered_map<std::string, bytes> places_;
};

struct scan_result {
    locator where;
    std::optional<problem> syntax;   // the first fault; nothing else can be said then
    std::vector<problem> duplicates; // keys that stand twice in one object
};

scan_result scan(std::string_view document);

} // namespace drawbridge::config
