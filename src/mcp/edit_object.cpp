#include "mcp/edit_object.hpp"

#include "jsonrpc/text.hpp"
#include "mcp/meta.hpp"

namespace drawbridge::mcp {

using jsonrpc::npos;
using jsonrpc::span;

object_editor::object_editor(std::string_view text, span object, std::vector<jsonrpc::edit>& edits)
    : text_(text)
    , edits_(edits)
    , walker_(text, object.begin)
    , object_(object.present() && text[object.begin] == '{') {}

bool object_editor::next(jsonrpc::member& out) {
    settle();
    if (!object_ || !walker_.next(current_)) return false;
    pending_ = true;
    dropped_ = false;
    out = current_;
    return true;
}

void object_editor::drop() {
    dropped_ = true;
}

void object_editor::replace(std::string_view with) {
    edits_.push_back({current_.value, with});
}

bool object_editor::filter(key_test gone, std::string_view added) {
    const span value = current_.value;
    if (text_[value.begin] != '{') {
        if (added.empty()) {
            drop();
            return true;
        }
        edits_.push_back({value, "{"});
        edits_.push_back({{value.end(), 0}, added});
        edits_.push_back({{value.end(), 0}, "}"});
        return true;
    }
    const std::size_t before = edits_.size();
    object_editor inner(text_, value, edits_);
    jsonrpc::member each;
    while (inner.next(each))
        if (gone(each.key.in(text_))) inner.drop();
    if (!inner.finish(added)) return false;
    if (inner.empty()) {
        edits_.resize(before);
        drop();
    }
    return true;
}

bool object_editor::finish(std::string_view added) {
    if (!object_ || walker_.failed()) return false;
    close_run(npos);
    empty_ = kept_end_ == npos && added.empty();
    if (added.empty()) return true;
    const std::size_t brace = walker_.end() - 1;
    if (kept_end_ != npos) edits_.push_back({{brace, 0}, ","});
    edits_.push_back({{brace, 0}, added});
    return true;
}

// The member that was given last: the caller has said by now what becomes of it.
void object_editor::settle() {
    if (!pending_) return;
    pending_ = false;
    if (dropped_) {
        if (run_begin_ == npos) run_begin_ = current_.key.begin;
        run_end_ = current_.value.end();
        return;
    }
    close_run(current_.key.begin);
    kept_end_ = current_.value.end();
}

// A run of dropped members goes with the comma before it, or at the front of the object with the one after
// it.
void object_editor::close_run(std::size_t next_key) {
    if (run_begin_ == npos) return;
    const std::size_t begin = kept_end_ != npos ? kept_end_ : run_begin_;
    const std::size_t end = kept_end_ == npos && next_key != npos ? next_key : run_end_;
    edits_.push_back({{begin, end - begin}, {}});
    run_begin_ = npos;
}

std::string without(std::string_view object, key_test gone) {
    std::vector<jsonrpc::edit> edits;
    const std::size_t begin = jsonrpc::skip_blank(object, 0);
    object_editor editor(object, {begin, object.size() - begin}, edits);
    jsonrpc::member each;
    while (editor.next(each))
        if (gone(each.key.in(object))) editor.drop();
    return editor.finish() ? jsonrpc::splice(object, edits) : "{}";
}

void append_member(std::string& members, std::string_view key, std::string_view raw_value) {
    if (!members.empty()) members += ',';
    jsonrpc::append_quoted(members, key);
    members += ':';
    members += raw_value;
}

bool is_reserved_key(std::string_view key_token) {
    if (key_token.find('\\') == std::string_view::npos) return key_token.substr(1).starts_with(meta::prefix);
    const auto key = jsonrpc::unescape(key_token);
    return !key || key->starts_with(meta::prefix);
}

} // namespace drawbridge::mcp
