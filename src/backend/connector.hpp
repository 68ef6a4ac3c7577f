// Makes the link that a server's configuration asks for.
#pragma once

#include "backend/audience.hpp"
#include "backend/client.hpp"
#include "backend/link.hpp"
#include "core/asio.hpp"
#include "telemetry/log.hpp"
#include "telemetry/stdout_channel.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace drawbridge::backend {

struct actor_settings;

// Why no link can be made, whatever the server does; empty: it can be tried.
std::string configuration_fault(const actor_settings& settings);

// `era`: what the server was found to speak before; nullopt: it is found out.
std::unique_ptr<link> make_link(core::executor loop, const actor_settings& settings,
                                std::uint64_t incarnation, std::optional<mcp::era> era, client_ref owner,
                                std::shared_ptr<audience> listeners, link::reporter report,
                                telemetry::log log);

// What stdout says of a start that failed (Gateway 5.4).
telemetry::start_failure describe_failed_start(const actor_settings& settings, const std::string& why,
                                               const std::string& evidence);

} // namespace drawbridge::backend
