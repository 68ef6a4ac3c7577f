// A modern server answers a legacy client's call with questions (mcp/input_required.hpp): the client is asked
// by requests, as it knows it, and the call is made once more with its answers.
#include "backend/dialogue.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/methods.hpp"
#include "mcp/modern_server.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr unsigned most_rounds = 8;
constexpr auto pace = 250ms; // of a server that only wants to be asked again

bool can_be_asked(const client& who, const mcp::needed_input& needs) {
    std::string missing;
    for (const auto& each : needs.requests)
        if (!mcp::can_be_asked(who.capabilities, each.method, each.params, missing)) return false;
    return true;
}

mcp::fault broken(std::string why) {
    return mcp::fault(mcp::fault_kind::unavailable, std::move(why));
}

} // namespace

// True: this answer is not the end of the call.
bool dialogue::goes_on(pending::entry& entry, std::string_view line, const jsonrpc::envelope& message) {
    if (entry.own || !entry.from) return false;
    if (message.error.present()) return retries_headers(entry, line, message);
    if (entry.from->speaks == mcp::era::modern) return false;
    using type = mcp::modern_server::result_type;
    const auto what = mcp::modern_server::type_of(line, message);
    if (what == type::complete) return false;
    if (what == type::input_required && mcp::may_need_input(entry.method))
        ask_client(std::move(entry), line, message);
    else if (what == type::input_required)
        finish(std::move(entry),
               outcome(broken("it needs input in a request that MCP 2026-07-28 allows none in")));
    else
        finish(std::move(entry), outcome(broken("its answer is of a kind that this gateway does not know")));
    return true;
}

// The server found that arguments and headers do not fit: our idea of its tools is outdated. Nothing was
// carried out, so the call may be made once more.
bool dialogue::retries_headers(pending::entry& entry, std::string_view line,
                               const jsonrpc::envelope& message) {
    const auto code = jsonrpc::find_member(line, message.error, "code").in(line);
    if (code != "-32020" || !way_.has_headers() || entry.method != "tools/call" || entry.rounds > 0)
        return false;
    auto text = entry.text;
    const auto id = enter_again(std::move(entry));
    group_.spawn("tools", list_and_repeat(id, std::move(text)));
    return true;
}

core::task<> dialogue::list_and_repeat(std::uint64_t id, std::string text) {
    catalog_.forget();
    co_await learn_tools();
    send_again(id, text);
}

void dialogue::ask_client(pending::entry entry, std::string_view line, const jsonrpc::envelope& message) {
    auto needs = mcp::read_input_required(line, message);
    const auto target = entry.from->target.lock();
    const bool asks = needs && !needs->requests.empty();
    const bool can_ask = !asks || (target && can_be_asked(*entry.from, *needs));
    if (!needs || !can_ask || entry.rounds >= most_rounds) {
        const char* why = !needs     ? "it needs input, and says what in a way that can't be read"
                          : !can_ask ? "it needs input of a kind that this client can't be asked for"
                                     : "it needs more input after 8 rounds";
        finish(std::move(entry), outcome(broken(why)));
        return;
    }
    if (!asks) {
        auto text = mcp::retry_request(entry.text, jsonrpc::scan(entry.text), {}, needs->state_token);
        const auto id = enter_again(std::move(entry));
        group_.spawn("round", repeat_later(id, std::move(text)));
        return;
    }
    const auto requests =
        rounds_.begin(std::move(entry), std::move(*needs), core::clock::now() + answer_limit);
    arm_rounds();
    for (const auto& text : requests)
        target->deliver(link_, text, jsonrpc::scan(text));
}

void dialogue::take_input(std::string_view id_token, std::string_view line) {
    last_used_ = core::clock::now();
    auto complete = rounds_.answer(id_token, line, jsonrpc::scan(line));
    if (complete) repeat(std::move(*complete));
}

void dialogue::repeat(rounds::waiting call) {
    if (call.refused) {
        auto text = jsonrpc::error_response(call.call.id_token, jsonrpc::code_internal_error,
                                            "The client refused what the server asked for in this call",
                                            settings_.server);
        finish(std::move(call.call), outcome(std::move(text)));
        return;
    }
    const auto text = mcp::retry_request(call.call.text, jsonrpc::scan(call.call.text), call.answers,
                                         call.needs.state_token);
    const auto id = enter_again(std::move(call.call));
    send_again(id, text);
}

core::task<> dialogue::repeat_later(std::uint64_t id, std::string text) {
    core::event pause(loop_);
    const auto when = core::clock::now() + pace;
    co_await pause.wait_until(when);
    send_again(id, text);
}

// The same call under a new number, which the server has not been given yet.
std::uint64_t dialogue::enter_again(pending::entry entry) {
    ++entry.rounds;
    entry.cache_key.clear(); // the answer to a retry is for this call alone
    entry.sent = false;
    entry.since = core::clock::now();
    entry.deadline = entry.since + settings_.tool_timeout;
    const auto id = pending_.add(std::move(entry));
    idle_.reset();
    arm_deadline();
    return id;
}

void dialogue::send_again(std::uint64_t id, std::string_view text) {
    if (const auto* entry = pending_.find(id)) send_off(id, with_number(*entry, text, id));
}

void dialogue::arm_rounds() {
    const auto next = rounds_.next_deadline();
    if (next && !rounds_alarm_.is_set()) rounds_alarm_.set(*next, [this] { give_up_rounds(); });
}

void dialogue::give_up_rounds() {
    for (auto& late : rounds_.take_expired(core::clock::now())) {
        if (const auto target = late.call.from->target.lock())
            for (const auto& question : late.open) {
                const auto text = jsonrpc::notification("notifications/cancelled",
                                                        R"({"requestId":)" + question +
                                                            R"(,"reason":"it was not answered in time"})");
                target->deliver(link_, text, jsonrpc::scan(text));
            }
        finish(std::move(late.call),
               outcome(mcp::fault(mcp::fault_kind::timed_out,
                                  "the client did not answer what the server asked within 10 minutes")));
    }
    arm_rounds();
}

} // namespace drawbridge::backend
