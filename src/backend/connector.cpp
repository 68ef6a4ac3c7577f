#include "backend/connector.hpp"

#include "backend/actor.hpp"
#include "backend/stdio_link.hpp"

#include <utility>

namespace drawbridge::backend {
namespace {

dialogue_settings talk_settings(const actor_settings& settings) {
    dialogue_settings talk;
    talk.startup_timeout = settings.server.startup_timeout;
    talk.tool_timeout = settings.server.tool_timeout;
    talk.max_queued_calls = settings.max_queued_calls;
    talk.secrets = settings.secrets;
    return talk;
}

} // namespace

std::string configuration_fault(const actor_settings& settings) {
    if (!settings.server.stdio) return {};
    return process::plan_launch(settings.client, settings.gateway, settings.server, 0).error;
}

std::unique_ptr<link> make_link(core::executor loop, const actor_settings& settings,
                                std::uint64_t incarnation, client_ref owner,
                                std::shared_ptr<audience> listeners, link::reporter report,
                                telemetry::log log) {
    stdio_settings container;
    container.server = settings.server.name;
    container.client = settings.client;
    container.gateway = settings.gateway;
    container.talk = talk_settings(settings);
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
    if (!settings.server.stdio) return failure;
    const auto& container = *settings.server.stdio;
    failure.attempted = container.image;
    for (const auto& variable : container.env)
        failure.variables_set += (failure.variables_set.empty() ? "" : ",") + variable.name;
    for (const auto& name : container.missing_env)
        failure.variables_missing += (failure.variables_missing.empty() ? "" : ",") + name;
    return failure;
}

} // namespace drawbridge::backend
