// How a conversation begins: which era the server belongs to (MCP 2026-07-28, versioning), and who the client
// is.
#include "backend/dialogue.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/legacy_server.hpp"
#include "mcp/modern_server.hpp"
#include "mcp/probe.hpp"
#include "version.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr auto restore_limit = 30s;
// A server that says nothing to a request that it does not know is greeted as an old one after this time. One
// that was only slow to start is not harmed: it answers the first question first.
constexpr core::duration probe_patience = 3s;

std::string own_info() {
    return R"({"name":"drawbridge","version":")" + std::string(gateway_version) + R"("})";
}

bool is_unknown_method(const outcome& answer) {
    const auto error = jsonrpc::scan(answer.response).error;
    return !answer.failure &&
           jsonrpc::find_member(answer.response, error, "code").in(answer.response) == "-32601";
}

bool shows_modern(const outcome& answer) {
    return !answer.failure &&
           mcp::judge_probe(answer.response, jsonrpc::scan(answer.response)) == mcp::era::modern;
}

// How a client is introduced. A link that several share declares nothing: what a server asks could not be
// attributed to one of them.
std::string handshake_params(const client_ref& owner) {
    const bool known = owner && mcp::is_legacy_revision(owner->revision);
    std::string params = R"({"protocolVersion":")";
    params += known ? std::string_view(owner->revision) : mcp::latest_legacy_revision;
    params += R"(","capabilities":)";
    if (owner && owner->speaks == mcp::era::modern)
        params += mcp::legacy_server::client_capabilities(owner->capabilities);
    else
        params += owner ? std::string_view(owner->capabilities) : "{}";
    params += R"(,"clientInfo":)";
    const bool said = owner && owner->speaks == mcp::era::legacy && !owner->info.empty();
    params += said ? owner->info : own_info();
    params += '}';
    return params;
}

} // namespace

core::task<std::string> dialogue::shake_hands(core::time_point deadline) {
    std::string failure;
    if (!settings_.era)
        failure = co_await probe(deadline);
    else if (*settings_.era == mcp::era::modern)
        failure = co_await discover(deadline);
    else
        failure = co_await initialize(deadline);
    probing_ = probing_ && ended_;
    co_return failure;
}

core::task<std::string> dialogue::probe(core::time_point deadline) {
    probing_ = true;
    const auto now = core::clock::now();
    const auto patience = std::min<core::duration>(probe_patience, (deadline - now) / 3);
    const auto params = own_params(std::string_view());
    auto asked = begin_asking("server/discover", params, deadline);
    const auto until = way_.has_headers() ? deadline : now + patience;
    const bool spoke = co_await asked.wait_until(until);
    if (ended_) co_return end_reason_;
    if (spoke) {
        const auto next = co_await asked.next();
        const auto& answer = std::get<1>(next);
        if (shows_modern(answer)) co_return accept_discover(answer);
        if (answer.failure && !way_.may_be_older()) co_return answer.failure->detail;
        probing_ = false;
        settings_.era = mcp::era::legacy; // it is not asked again when its session has to be renewed
        auto failure = co_await initialize(deadline);
        co_return failure;
    }
    // A slow server reads both, and answers both in order.
    auto failure = co_await initialize(deadline);
    const auto passed = core::time_point::min();
    const bool late = co_await asked.wait_until(passed);
    if (failure.empty() || ended_ || !late) co_return failure;
    const auto next = co_await asked.next();
    const auto& answer = std::get<1>(next);
    if (shows_modern(answer)) failure = accept_discover(answer);
    co_return failure;
}

core::task<std::string> dialogue::initialize(core::time_point deadline) {
    const auto params = handshake_params(owner_);
    const outcome answer = co_await ask("initialize", params, deadline);
    if (ended_) co_return end_reason_;
    co_return accept_initialize(answer);
}

std::string dialogue::accept_initialize(const outcome& answer) {
    if (answer.failure) {
        if (answer.failure->kind != mcp::fault_kind::timed_out) return answer.failure->detail;
        return "it did not answer initialize within startupTimeout (" +
               std::to_string(settings_.startup_timeout.count()) + ".0 s)";
    }
    initialize_result_ = mcp::initialize_result::read(answer.response);
    if (!initialize_result_.valid()) return initialize_result_.fault();
    era_ = mcp::era::legacy;
    note_introduction();
    notify(jsonrpc::notification("notifications/initialized"));
    restore();
    return std::string();
}

