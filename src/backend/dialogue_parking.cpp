// A legacy server asks a modern client in the middle of its call (mcp/input_required.hpp): the call is
// parked, its client gets the questions as the answer, and goes on with a retry.
#include "backend/dialogue.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/methods.hpp"
#include "mcp/modern_request.hpp"
#include "mcp/url_elicitation.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

// A server that needs several answers sends its questions one right after the other.
constexpr auto gathering_time = 30ms;

bool may_be_asked(const pending::entry& call) {
    return !call.digest.empty();
}

// `missing`: raw JSON of what the client would have to declare.
std::string lacking(std::string_view id_token, const std::string& missing) {
    const mcp::refusal refused(400, jsonrpc::code_missing_capability,
                               "the server needs a capability that this request does not declare",
                               R"({"requiredCapabilities":)" + missing + "}");
    return refused.response(id_token);
}

} // namespace

// False: it is no question in a modern client's call.
bool dialogue::park(std::string_view line, const jsonrpc::envelope& message) {
    if (!may_ask_modern() || !mcp::is_input_method(message.method_name)) return false;
    const auto call = pending_.only(may_be_asked);
    const auto* entry = pending_.find(call);
    if (entry == nullptr) return false;
    const auto id = message.id.in(line);
    const auto params = message.params.in(line);
    std::string missing;
    if (!mcp::can_be_asked(entry->from->capabilities, message.method_name, params, missing)) {
        send(jsonrpc::error_response(id, jsonrpc::code_method_not_found, "The client can't be asked this"),
             0);
        refuse_asking(call, missing);
        return true;
    }
    parking_.ask(call, id, message.method_name, params);
    pending_.set_deadline(call, core::time_point::max());
    // The call by its number: when it is told, another one may be on its way. One that ended before it could
    // be told may have left the alarm.
    const bool first = parking_.find(call)->open.size() == 1;
    if (first || !gathering_.is_set())
        gathering_.set(core::clock::now() + gathering_time, [this, call] { send_away(call); });
    return true;
}

// The client hears which capability it would have to declare; what the server makes of the rest of the call
// is for nobody.
void dialogue::refuse_asking(std::uint64_t call, const std::string& missing) {
    auto entry = pending_.take(call);
    if (!entry) return;
    call_off(call, R"("the client lacks a capability")");
    auto text = lacking(entry->id_token, missing);
    finish(std::move(*entry), outcome(std::move(text)));
}

void dialogue::send_away(std::uint64_t call) {
    auto* entry = pending_.find(call);
    auto* place = parking_.find(call);
    if (entry == nullptr || place == nullptr || place->away) return;
    if (place->open.empty()) { // all taken back
        pending_.set_deadline(call, core::clock::now() + settings_.tool_timeout);
        arm_deadline();
        return;
    }
    mcp::parked_state state;
    state.link = link_;
    state.call = call;
    state.round = parking_.send_away(call, core::clock::now() + park_limit);
    state.agent = entry->from->agent;
    state.digest = entry->digest;
    state.expires = std::chrono::system_clock::now() + park_limit;
    const auto sealed = settings_.seal->seal(state, settings_.server);
    const auto questions = wanted(*place);
    entry->reply.finish(
        outcome(mcp::input_required_response(entry->id_token, questions, sealed, server_info_)));
    pending_.set_deadline(call, core::time_point::max());
    last_used_ = core::clock::now();
    if (in_flight() == 0) idle_.set();
    if (!park_alarm_.is_set()) park_alarm_.set(*parking_.next_expiry(), [this] { expire_parked(); });
}

