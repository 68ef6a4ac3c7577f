// Clients and servers of different eras: what is translated on the way, and what MCP 2026-07-28 asks of both
// that older revisions do not know: mirrored headers, results that may be kept, log messages per request.
#include "backend/dialogue.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/federated_list.hpp"
#include "mcp/header_value.hpp"
#include "mcp/legacy_server.hpp"
#include "mcp/members.hpp"
#include "mcp/methods.hpp"
#include "mcp/modern_request.hpp"
#include "mcp/modern_server.hpp"
#include "mcp/task_tools.hpp"
#include "telemetry/sanitize.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

constexpr unsigned most_pages = 100;  // of a list of tools
constexpr std::size_t log_kept = 256; // messages of one call that its caller has not read yet

std::string tool_of(std::string_view text, const jsonrpc::envelope& message) {
    return jsonrpc::unescape(message.params_name.in(text)).value_or(std::string());
}

// What a server finds wrong with headers or version is about the gateway's request, not about the client's.
std::string without_hop_error(std::string text) {
    const auto error = jsonrpc::scan(text).error;
    const auto code = jsonrpc::find_member(text, error, "code");
    const bool about_hop = code.in(text) == "-32020" || code.in(text) == "-32022";
    return about_hop ? jsonrpc::splice(text, {{code, std::to_string(jsonrpc::code_internal_error)}}) : text;
}

bool is_first_page(std::string_view text) {
    return !jsonrpc::find_member(text, jsonrpc::scan(text).params, "cursor").present();
}

} // namespace

bool dialogue::may_be_asking() const {
    return pending_.any([](const pending::entry& each) { return !each.digest.empty(); });
}

// --- requests

void dialogue::translate(call& request) const {
    const auto message = jsonrpc::scan(request.text);
    if (modern()) {
        mcp::modern_server::caller who;
        who.capabilities = mcp::modern_server::client_capabilities(request.from->capabilities);
        who.info = request.from->info;
        if (audience_) who.log_level = std::string(audience_->level_of(*request.from));
        request.text = mcp::modern_server::request(request.text, message, who);
    } else {
        request.text = mcp::legacy_server::request(request.text, message);
    }
    const auto now = jsonrpc::scan(request.text);
    request.id = now.id;
    request.progress_token = now.progress_token;
}

// What will be needed when the answer is there.
void dialogue::remember(pending::entry& entry, const call& request) {
    const bool asks = mcp::may_need_input(request.method);
    const bool differs = request.from->speaks != era_;
    if (may_ask_modern() && asks && settings_.seal)
        entry.digest = mcp::call_digest(request.method, request.text);
    if ((modern() && asks) || ((modern() || differs) && request.method == "tools/list"))
        entry.text = request.text;
    if (modern() && settings_.cache_bytes > 0 && mcp::is_cacheable(request.method))
        entry.cache_key = mcp::result_cache::key_of(request.text, jsonrpc::scan(request.text));
    entry.cache_changes = cache_.changes();
}

bool dialogue::answered_from_cache(call& request) {
    if (!modern() || settings_.cache_bytes == 0 || !request.from || !mcp::is_cacheable(request.method))
        return false;
    const auto key = mcp::result_cache::key_of(request.text, jsonrpc::scan(request.text));
    if (key.empty()) return false;
    const auto id = request.id.in(request.text);
    auto kept = cache_.find(key, request.from->agent, id, core::clock::now());
    if (settings_.counted != nullptr) settings_.counted->looked_up(kept.has_value());
    if (!kept) return false;
    if (request.from->speaks == mcp::era::legacy)
        *kept =
            mcp::modern_server::response(*kept, jsonrpc::scan(*kept), request.method, request.from->revision);
    request.reply.finish(outcome(std::move(*kept)));
    return true;
}

// --- arguments in headers

