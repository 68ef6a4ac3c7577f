// What a modern server tells unasked: one subscriptions/listen of the gateway for everybody on the link (MCP
// 2026-07-28, subscriptions). Its filter can't be changed: a wider one is opened, and takes over when the
// server has acknowledged it, so that nothing is missed in between.
#include "backend/dialogue.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "mcp/meta.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr auto gathering_time = 50ms;      // subscriptions that come together share one stream
constexpr core::duration first_pause = 1s; // before a stream that broke is opened again
constexpr core::duration longest_pause = 1min;

std::string uri_of(const call& request) {
    const auto message = jsonrpc::scan(request.text);
    const auto uri = jsonrpc::find_member(request.text, message.params, "uri");
    return jsonrpc::unescape(uri.in(request.text)).value_or(std::string());
}

} // namespace

// Subscriptions and log levels are the gateway's business where the server keeps nothing between requests.
bool dialogue::subscribed_here(call& request) {
    const bool joins = request.method == "resources/subscribe";
    const bool leaves = request.method == "resources/unsubscribe";
    if (!request.from || !audience_ || request.from->speaks != mcp::era::legacy) return false;
    if (!joins && !leaves && request.method != "logging/setLevel") return false;
    if (request.method == "logging/setLevel") {
        const auto message = jsonrpc::scan(request.text);
        const auto level = jsonrpc::find_member(request.text, message.params, "level");
        audience_->set_level(*request.from,
                             jsonrpc::unescape(level.in(request.text)).value_or(std::string()));
    }
    const auto uri = uri_of(request);
    const bool changes = joins    ? audience_->subscribe(*request.from, uri)
                         : leaves ? audience_->unsubscribe(*request.from, uri)
                                  : false;
    // Somebody else may have asked for it, and wait as well.
    const bool open = joins && (changes || !listening_for_.uris.contains(uri));
    const bool asked = listen_next_ != 0 && listen_wanted_.uris.contains(uri);
    if (changes || (open && !asked)) listen_anew();
    if (!open) {
        request.reply.finish(outcome(jsonrpc::result_response(request.id.in(request.text), "{}")));
        return true;
    }
    // It waits until the server has agreed.
    const auto deadline = core::clock::now() + settings_.tool_timeout;
    subscribing_.push_back(admit(request, deadline, false));
    arm_deadline();
    return true;
}

void dialogue::listen_anew() {
    if (ended_ || !initialize_result_.valid()) return;
    if (!std::exchange(listen_stale_, true) && !listening_) {
        listening_ = true;
        group_.spawn("listen", listen());
    }
}

// Opens streams as long as something is wanted that the newest one does not tell.
core::task<> dialogue::listen() {
    core::event gathered(loop_);
    const auto end_stream = [this](std::uint64_t number) {
        auto entry = pending_.take(number);
        if (!entry) return;
        call_off(number, std::string_view());
        finish(std::move(*entry), outcome(std::string()));
        way_.forget(number);
    };
    while (listen_stale_ && !ended_) {
        const auto until = core::clock::now() + gathering_time;
        co_await gathered.wait_until(until);
        listen_stale_ = false;
        mcp::listen_filter all{true, true, true, {}};
        if (audience_)
            for (auto& uri : audience_->subscriptions())
                all.uris.insert(std::move(uri));
        listen_wanted_ = mcp::honoured(all, initialize_result_.capabilities());
        if (ended_) break;
        if (listen_wanted_.empty()) {
            end_stream(std::exchange(listen_call_, 0));
            end_stream(std::exchange(listen_next_, 0));
            listening_for_ = {};
            settle_subscriptions();
            continue;
        }
        auto stream = begin_asking("subscriptions/listen", own_params(mcp::listen_params(listen_wanted_)),
                                   core::time_point::max());
        // One that the server has not come to acknowledge is not needed any more.
        end_stream(std::exchange(listen_next_, pending_.last()));
        group_.spawn("listen", end_of_listen(std::move(stream), listen_next_));
    }
    listening_ = false;
}

// A stream that ends or breaks is opened again; one that the server refuses is not.
core::task<> dialogue::end_of_listen(reply_sink::receiver stream, std::uint64_t number) {
    auto next = co_await stream.next();
    while (next.index() == 0)
        next = co_await stream.next();
    const auto& end = std::get<1>(next);
    const bool current = number == listen_call_ || number == listen_next_;
    if (!current || ended_) co_return;
    const bool was_open = number == listen_call_;
    if (was_open) {
        listen_call_ = 0;
        listening_for_ = {};
        listen_broke_ = true;
        cache_.clear(); // nobody tells any more when something changes
    }
    if (number == listen_next_) listen_next_ = 0;
    const bool refused = !was_open && !end.failure && end.says == outcome::kind::error;
    settle_subscriptions();
    if (refused) {
        log_.info("the server does not take subscriptions/listen: its clients are not told of changes");
        co_return;
    }
    core::event again(loop_);
    listen_pause_ = std::clamp(listen_pause_ * 2, first_pause, longest_pause);
    const auto when = core::clock::now() + listen_pause_;
    co_await again.wait_until(when);
    if (listen_call_ == 0 && listen_next_ == 0) listen_anew();
}

