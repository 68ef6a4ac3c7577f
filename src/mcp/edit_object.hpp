// Takes members out of an object and puts others in, commas included. What comes of it are edits for one
// splice of the whole message: nothing is copied here. Pure.
//
//     object_editor result(text, message.result, edits);
//     while (result.next(each)) if (...) result.drop();
//     if (result.finish(added)) return jsonrpc::splice(text, edits);
//
#pragma once

#include "jsonrpc/skip.hpp"
#include "jsonrpc/span.hpp"
#include "jsonrpc/splice.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::mcp {

// Says yes to the token of a key, however it is spelled.
using key_test = bool (*)(std::string_view key_token);

class object_editor {
  public:
    // `object` may be anything: what is no object fails in finish(). Edits are appended to `edits`.
    object_editor(std::string_view text, jsonrpc::span object, std::vector<jsonrpc::edit>& edits);
    object_editor(const object_editor&) = delete;
    object_editor& operator=(const object_editor&) = delete;

    // As object_walker.
    bool next(jsonrpc::member& out);

    // Of the member that next() gave last, at most one of these. `with` and `added` have to live until the
    // splice.
    void drop();
    void replace(std::string_view with);
    // Its value, an object, without the members that `gone` names and with `added` ("k":1,"l":2 without a
    // comma around). A value of another type is replaced. With nothing left in it the member is dropped.
    // False: the value can't be walked over.
    bool filter(key_test gone, std::string_view added);

    // Once next() was false. False: no object, or not walked to its end; the edits are good for nothing then.
    bool finish(std::string_view added = {});
    // After finish(): no member is left.
    bool empty() const { return empty_; }

  private:
    void settle();
    void close_run(std::size_t next_key);

    std::string_view text_;
    std::vector<jsonrpc::edit>& edits_;
    jsonrpc::object_walker walker_;
    bool object_;
    bool empty_ = true;
    bool pending_ = false; // current_ is neither kept nor part of a run yet
    bool dropped_ = false;
    jsonrpc::member current_;
    std::size_t kept_end_ = jsonrpc::npos;  // of the last value that stays
    std::size_t run_begin_ = jsonrpc::npos; // of the members dropped since
    std::size_t run_end_ = 0;
};

// `object` (raw JSON) without those members; {} where it is no object or can't be read.
std::string without(std::string_view object, key_test gone);

// "key":VALUE at the end of `members`, with a comma where it is not the first.
void append_member(std::string& members, std::string_view key, std::string_view raw_value);

// A key under the prefix that MCP reserves; one that can't be read counts as such.
bool is_reserved_key(std::string_view key_token);

} // namespace drawbridge::mcp
