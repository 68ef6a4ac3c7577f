#include "mcp/legacy_server.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/validate.hpp"
#include "mcp/edit_object.hpp"
#include "mcp/members.hpp"
#include "mcp/meta.hpp"
#include "mcp/modern_server.hpp"
#include "mcp/result_cache.hpp"
#include "mcp/revisions.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace drawbridge::mcp::legacy_server {

namespace {

using jsonrpc::edit;
using jsonrpc::span;
using jsonrpc::string_equals;

bool is_server_info(std::string_view key) {
    return string_equals(key, meta::server_info);
}

bool is_none(std::string_view) {
    return false;
}

bool is_tasks(std::string_view key) {
    return string_equals(key, "tasks");
}

bool is_tasks_or_logging(std::string_view key) {
    return is_tasks(key) || string_equals(key, "logging");
}

bool is_extensions(std::string_view key) {
    return string_equals(key, "extensions");
}

bool is_params(std::string_view key) {
    return string_equals(key, "params");
}

bool is_result(std::string_view key) {
    return string_equals(key, "result");
}

bool is_error(std::string_view key) {
    return string_equals(key, "error");
}

// --- results

bool is_complete(std::string_view token) {
    return string_equals(token, "complete");
}

// An integer of at least 0 that every reader of JSON can hold.
bool is_ttl(std::string_view token) {
    constexpr std::size_t safe_digits = 15;
    if (token.empty() || token.size() > safe_digits || (token.size() > 1 && token.front() == '0'))
        return false;
    return token.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_scope(std::string_view token) {
    return string_equals(token, "private") || string_equals(token, "public");
}

// A member that a modern client relies on.
struct promise {
    std::string_view key;
    std::string_view value; // where the server says nothing that can be used
    bool (*sound)(std::string_view token);
    bool seen = false;
};

constexpr std::array<promise, 3> promises = {{{"resultType", R"("complete")", is_complete},
                                              {"ttlMs", "0", is_ttl},
                                              {"cacheScope", R"("private")", is_scope}}};

class result_editor {
  public:
    result_editor(std::string_view text, span result, std::string_view method, std::string_view server_info)
        : text_(text)
        , editor_(text, result, edits_)
        , count_(is_cacheable(method) ? promises.size() : 1) {
        if (!server_info.empty()) append_member(meta_, meta::server_info, server_info);
    }

    // nullopt: no object, or one that can't be read.
    std::optional<std::string> run() {
        jsonrpc::member each;
        while (editor_.next(each))
            if (!take(each)) return std::nullopt;
        std::string added;
        for (std::size_t i = 0; i < count_; ++i)
            if (!promises_[i].seen) append_member(added, promises_[i].key, promises_[i].value);
        if (!meta_seen_ && !meta_.empty()) append_member(added, "_meta", "{" + meta_ + "}");
        if (!editor_.finish(added)) return std::nullopt;
        return jsonrpc::splice(text_, edits_);
    }

  private:
    // Of what stands twice the first counts.
    bool take(const jsonrpc::member& each) {
        const auto key = each.key.in(text_);
        for (std::size_t i = 0; i < count_; ++i) {
            auto& known = promises_[i];
            if (!string_equals(key, known.key)) continue;
            if (std::exchange(known.seen, true))
                editor_.drop();
            else if (!known.sound(each.value.in(text_)))
                editor_.replace(known.value);
            return true;
        }
        if (!string_equals(key, "_meta")) return true;
        if (!std::exchange(meta_seen_, true))
            return editor_.filter(meta_.empty() ? is_none : is_server_info, meta_);
        editor_.drop();
        return true;
    }

    std::string_view text_;
    std::vector<edit> edits_;
    object_editor editor_;
    std::array<promise, 3> promises_ = promises;
    std::size_t count_;
    std::string meta_; // the members that are put into _meta
    bool meta_seen_ = false;
};

// Instead of a result that no modern client could take.
std::string unreadable(std::string_view id_token, std::string_view method) {
    const std::string why = "the server's result of " + std::string(method) + " is no readable JSON object";
    std::string out = R"({"jsonrpc":"2.0")";
    if (!id_token.empty()) out.append(R"(,"id":)").append(id_token);
    return out + R"(,"error":)" + jsonrpc::error_object(jsonrpc::code_internal_error, why) + "}";
}

// --- errors

// The code that a modern client is told; empty: the server's. In 2026-07-28 codes from -32099 to -32020 mean
// what that revision says (or nothing yet), which an older server can't have meant.
std::string_view renumbered(std::string_view code_token) {
    double code = 0;
    const char* end = code_token.data() + code_token.size();
    const auto read = std::from_chars(code_token.data(), end, code);
    if (read.ec != std::errc() || read.ptr != end) return {};
    if (code == -32002) return "-32602"; // resource not found
    return code >= -32099 && code <= -32020 ? "-32603" : "";
}

std::string error_response(std::string_view text, span error) {
    std::vector<edit> edits;
    object_editor editor(text, error, edits);
    jsonrpc::member each;
    while (editor.next(each)) {
        if (!string_equals(each.key.in(text), "code")) continue;
        if (const auto code = renumbered(each.value.in(text)); !code.empty()) editor.replace(code);
    }
    return editor.finish() ? jsonrpc::splice(text, edits) : std::string(text);
}

// --- capabilities

void append_canonical(std::string& out, std::string_view text, span value);

std::string canonical_string(std::string_view token) {
    const auto value = jsonrpc::unescape(token);
    return value ? jsonrpc::quote(*value) : std::string(token);
}

void append_canonical_object(std::string& out, std::string_view text, span object) {
    std::vector<std::pair<std::string, span>> members;
    jsonrpc::object_walker walker(text, object.begin);
    jsonrpc::member each;
    while (walker.next(each))
        members.emplace_back(canonical_string(each.key.in(text)), each.value);
    const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::stable_sort(members.begin(), members.end(), by_key);
    char separator = '{';
    for (const auto& [key, value] : members) {
        out += separator;
        out += key;
        out += ':';
        append_canonical(out, text, value);
        separator = ',';
    }
    out += members.empty() ? "{}" : "}";
}

void append_canonical_array(std::string& out, std::string_view text, span array) {
    jsonrpc::array_walker walker(text, array.begin);
    span each;
    out += '[';
    for (bool first = true; walker.next(each); first = false) {
        if (!first) out += ',';
        append_canonical(out, text, each);
    }
    out += ']';
}

// No blanks, keys in order, strings in one spelling. Recursive: only for text that was validated, which
// bounds its depth.
void append_canonical(std::string& out, std::string_view text, span value) {
    const char first = text[value.begin];
    if (first == '{')
        append_canonical_object(out, text, value);
    else if (first == '[')
        append_canonical_array(out, text, value);
    else if (first == '"')
        out += canonical_string(value.in(text));
    else
        out += value.in(text);
}

// What the handshake's result has to offer; not present where it has not. `text` holds it.
struct introduction {
    std::string text;
    span capabilities;
    span instructions;
};

introduction read_introduction(const initialize_result& introduced) {
    introduction out;
    if (!introduced.valid()) return out;
    out.text = introduced.answer("0", latest_legacy_revision);
    if (jsonrpc::find_syntax_fault(out.text)) return out;
    const auto message = jsonrpc::scan(out.text);
    if (!read_members(out.text, message.result,
                      {{"capabilities", &out.capabilities}, {"instructions", &out.instructions}}))
        out.capabilities = out.instructions = {};
    return out;
}

} // namespace

std::string request(std::string_view text, const jsonrpc::envelope& message) {
    std::vector<edit> edits;
    object_editor params(text, message.params, edits);
    jsonrpc::member each;
    while (params.next(each)) {
        const auto key = each.key.in(text);
        if (string_equals(key, "inputResponses") || string_equals(key, "requestState"))
            params.drop();
        else if (string_equals(key, "_meta") && !params.filter(is_reserved_key, {}))
            return std::string(text);
    }
    if (!params.finish()) return std::string(text);
    return params.empty() ? without(text, is_params) : jsonrpc::splice(text, edits);
}

std::string response(std::string_view text, const jsonrpc::envelope& message, std::string_view method,
                     std::string_view server_info) {
    if (message.kind != jsonrpc::message_kind::response) return std::string(text);
    if (message.result.present() && message.error.present()) {
        // Some servers always write both, one of them null. Clients are strict about that.
        const bool good = message.error.in(text) == "null";
        const auto one = without(text, good ? is_error : is_result);
        return response(one, jsonrpc::scan(one), method, server_info);
    }
    if (message.error.present()) return error_response(text, message.error);
    auto edited = result_editor(text, message.result, method, server_info).run();
    return edited ? std::move(*edited) : unreadable(message.id.in(text), method);
}

std::string discover_result(const initialize_result& introduced, bool logs, std::string_view server_info) {
    const auto said = read_introduction(introduced);
    std::string members;
    append_member(members, "resultType", R"("complete")");
    append_member(members, "supportedVersions", supported_revisions_json);
    append_member(members, "capabilities",
                  without(said.capabilities.in(said.text), logs ? is_tasks : is_tasks_or_logging));
    const auto instructions = said.instructions.in(said.text);
    if (instructions.starts_with('"')) append_member(members, "instructions", instructions);
    append_member(members, "ttlMs", "0");
    append_member(members, "cacheScope", R"("private")");
    if (!server_info.empty()) {
        std::string about;
        append_member(about, meta::server_info, server_info);
        append_member(members, "_meta", "{" + about + "}");
    }
    return "{" + members + "}";
}

std::string client_capabilities(std::string_view declared) {
    const std::string known = without(modern_server::client_capabilities(declared), is_extensions);
    std::vector<edit> edits;
    object_editor editor(known, {0, known.size()}, edits);
    jsonrpc::member each;
    while (editor.next(each)) {
        if (!string_equals(each.key.in(known), "elicitation")) continue;
        const bool empty = known[jsonrpc::skip_blank(known, each.value.begin + 1)] == '}';
        if (empty) editor.replace(R"({"form":{}})");
    }
    return editor.finish() ? jsonrpc::splice(known, edits) : "{}";
}

std::string profile(std::string_view declared) {
    const std::string told = client_capabilities(declared);
    std::string out;
    append_canonical(out, told, {0, told.size()});
    return out;
}

} // namespace drawbridge::mcp::legacy_server
