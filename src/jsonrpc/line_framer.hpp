// Bytes in, whole lines out (MCP stdio transport: one message per line). Pure: the caller reads.
//
//     auto room = framer.prepare(64 * 1024);        // read into it
//     framer.commit(n);
//     while (auto event = framer.next()) ...        // drain before the next prepare
//
#pragma once

#include "jsonrpc/id_scanner.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace drawbridge::jsonrpc {

// A line longer than the limit. It was scanned, not stored.
struct oversized {
    std::size_t bytes = 0;         // its whole length without the line break
    std::optional<std::string> id; // the raw token of its top-level id, if a usable one was found
    bool is_response = false;      // an id and no method: a request waits for it
};

class line_framer {
  public:
    // A std::string_view is a line without "\n" or "\r\n", never empty, valid until the next call of any
    // member.
    using event = std::variant<std::string_view, oversized>;

    // Memory that an idle framer keeps, unless its reads are larger.
    static constexpr std::size_t kept_bytes = 128 * 1024;

    // A line of exactly max_bytes (without its line break) still passes.
    explicit line_framer(std::size_t max_bytes);

    // Room for at least n bytes (all that is free). Memory stays below max_bytes + n or so; whatever a large
    // message needed is released here once it has been handed out.
    std::span<char> prepare(std::size_t n);
    // n bytes of the room were filled.
    void commit(std::size_t n);
    // The next line in the bytes so far; nullopt when more have to be read.
    std::optional<event> next();
    // After the end of the stream, once next() has nothing more: an unterminated last line, if there is one.
    std::optional<event> finish();

    // For tests and metrics.
    std::size_t capacity() const { return capacity_; }
    std::size_t buffered() const { return end_ - begin_; }

  private:
    std::optional<event> line_at(std::size_t begin, std::size_t end);
    std::optional<event> end_of_oversized();
    void discard(std::string_view piece);
    void make_room(std::size_t n);

    std::size_t max_bytes_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;   // of the current line
    std::size_t scanned_ = 0; // up to here there is no line break
    std::size_t end_ = 0;
    bool discarding_ = false; // inside an oversized line
    char last_ = 0;           // its last byte so far
    std::size_t discarded_ = 0;
    std::unique_ptr<id_scanner> scanner_;
};

} // namespace drawbridge::jsonrpc
