// Finds the id of a message that is too long to be stored, from chunks with arbitrary borders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::jsonrpc {

// Fixed memory: a key of at most 40 spelled bytes and an id of at most 256.
class id_scanner {
  public:
    static constexpr std::size_t max_id = 256;

    void feed(std::string_view chunk);

    // The token of a string or integer id of the top-level object. nullopt: none yet, longer than max_id, of
    // another type, or there twice.
    std::optional<std::string> id() const;
    bool has_method() const { return method_seen_; }
    // An id and no method: some request waits for this.
    bool is_response() const { return id().has_value() && !method_seen_; }

  private:
    enum class expect : std::uint8_t { document, key, colon, value, comma, nothing };

    std::size_t in_string(std::string_view chunk, std::size_t at);
    std::size_t nested(std::string_view chunk, std::size_t at);
    std::size_t outside(std::string_view chunk, std::size_t at);
    void structural(char c);
    void begin_string();
    void begin_value(char c);
    void end_key();
    void end_value();
    void capture(std::string_view piece);

    expect expect_ = expect::document;
    std::size_t depth_ = 0;
    bool string_ = false;    // inside a string
    bool escape_ = false;    // the string's next character is escaped
    bool reads_key_ = false; // the string is a key of the top-level object
    bool reads_id_ = false;  // the current value is the id
    bool id_unfit_ = false;  // too long, a container, or twice
    bool id_seen_ = false;
    bool id_done_ = false;
    bool method_seen_ = false;
    bool key_unfit_ = false;
    std::string key_;
    std::string id_;
};

} // namespace drawbridge::jsonrpc
