// Reading typed values out of the document. A wrong value becomes a problem and reading goes on, so that all
// problems are reported at once. Works over Boost.JSON; only the .cpp files of this folder see its headers.
#pragma once

#include "config/expand.hpp"
#include "config/position.hpp"
#include "config/rules.hpp"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace drawbridge::config {

// What one reading of a document shares. Lives on the stack of read().
class context {
  public:
    context(const locator& where, const environment& lookup) : where_(where), lookup_(lookup) {}

    void error(const std::string& path, std::string message, std::string suggestion);
    void error(const std::string& path, fault what);
    // About the key itself (unknown, refused), not about its value.
    void error_at_key(const std::string& path, std::string message, std::string suggestion);
    void warning(const std::string& path, std::string message, std::string suggestion);
    // A field that was validated but has no effect in this version; all of them go into one warning.
    void no_effect(const std::string& path) { inert_.push_back(path); }

    // Expands every string of the document in place and remembers where a value came from.
    void expand_all(boost::json::value& root);
    origin from(const boost::json::value& value) const;
    std::optional<std::string> environment_value(std::string_view name) const { return lookup_(name); }

    // Everything found, in the order of the document.
    void finish(reading& out);

  private:
    void expand_value(boost::json::value& value, const std::string& path);
    void expand_string(boost::json::value& value, const std::string& path);

    const locator& where_;
    const environment& lookup_;
    std::unordered_map<const boost::json::value*, origin> origins_;
    std::vector<problem> errors_;
    std::vector<problem> warnings_;
    std::vector<std::string> inert_;
};

struct range {
    std::int64_t least;
    std::int64_t most;
    std::string_view unit; // "seconds", "bytes", ""
};

inline constexpr range timeout_range{1, 86400, "seconds"};

// A string of an array or of a map, with the place it came from.
struct text_item {
    std::string key; // of a map
    std::string value;
    std::string path;
    origin from = origin::literal;
};

// One object of the document. Every key that is asked for counts as known, whether it is there or not;
// finish() refuses the others. Reading functions give nothing for an absent value and for a wrong one
// (which has then been reported); has() tells the two apart.
class object_reader {
  public:
    object_reader(context& shared, const boost::json::object& object, std::string path);

    const std::string& path() const { return path_; }
    std::string path_of(std::string_view key) const { return member(path_, key); }
    context& shared() const { return shared_; }

    bool has(std::string_view key) const;
    const boost::json::value* take(std::string_view key);

    std::optional<std::string> text(std::string_view key);
    std::optional<std::string> nonblank_text(std::string_view key);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, range allowed);
    std::optional<double> number(std::string_view key, double least, double most);
    // The index of the word in `words`.
    std::optional<std::size_t> word(std::string_view key, const std::vector<std::string_view>& words);
    std::optional<std::vector<text_item>> texts(std::string_view key);
    std::optional<std::vector<text_item>> nonblank_texts(std::string_view key);
    std::optional<std::vector<text_item>> text_map(std::string_view key);
    const boost::json::object* object(std::string_view key);

    // Reports a missing required field. True where it is there.
    bool require(std::string_view key, std::string suggestion);
    // A known key that may not be here.
    void refuse(std::string_view key, std::string message, std::string suggestion);
    // Refuses the unknown keys; asked-for ones serve as suggestions.
    void finish();

  private:
    context& shared_;
    const boost::json::object& object_;
    std::string path_;
    std::vector<std::string_view> known_;
};

// "must be a string, but is a number"
std::string wrong_kind(std::string_view wanted, const boost::json::value& value);

// The integer of a number that is one, also when written as 30.0 or 3e1.
std::optional<std::int64_t> as_integer(const boost::json::value& value);

std::string out_of_range(range allowed);

} // namespace drawbridge::config