// True: it came on our stream, and everybody whom it concerns has it.
bool dialogue::from_listen(std::string_view line, const jsonrpc::envelope& message) {
    if (message.method_name == "notifications/subscriptions/acknowledged") {
        acknowledged(line, message);
        return true;
    }
    const auto number = mcp::subscription_of(line, message);
    if (number.empty()) return false;
    const bool ours = number == std::to_string(listen_call_) || number == std::to_string(listen_next_);
    if (!ours) return true; // of a stream that has been replaced: the other one tells it, too
    if (number == std::to_string(listen_next_) && listen_call_ != 0) return true;
    if (message.method_name == "notifications/tools/list_changed") tools_listed_ = false;
    const auto text = mcp::untagged(line, message);
    const auto plain = jsonrpc::scan(text);
    for (const auto& who : listeners_of(text, plain))
        if (const auto target = who->target.lock()) target->deliver(link_, text, plain);
    return true;
}

void dialogue::acknowledged(std::string_view line, const jsonrpc::envelope& message) {
    const auto agreed = mcp::read_acknowledgement(line, message);
    if (!agreed || listen_next_ == 0) return;
    const auto number = mcp::subscription_of(line, message);
    if (!number.empty() && number != std::to_string(listen_next_)) return; // of one that was replaced
    listening_for_ = *agreed;
    listen_pause_ = {};
    if (std::exchange(listen_broke_, false) && audience_) tell_of_gap(true);
    const auto before = std::exchange(listen_call_, std::exchange(listen_next_, 0));
    if (before != 0) {
        call_off(before, std::string_view());
        if (auto entry = pending_.take(before)) finish(std::move(*entry), outcome(std::string()));
        way_.forget(before);
    }
    settle_subscriptions();
}

// Clients subscribe on one link of their server. Another one, on which their calls go apart, is told when it
// is used: before a call that may change what they listen to.
bool dialogue::lacks_subscriptions() const {
    if (!may_ask_modern() || !audience_) return false;
    const auto all = audience_->subscriptions();
    return std::any_of(all.begin(), all.end(),
                       [this](const auto& uri) { return !subscribed_.contains(uri); });
}

core::task<> dialogue::send_with_subscriptions(std::uint64_t id, std::string line) {
    for (const auto& uri : audience_->subscriptions()) {
        if (!subscribed_.insert(uri).second) continue;
        const auto params = R"({"uri":)" + jsonrpc::quote(uri) + "}";
        const auto deadline = core::clock::now() + settings_.tool_timeout;
        co_await ask("resources/subscribe", params, deadline);
    }
    send_off(id, line);
}

// While nobody listened the server may have changed anything: who listens is told that everything did (the
// stream itself goes on). `sessions_too`: not where they see the interruption by other means.
void dialogue::tell_of_gap(bool sessions_too) {
    std::vector<std::string> news;
    for (const auto kind : {"tools", "prompts", "resources"})
        news.push_back(jsonrpc::notification("notifications/" + std::string(kind) + "/list_changed"));
    for (const auto& uri : audience_->subscriptions())
        news.push_back(jsonrpc::notification("notifications/resources/updated",
                                             R"({"uri":)" + jsonrpc::quote(uri) + "}"));
    for (const auto& text : news) {
        const auto message = jsonrpc::scan(text);
        for (const auto& who : listeners_of(text, message)) {
            const auto target = who->listens || sessions_too ? who->target.lock() : nullptr;
            if (target) target->deliver(link_, text, message);
        }
    }
}

// What the server has agreed to tell, or not.
void dialogue::settle_subscriptions() {
    auto waiting = std::exchange(subscribing_, {});
    for (const auto id : waiting) {
        const auto* entry = pending_.find(id);
        if (entry == nullptr) continue; // called off, or too late
        const bool agreed = listening_for_.uris.contains(entry->subscribes);
        if (!agreed && (listen_stale_ || listen_next_ != 0)) {
            subscribing_.push_back(id); // the next stream asks for it
            continue;
        }
        if (!agreed) audience_->unsubscribe(*entry->from, entry->subscribes);
        auto text = agreed ? jsonrpc::result_response(entry->id_token, "{}")
                           : jsonrpc::error_response(entry->id_token, jsonrpc::code_invalid_params,
                                                     "The server does not tell changes of this resource",
                                                     settings_.server);
        finish(std::move(*pending_.take(id)), outcome(std::move(text)));
    }
}

} // namespace drawbridge::backend
