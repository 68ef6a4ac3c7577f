#include "http/health_events.hpp"

#include "health/details.hpp"
#include "version.hpp"

#include <chrono>

namespace drawbridge::http {
namespace {

constexpr auto keep_alive = std::chrono::seconds(15); // middleboxes cut what is silent

std::string event(std::string_view type, const std::string& id, const std::string& data) {
    std::string text = id.empty() ? std::string() : "id: " + id + "\n";
    return text.append("event: ").append(type).append("\ndata: ").append(data).append("\n\n");
}

} // namespace

// Whoever resumes keeps its place until it has read what it missed.
std::string health_events::hello() const {
    const auto newest = std::to_string(feed_.newest());
    return event("hello", resumes_ ? std::string() : newest,
                 R"({"sequence":)" + newest + R"(,"version":")" + std::string(gateway_version) + R"("})");
}

core::task<std::optional<std::string>> health_events::next() {
    if (abandoned_) co_return std::nullopt;
    if (!greeted_) {
        greeted_ = true;
        co_return hello();
    }
    const auto deadline = core::clock::now() + keep_alive;
    const auto news = co_await reader_.next(deadline);
    if (abandoned_) co_return std::nullopt;
    if (news.missed) {
        const auto newest = std::to_string(news.newest);
        co_return event("reset", newest, R"({"sequence":)" + newest + "}");
    }
    std::string text;
    const health::moment now;
    for (const auto& each : news.records)
        text += event("transition", std::to_string(each->sequence), health::render_transition(*each, now));
    if (text.empty() && core::clock::now() >= deadline) text = ": keepalive\n\n";
    co_return text;
}

} // namespace drawbridge::http