// A server that is known to be modern need not offer server/discover: it is taken at its configuration's
// word.
core::task<std::string> dialogue::discover(core::time_point deadline) {
    era_ = mcp::era::modern;
    const outcome answer = co_await ask("server/discover", std::string_view(), deadline);
    if (ended_) co_return end_reason_;
    if (answer.failure && answer.failure->kind == mcp::fault_kind::timed_out)
        co_return "it did not answer server/discover within startupTimeout (" +
            std::to_string(settings_.startup_timeout.count()) + ".0 s)";
    // An HTTP status may be its word, too; on a pipe only an answer is.
    const bool says_no = way_.has_headers() && way_.may_be_older();
    if (answer.failure && !says_no) co_return answer.failure->detail;
    co_return accept_discover(answer);
}

std::string dialogue::accept_discover(const outcome& answer) {
    era_ = mcp::era::modern;
    discovers_ = !answer.failure && answer.says != outcome::kind::error;
    auto said = mcp::modern_server::initialize_result(answer.response, settings_.server);
    const std::string assumed = R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{},"prompts":{},)"
                                R"("resources":{},"completions":{}},"serverInfo":{"name":)" +
                                jsonrpc::quote(settings_.server) + R"(,"version":"unknown"}})";
    initialize_result_ = mcp::initialize_result::read(jsonrpc::result_response("0", said ? *said : assumed));
    if (!initialize_result_.valid()) return "its answer to server/discover can't be read";
    note_introduction();
    restore();
    return std::string();
}

void dialogue::note_introduction() {
    server_info_ = initialize_result_.server_info(settings_.secrets);
    const auto can = initialize_result_.capabilities();
    logs_ = jsonrpc::find_member(can, {jsonrpc::skip_blank(can, 0), can.size()}, "logging").present();
}

std::string dialogue::discover_result() const {
    return mcp::legacy_server::discover_result(initialize_result_, logs_, server_info_);
}

// A process that took over from another one is told what the clients had asked of that one.
void dialogue::restore() {
    if (audience_ && audience_->take_over()) tell_of_gap(false);
    if (modern()) {
        listen_anew();
        return;
    }
    if (!audience_) return;
    const auto deadline = core::clock::now() + restore_limit;
    auto tell = [this, deadline](std::string_view method, std::string params) {
        call request(jsonrpc::request("0", method, params), {}, std::string(method), {});
        request.id = jsonrpc::scan(request.text).id;
        enter(std::move(request), deadline, true);
    };
    if (const auto level = audience_->level(); !level.empty())
        tell("logging/setLevel", R"({"level":)" + jsonrpc::quote(level) + "}");
    for (const auto& uri : audience_->subscriptions()) {
        tell("resources/subscribe", R"({"uri":)" + jsonrpc::quote(uri) + "}");
        subscribed_.insert(uri);
    }
}

// --- what the gateway itself asks

std::string dialogue::own_params(std::string_view raw_params) const {
    return mcp::modern_server::own_params(raw_params, {"{}", own_info(), std::string()});
}

reply_sink::receiver dialogue::begin_asking(std::string_view method, std::string_view raw_params,
                                            core::time_point deadline) {
    auto [sender, receiver] = reply_sink::make(loop_);
    auto text = jsonrpc::request("0", method, raw_params);
    const auto id = jsonrpc::scan(text).id;
    call request(std::move(text), id, std::string(method), std::move(sender));
    enter(std::move(request), deadline, true);
    return std::move(receiver);
}

core::task<outcome> dialogue::ask(std::string_view method, std::string_view raw_params,
                                  core::time_point deadline) {
    if (ended_) {
        mcp::fault gone(mcp::fault_kind::unavailable, end_reason_);
        co_return outcome(std::move(gone));
    }
    const std::string params = modern() ? own_params(raw_params) : std::string(raw_params);
    auto receiver = begin_asking(method, params, deadline);
    auto answer = co_await receiver.next();
    while (answer.index() == 0)
        answer = co_await receiver.next();
    co_return std::move(std::get<1>(answer));
}

core::task<outcome> dialogue::ask_alive(core::time_point deadline) {
    const std::string_view method = modern() ? "server/discover" : "ping";
    auto answer = co_await ask(method, std::string_view(), deadline);
    // Another server has taken its place, and this one is of an older revision: it has to be asked anew.
    if (discovers_ && !ended_ && is_unknown_method(answer)) {
        answer =
            outcome(mcp::fault(mcp::fault_kind::unavailable, "it does not know server/discover any more"));
        way_.lose(health::cause::handshake_failed, answer.failure->detail);
    }
    co_return answer;
}

} // namespace drawbridge::backend