// Who looks at the body has to compare it with the headers (MCP 2026-07-28 transports).
std::optional<std::string> dialogue::header_fault(const pending::entry& entry, std::string_view line) const {
    if (!entry.from || entry.from->speaks != mcp::era::modern || entry.method != "tools/call")
        return std::nullopt;
    const auto message = jsonrpc::scan(line);
    const auto* known = catalog_.find(tool_of(line, message));
    if (known == nullptr || known->empty()) return std::nullopt;
    jsonrpc::span arguments;
    if (!mcp::read_members(line, message.params, {{"arguments", &arguments}}))
        return "params cannot be compared with the headers: arguments stands there twice";
    return mcp::compare_parameter_fields(*known, entry.mirrored, line, arguments);
}

// From a modern client to a modern server over HTTP nothing is translated, and answers come where their
// requests went: ids may stay as they are.
bool dialogue::goes_unchanged(const call& request) const {
    return modern() && way_.has_headers() && request.from->speaks == mcp::era::modern;
}

// Tasks of 2025-11-25 are not those of the extension of 2026-07-28, and a session has streams of its own.
// Over HTTP a method has to stand in a header.
bool dialogue::refused_for_era(call& request) {
    if (!request.from) return false;
    const bool foreign = request.from->speaks != era_ && request.method.starts_with("tasks/");
    const bool listens = request.from->speaks == mcp::era::legacy && request.method == "subscriptions/listen";
    const bool unsayable =
        modern() && way_.has_headers() && mcp::encode_header_value(request.method) != request.method;
    if (!foreign && !listens && !unsayable) return false;
    request.reply.finish(outcome(jsonrpc::error_response(
        request.id.in(request.text), jsonrpc::code_method_not_found, "Method not found", settings_.server)));
    return true;
}

bool dialogue::needs_tools(const pending::entry& entry, std::string_view line) const {
    if (!modern() || !way_.has_headers() || entry.method != "tools/call" || tools_listed_) return false;
    return catalog_.find(tool_of(line, jsonrpc::scan(line))) == nullptr;
}

core::task<> dialogue::send_with_tools(std::uint64_t id, std::string line) {
    co_await learn_tools();
    send_off(id, line);
}

// Once for all who need it at the same time.
core::task<> dialogue::learn_tools() {
    if (std::exchange(learning_tools_, true)) {
        co_await tools_learned_.wait();
        co_return;
    }
    tools_learned_.reset();
    tools_listed_ = true; // a change that is announced meanwhile says otherwise
    std::string cursor;
    for (unsigned page = 0; page < most_pages; ++page) {
        const auto params = cursor.empty() ? std::string() : R"({"cursor":)" + cursor + "}";
        const auto deadline = core::clock::now() + settings_.tool_timeout;
        const outcome answer = co_await ask("tools/list", params, deadline);
        if (answer.failure) tools_listed_ = false; // the next one tries again
        if (answer.failure) break;
        catalog_.learn(answer.response, page == 0);
        cursor = mcp::next_cursor(answer.response);
        if (cursor.empty()) break;
    }
    learning_tools_ = false;
    tools_learned_.set();
}

void dialogue::mirror_arguments(std::uint64_t id, const pending::entry& entry, std::string_view line) {
    const auto message = jsonrpc::scan(line);
    const auto* known = entry.method == "tools/call" ? catalog_.find(tool_of(line, message)) : nullptr;
    mcp::parameter_fields fields;
    if (known != nullptr)
        fields =
            mcp::make_parameter_fields(*known, line, jsonrpc::find_member(line, message.params, "arguments"));
    mcp::append_unknown_fields(fields, known, entry.mirrored);
    if (!fields.empty()) way_.mirror(id, std::move(fields));
}

// --- answers

