// Nothing opens but what this gateway sealed, whatever a client brings back; and whatever a server asks for,
// the call with the answers is a call again.
#include "jsonrpc/envelope.hpp"
#include "mcp/input_required.hpp"
#include "mcp/sealed_state.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

using namespace drawbridge;

namespace {

void check(bool right) {
    if (!right) std::abort();
}

// Any text as the state, as a part of a state, and in place of a part of it.
void open_anything(std::string_view text) {
    static const mcp::sealer ours;
    static const mcp::sealer other("a secret that two share");
    const auto now = std::chrono::system_clock::time_point();
    check(!ours.open(text, "files", now) && !other.open(text, "files", now));
    mcp::parked_state state;
    state.link = text.size();
    state.digest = std::string(text.substr(0, 64));
    state.expires = now + std::chrono::seconds(1);
    const auto sealed = ours.seal(state, text);
    check(ours.open(sealed, text, now) == state);
    check(!other.open(sealed, text, now) && !ours.open(sealed, std::string(text) + "x", now));
    if (text.empty()) return;
    const auto at = static_cast<unsigned char>(text[0]) % sealed.size();
    auto changed = sealed;
    changed.replace(at, text.size() - 1, text.substr(1));
    check(changed == sealed || !ours.open(changed, text, now));
    check(!ours.open(sealed + std::string(text), text, now));
}

void ask_anything(std::string_view text) {
    const auto message = jsonrpc::scan(text);
    check(mcp::call_digest("tools/call", text).size() == 64);
    std::string missing;
    for (const std::string_view method : {"elicitation/create", "sampling/createMessage", "roots/list"}) {
        check(mcp::can_be_asked(text, method, text, missing) || !missing.empty());
        mcp::answer_as_result(text, message, method);
    }
    mcp::input_request one;
    one.key = std::string(text);
    one.method = "elicitation/create";
    one.params = std::string(text);
    mcp::legacy_params(one, text);
    mcp::input_required_response("1", std::span(&one, 1), text, "");
    const auto needed = mcp::read_input_required(text, message);
    if (!needed) return;
    check(!needed->requests.empty() || !needed->state_token.empty());
    std::map<std::string, std::string> answers;
    for (const auto& each : needed->requests)
        answers[each.key] = "{}";
    check(answers.size() == needed->requests.size());
    mcp::read_input_responses(text, needed->requests);
}

// What a client calls stays a call of the same digest, round after round.
void retry_anything(std::string_view text) {
    const auto call = jsonrpc::parse(text);
    if (call.code != 0 || call.message.kind != jsonrpc::message_kind::request) return;
    const std::map<std::string, std::string> answers = {{"k\"", R"({"action":"accept"})"}};
    const auto first = mcp::retry_request(text, call.message, answers, R"("s\"")");
    const auto again = jsonrpc::parse(first);
    check(again.code == 0);
    check(mcp::retry_request(first, again.message, answers, R"("s\"")") == first);
    const auto& params = call.message.params;
    if (!params.present() || text[params.begin] != '{') return;
    check(mcp::call_digest("m", text) == mcp::call_digest("m", first));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    open_anything(text);
    ask_anything(text);
    retry_anything(text);
    return 0;
}