// The retry of a call that is parked here. What it says has been checked by whoever opened its state, but for
// what only the link knows.
void dialogue::resume(call request) {
    const auto state = *request.resumes;
    auto* entry = pending_.find(state.call);
    auto* place = parking_.find(state.call);
    const bool known = entry != nullptr && place != nullptr && place->away && state.round == place->round &&
                       entry->digest == state.digest && entry->from->agent == request.from->agent &&
                       mcp::call_digest(request.method, request.text) == state.digest;
    if (!known) {
        request.reply.finish(outcome(jsonrpc::error_response(
            request.id.in(request.text), jsonrpc::code_invalid_params,
            "requestState has been used, or belongs to another call: make the call anew", settings_.server)));
        return;
    }
    entry->id_token = std::string(request.id.in(request.text));
    entry->progress_token = std::string(request.progress_token.in(request.text));
    entry->reply = std::move(request.reply);
    entry->from = std::move(request.from);
    entry->ticket = request.ticket;
    idle_.reset();
    for (const auto& [id, result] : parking_.take_answers(state.call, request.input_responses))
        answer_server(id, result);
    if (const auto news = std::exchange(place->progress, {}); !news.empty())
        on_progress(news, jsonrpc::scan(news), 0);
    if (place->lost) {
        const auto why = *place->lost;
        parking_.erase(state.call);
        fail(state.call, why);
    } else if (!place->end.empty()) {
        const auto text = std::exchange(place->end, std::string());
        on_response(text, jsonrpc::scan(text), 0);
    } else if (!place->open.empty()) {
        send_away(state.call); // the rest is asked again
    } else {
        entry->since = core::clock::now();
        pending_.set_deadline(state.call, core::clock::now() + settings_.tool_timeout);
        arm_deadline();
    }
}

void dialogue::answer_server(std::string_view id_token, std::string_view raw_result) {
    if (!send(jsonrpc::result_response(id_token, raw_result), 0))
        log_.warning("a client's answer could not be sent to the server: it does not read its input");
}

// An answer that comes while its client is away waits for it.
bool dialogue::kept_for_absent(std::string_view line, std::uint64_t call) {
    auto* place = parking_.find(call);
    if (place == nullptr) return false;
    if (place->away) {
        place->end = std::string(line);
        return true;
    }
    for (const auto& each : place->open) // it must not wait for what nobody will be asked
        send(jsonrpc::error_response(each.id_token, jsonrpc::code_server_timeout, "The call has ended"), 0);
    parking_.erase(call);
    return false;
}

// The same for a call whose answer will not come. What is there already stays.
bool dialogue::lost_for_absent(std::uint64_t call, const mcp::fault& why) {
    auto* place = parking_.find(call);
    if (place == nullptr || !place->away) return false;
    if (place->end.empty()) place->lost = why;
    return true;
}

// The server refuses a call until its user has opened a URL: the client is asked to, and calls once more.
bool dialogue::asks_to_open_url(pending::entry& entry, std::string_view line,
                                const jsonrpc::envelope& message) {
    const bool asks = message.error.present() && entry.from && entry.from->speaks == mcp::era::modern &&
                      mcp::may_need_input(entry.method);
    const auto wanted = asks ? mcp::read_url_elicitations(line, message) : std::vector<mcp::input_request>();
    if (wanted.empty()) return false;
    std::string missing;
    for (const auto& each : wanted) {
        if (mcp::can_be_asked(entry.from->capabilities, each.method, each.params, missing)) continue;
        auto text = lacking(entry.id_token, missing);
        finish(std::move(entry), outcome(std::move(text)));
        return true;
    }
    auto text = mcp::input_required_response(entry.id_token, wanted, std::string_view(), server_info_);
    finish(std::move(entry), outcome(std::move(text)));
    return true;
}

// The user did not agree: the server would only ask again.
bool dialogue::declined_url(call& request) {
    if (modern() || request.input_responses.empty() || !mcp::declines_url(request.input_responses))
        return false;
    const auto id = request.id.in(request.text);
    const std::string why = "the server needs its user to open a URL, which was declined";
    request.reply.finish(
        outcome(request.method == "tools/call"
                    ? jsonrpc::result_response(
                          id, R"({"resultType":"complete","isError":true,"content":[{"type":"text","text":)" +
                                  jsonrpc::quote(why) + "}]}")
                    : jsonrpc::error_response(id, jsonrpc::code_internal_error, why, settings_.server)));
    return true;
}

// The client never came back: the server must not wait for it.
void dialogue::expire_parked() {
    for (const auto call : parking_.expired(core::clock::now())) {
        log_.warning(
            "a client did not come back with the answers that the server asked for within 10 minutes");
        const auto* place = parking_.find(call);
        for (const auto& each : place->open) {
            if (each.what.method == "elicitation/create")
                answer_server(each.id_token, R"({"action":"cancel"})");
            else
                send(jsonrpc::error_response(each.id_token, jsonrpc::code_server_timeout,
                                             "The client did not answer"),
                     0);
        }
        call_off(call, R"("the client did not come back")");
        if (auto entry = pending_.take(call)) finish(std::move(*entry), outcome(std::string()));
    }
    if (const auto next = parking_.next_expiry()) park_alarm_.set(*next, [this] { expire_parked(); });
}

} // namespace drawbridge::backend