// `text`: the answer with the caller's id in it.
std::string dialogue::translated(const pending::entry& call, std::string text) {
    if (call.own || !call.from) return text;
    if (!modern() && call.from->speaks == mcp::era::legacy) return text;
    if (modern()) text = without_hop_error(std::move(text));
    if (call.method == "tools/list") {
        auto page = catalog_.learn(text, is_first_page(call.text));
        // The rule is about headers: a server on a pipe has none.
        if (modern() && way_.has_headers()) text = std::move(page.response);
        if (modern() && way_.has_headers())
            for (const auto& tool : page.dropped)
                log_.warning("a tool was left out of its list: ",
                             telemetry::sanitize(tool, settings_.secrets, 200));
    }
    if (!modern() && call.method == "tools/list") text = mcp::without_task_tools(text);
    // A change that was announced after the question may not be in the answer yet.
    if (!call.cache_key.empty() && call.cache_changes == cache_.changes())
        cache_.keep(call.cache_key, call.from->agent, text, core::clock::now());
    if (call.from->speaks == era_) return text;
    const auto message = jsonrpc::scan(text);
    return modern() ? mcp::modern_server::response(text, message, call.method, call.from->revision)
                    : mcp::legacy_server::response(text, message, call.method, server_info_);
}

// --- log messages

// A level that does not exist can't be kept for later requests.
bool dialogue::refused_level(call& request) {
    if (!modern() || !request.from || request.method != "logging/setLevel") return false;
    const auto message = jsonrpc::scan(request.text);
    const auto level = jsonrpc::find_member(request.text, message.params, "level");
    if (level_order(jsonrpc::unescape(level.in(request.text)).value_or(std::string()))) return false;
    request.reply.finish(outcome(
        jsonrpc::error_response(request.id.in(request.text), jsonrpc::code_invalid_params,
                                "level has to be one of debug, info, notice, warning, error, critical, alert "
                                "and emergency",
                                settings_.server)));
    return true;
}

// A server of sessions has one level for all; it is set for a call that is alone on the link.
void dialogue::set_log_level(const call& request) {
    if (modern() || request.from->speaks != mcp::era::modern || request.from->log_level.empty()) return;
    if (in_flight() > 0 || link_level_ == request.from->log_level || !logs_) return;
    if (audience_ && !audience_->level().empty()) return; // sessions have chosen it
    link_level_ = request.from->log_level;
    call order(jsonrpc::request("0", "logging/setLevel", R"({"level":)" + jsonrpc::quote(link_level_) + "}"),
               {}, "logging/setLevel", {});
    order.id = jsonrpc::scan(order.text).id;
    enter(std::move(order), core::clock::now() + settings_.tool_timeout, true);
}

// What is about a call goes to its caller. True: nobody else hears it.
bool dialogue::to_caller(std::string_view line, const jsonrpc::envelope& message, std::uint64_t of_call) {
    const auto& method = message.method_name;
    if (mcp::tells_everybody(method) || method == "notifications/resources/updated") return false;
    const auto id = of_call != 0 ? of_call : pending_.only([](const pending::entry&) { return true; });
    auto* entry = pending_.find(id);
    if (entry == nullptr || entry->own || !entry->from) return false;
    if (entry->from->speaks == mcp::era::modern) return to_modern_caller(*entry, line, message, of_call != 0);
    const auto target = of_call != 0 && modern() ? entry->from->target.lock() : nullptr;
    if (target) target->deliver(link_, std::string(line), message);
    return target != nullptr;
}

// A modern client hears on the stream of a request what is about it, and log messages only if it wants them.
// `surely`: it came on the stream of this very call.
bool dialogue::to_modern_caller(pending::entry& entry, std::string_view line,
                                const jsonrpc::envelope& message, bool surely) {
    if (message.method_name != "notifications/message") {
        if (surely && modern()) entry.reply.message(std::string(line), log_kept);
        return true;
    }
    const auto level = jsonrpc::find_member(line, message.params, "level").in(line);
    const auto said = level_order(jsonrpc::unescape(level).value_or(std::string()));
    const auto asked = level_order(entry.from->log_level);
    if (said && asked && *said >= *asked) entry.reply.message(std::string(line), log_kept);
    return true;
}

} // namespace drawbridge::backend
