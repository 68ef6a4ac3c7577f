// "Did you mean ...?" for misspelled keys and words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::config {

// Edits between two words: insert, delete, replace, swap neighbours. Letter case, '_' and '-' don't count.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The closest candidate, or nothing where none is close enough to be meant.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

// "one, two, three"
std::string join(const std::vector<std::string_view>& words);

} // namespace drawbridge::config
