#include "backend/connector.hpp"

#include "backend/actor.hpp"
#include "backend/http_link.hpp"
#include "backend/stdio_link.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace drawbridge::backend {
namespace {

// Results that a modern server allows to be kept, for each link.
constexpr std::size_t cache_bytes = std::size_t{4} << 20;

dialogue_settings talk_settings(const actor_settings& settings, std::optional<mcp::era> era) {
    dialogue_settings talk;
    talk.server = settings.server.name;
    talk.era = settings.server.era ? settings.server.era : era;
    talk.seal = settings.seal;
    talk.cache_bytes = cache_bytes;
    talk.startup_timeout = settings.server.startup_timeout;
    talk.tool_timeout = settings.server.tool_timeout;
    talk.max_queued_calls = settings.max_queued_calls;
    talk.secrets = settings.secrets;
    talk.counted = settings.counted;
    return talk;
}

bool is_authorization(std::string_view name) {
    constexpr std::string_view wanted = "authorization";
    return std::equal(wanted.begin(), wanted.end(), name.begin(), name.end(), [](char lower, char given) {
        return lower == std::tolower(static_cast<unsigned char>(given));
    });
}

http_settings remote_settings(const actor_settings& settings, std::optional<mcp::era> era) {
    const auto& remote = *settings.server.http;
    http_settings out;
    out.talk = talk_settings(settings, era);
    out.client.origin = http::parse_url(remote.url).value_or(http::url());
    out.client.ca_file = remote.ca_file;
    out.client.connect_timeout = remote.connect_timeout;
    for (const auto& header : remote.headers)
        if (!remote.oidc || !is_authorization(header.name)) // a fetched token replaces it (Gateway 7.6)
            out.headers.emplace_back(header.name, header.value);
    out.tokens = settings.tokens;
    out.keepalive_interval = remote.keepalive_interval;
    out.max_message_bytes = settings.max_message_bytes;
    return out;
}

} // namespace

std::string configuration_fault(const actor_settings& settings) {
    if (settings.server.http)
        return http::parse_url(settings.server.http->url) ? std::string() : "its url can't be read";
    return process::plan_launch(settings.client, settings.gateway, settings.server, 0).error;
}

std::unique_ptr<link> make_link(core::executor loop, const actor_settings& settings,
                                std::uint64_t incarnation, std::optional<mcp::era> era, client_ref owner,
                                std::shared_ptr<audience> listeners, link::reporter report,
                                telemetry::log log) {
    if (settings.server.http)
        return std::make_unique<http_link>(loop, incarnation, remote_settings(settings, era),
                                           std::move(owner), std::move(listeners), std::move(report),
                                           std::move(log));
    stdio_settings container;
    container.server = settings.server.name;
    container.client = settings.client;
    container.gateway = settings.gateway;
    container.talk = talk_settings(settings, era);
    container.stop_grace = settings.server.stdio->stop_grace;
    container.max_message_bytes = settings.max_message_bytes;
    auto plan = process::plan_launch(settings.client, settings.gateway, settings.server, incarnation);
    return std::make_unique<stdio_link>(loop, incarnation, std::move(container), std::move(plan),
                                        std::move(owner), std::move(listeners), std::move(report),
                                        std::move(log));
}

telemetry::start_failure describe_failed_start(const actor_settings& settings, const std::string& why,
                                               const std::string& evidence) {
    telemetry::start_failure failure;
    failure.server = settings.server.name;
    failure.message = why;
    failure.stderr_tail = evidence;
    if (settings.server.http) {
        const auto place = http::parse_url(settings.server.http->url);
        failure.attempted = place ? place->shown() : "an unreadable url";
        return failure;
    }
    const auto& container = *settings.server.stdio;
    failure.attempted = container.image;
    for (const auto& variable : container.env)
        failure.variables_set += (failure.variables_set.empty() ? "" : ",") + variable.name;
    for (const auto& name : container.missing_env)
        failure.variables_missing += (failure.variables_missing.empty() ? "" : ",") + name;
    return failure;
}

} // namespace drawbridge::backend
