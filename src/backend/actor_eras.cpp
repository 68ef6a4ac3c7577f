// What the server speaks, and calls of clients of MCP 2026-07-28: they have no session, and a server of older
// revisions may ask them something only on a link that it shares with nobody at that time.
#include "backend/actor.hpp"

#include "jsonrpc/codes.hpp"
#include "jsonrpc/message.hpp"
#include "mcp/legacy_server.hpp"
#include "mcp/methods.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

// A server may have been replaced by a newer one that still answers as the old one did: it is asked again.
constexpr auto legacy_verdict_holds = 24h;

} // namespace

// The configuration's word, or what was found out and is not outdated.
std::optional<mcp::era> actor::era() const {
    if (settings_.server.era) return settings_.server.era;
    const bool old = core::clock::now() - found_at_ > legacy_verdict_holds;
    if (found_ == mcp::era::legacy && old) return std::nullopt;
    return found_;
}

void actor::note_era(const link_report& report, const slot& place) {
    std::optional<mcp::era> seen;
    if (report.shows_era) seen = mcp::era::legacy;
    if (report.what == link_report::kind::initialized) {
        const auto* talk = place.conversation();
        seen = talk->era();
        discovered_ = talk->discover_result();
    }
    const bool failed = report.what == link_report::kind::failed && !report.shows_era;
    if (failed && found_) {
        found_.reset(); // perhaps that is why
    } else if (seen) {
        if (found_ != seen)
            log_.info("it speaks ",
                      *seen == mcp::era::modern ? "MCP 2026-07-28" : "an MCP revision with sessions");
        // A verdict counts from when the server was asked, not from every start that took it for granted.
        if (!era() || found_ != seen) found_at_ = core::clock::now();
        found_ = seen;
    }
}

// What was found out about a container is true of its image, and another one may have got its name since.
// Nobody waits for this look: a start that is tried later goes by it.
core::task<> actor::look_at_image() {
    if (!settings_.server.stdio || settings_.server.era || !image_ready_ || closing_) co_return;
    view_again_ = true;
    if (std::exchange(viewing_, true)) co_return;
    while (std::exchange(view_again_, false)) {
        auto id = co_await preparation_.image_id();
        if (id.empty()) continue;
        if (!image_.empty() && image_ != id && found_) {
            log_.info("its image is another one now: what it speaks is found out anew");
            found_.reset();
        }
        image_ = std::move(id);
    }
    viewing_ = false;
}

void actor::serve_modern(call request) {
    if (request.method == "server/discover" && !discovered_.empty()) {
        const auto id = request.id.in(request.text);
        request.reply.finish(outcome(jsonrpc::result_response(id, discovered_)));
        return;
    }
    const bool resumes = request.request_state && mcp::may_need_input(request.method);
    if (resumes && era() == mcp::era::legacy) {
        resume(std::move(request));
    } else if (!resumes && !goes_apart(request)) {
        place_for(request.from).serve(std::move(request));
    } else if (!era()) {
        auto& place = place_for(request.from);
        undecided_.push_back(std::move(request));
        place.start("a client needs it");
    } else if (era() == mcp::era::modern) {
        place_for(request.from).serve(std::move(request));
    } else {
        place_apart(request).serve(std::move(request));
    }
}

// The server may ask this client something during this call.
bool actor::goes_apart(const call& request) const {
    const bool shared = settings_.server.sessions == config::server::session_sharing::shared;
    return !shared && mcp::may_need_input(request.method) && request.from->input_capable;
}

// A link of the pool for clients with the same capabilities that no such call uses; one that waits for its
// next start only where there is no other.
slot& actor::place_apart(const call& request) {
    const auto kind = agent_key(request.from.get()) + " asking " +
                      mcp::legacy_server::profile(request.from->capabilities) + " #";
    slot* down = nullptr;
    for (unsigned number = 1;; ++number) {
        auto key = kind + std::to_string(number);
        const auto found = slots_.find(key);
        if (found == slots_.end() && down != nullptr) return *down;
        if (found == slots_.end()) {
            slot_settings settings;
            settings.key = std::move(key);
            settings.introduced_as = request.from;
            settings.listeners = place_for(request.from).listeners();
            return make_place(std::move(settings));
        }
        auto& place = *found->second;
        if (place.occupied() || place.leaving()) continue;
        if (place.now().now != state::backoff) return place;
        if (down == nullptr) down = &place;
    }
}

// The retry of a call that waits for it on one of the links.
void actor::resume(call request) {
    auto parked = settings_.seal ? settings_.seal->open(*request.request_state, settings_.server.name,
                                                        std::chrono::system_clock::now())
                                 : std::nullopt;
    const char* why = "requestState is not valid for this server, or has expired: make the call anew";
    if (parked && parked->agent == request.from->agent) {
        why =
            "the server or the gateway was started anew while the call waited for its answers: make it anew";
        for (auto& [key, each] : slots_) {
            auto* talk = each->link_number() == parked->link ? each->talk() : nullptr;
            if (talk == nullptr) continue;
            request.resumes = std::move(parked);
            talk->submit(std::move(request));
            return;
        }
    }
    request.reply.finish(outcome(jsonrpc::error_response(
        request.id.in(request.text), jsonrpc::code_invalid_params, why, settings_.server.name)));
}

// As soon as the era is known, or nothing is on its way that could tell it.
void actor::release_undecided() {
    if (undecided_.empty()) return;
    const bool waits = !closing_ && !era() && comes_up(place_for(undecided_.front().from).now().now);
    if (waits) return;
    auto all = std::exchange(undecided_, {});
    for (auto& request : all) {
        if (closing_)
            request.reply.finish(
                outcome(mcp::fault(mcp::fault_kind::closing, "the gateway is shutting down")));
        else if (era())
            serve_modern(std::move(request));
        else if (request.request_state)
            resume(std::move(request)); // a call must not begin anew with it
        else
            place_for(request.from).serve(std::move(request));
    }
}

} // namespace drawbridge::backend
